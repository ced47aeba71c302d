#include "proxy/import/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_whole(FILE *f, size_t *ret_len)
{
	char *text = malloc(TEXT_FILE_MAX + 2);

	if (!text)
		return NULL;
	*ret_len = fread(text, 1, TEXT_FILE_MAX + 1, f);
	text[*ret_len] = '\0';
	if (!ferror(f))
		return text;
	free(text);
	return NULL;
}

char *text_file_read(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t len = 0;
	char *text = f ? read_whole(f, &len) : NULL;
	int error = errno;

	if (f)
		fclose(f);
	errno = error;
	if (text && len <= TEXT_FILE_MAX && strlen(text) == len)
		return text;
	if (text)
		errno = len > TEXT_FILE_MAX ? EFBIG : EINVAL;
	free(text);
	return NULL;
}
