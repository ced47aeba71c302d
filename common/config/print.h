/* One option of the top level as config_print writes it. */
#ifndef COMMON_CONFIG_PRINT_H
#define COMMON_CONFIG_PRINT_H

#include "common/config/config.h"
#include "common/config/option.h"

void config_print_option(const struct option *o, const struct config *c, FILE *out);

#endif
