/* What this dnsfwd was built with (common/base/build.h), and what a configuration wants that it was not. */
#ifndef PROXY_FEATURES_H
#define PROXY_FEATURES_H

#include <stddef.h>

struct config;

/* "DTLS=1 PORTAL=0 ...": as they are given to make. */
extern const char features_text[];

/* 0, or -ENOTSUP with one sentence: what is missing, and what to do. */
int features_check(const struct config *c, char *error, size_t size);

#endif
