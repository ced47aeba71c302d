/* Where the settings are, and complaints about them. */
#ifndef PROXY_CTL_CONFIG_FILE_H
#define PROXY_CTL_CONFIG_FILE_H

struct config_errors;

/* The one that dnsfwd reads where none is named. */
extern const char config_file_default[];

/* To stderr. */
void config_file_print_errors(const struct config_errors *e);

#endif
