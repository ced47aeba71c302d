#include "proxy/ctl/config_file.h"

#include <stdio.h>

#include "common/config/config.h"

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/dnsfwd/dnsfwd.conf"
#endif

const char config_file_default[] = CONFIG_FILE;

void config_file_print_errors(const struct config_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		fprintf(stderr, "dnsfwdctl: %s\n", e->text[i]);
	if (e->dropped)
		fprintf(stderr, "dnsfwdctl: ... and %zu more\n", e->dropped);
}
