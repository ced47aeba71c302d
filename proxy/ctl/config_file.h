/* A file of settings in memory, and complaints about it. */
#ifndef PROXY_CTL_CONFIG_FILE_H
#define PROXY_CTL_CONFIG_FILE_H

#include <stddef.h>

struct config_errors;

/* The one that dnsfwd reads where none is named. */
extern const char config_file_default[];

/* The whole file, the caller's; one octet more than allowed at most, so that too much is seen.  NULL with errno. */
char *config_file_read(const char *name, size_t *ret_len);

/* To stderr. */
void config_file_print_errors(const struct config_errors *e);

#endif
