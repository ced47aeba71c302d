/* A file of settings in memory: of dnsfwd and of dnsfwdctl. */
#ifndef PROXY_CONFIG_TEXT_H
#define PROXY_CONFIG_TEXT_H

#include <stddef.h>

/* The whole file, the caller's; one octet more than allowed at most, so that too much is seen.  NULL with errno. */
char *config_text_read(const char *name, size_t *ret_len);

#endif
