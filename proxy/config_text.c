#include "proxy/config_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/config/config.h"

char *config_text_read(const char *name, size_t *ret_len)
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
