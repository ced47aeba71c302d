/* Where dnsfwd is to be asked, as its configuration says. */
#ifndef PROXY_CTL_SETUP_LISTEN_H
#define PROXY_CTL_SETUP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

/*
 * written: an address instead (NULL: none); file: the configuration (NULL: the usual one below root; where
 * there is none, 127.0.0.1:53).  Of several the one that a resolv.conf can name best.  False with a sentence.
 */
bool setup_listen(const char *root, const char *file, const char *written, struct addr *ret,
	char *error, size_t size);

#endif
