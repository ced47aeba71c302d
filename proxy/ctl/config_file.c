#include "proxy/ctl/config_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/config/config.h"

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/dnsfwd/dnsfwd.conf"
#endif

const char config_file_default[] = CONFIG_FILE;

char *config_file_read(const char *name, size_t *ret_len)
{
	FILE *f = fopen(name, "re");
	char *text = f ? malloc(CONFIG_BUFFER_MAX + 1) : NULL;

	if (text) {
		*ret_len = fread(text, 1, CONFIG_BUFFER_MAX + 1, f);
		if (ferror(f)) {
			free(text);
			text = NULL;
		}
	}
	if (f)
		fclose(f);
	return text;
}

void config_file_print_errors(const struct config_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		fprintf(stderr, "dnsfwdctl: %s\n", e->text[i]);
	if (e->dropped)
		fprintf(stderr, "dnsfwdctl: ... and %zu more\n", e->dropped);
}
