#include "common/config/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool errors_any(const struct config_errors *e)
{
	return e->count > 0 || e->dropped > 0;
}

static char *compose(struct config_place where, const char *text)
{
	char *line;
	int len;

	if (where.line > 0)
		len = asprintf(&line, "%s:%u: %s", where.file, where.line, text);
	else
		len = asprintf(&line, "%s: %s", where.file, text);
	return len < 0 ? NULL : line;
}

static void clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static bool keep(struct config_errors *e, char *line)
{
	char **text;

	if (!line || e->count == CONFIG_ERRORS_MAX)
		return false;
	text = reallocarray(e->text, e->count + 1, sizeof *text);
	if (!text)
		return false;
	e->text = text;
	e->text[e->count++] = line;
	return true;
}

void errors_add(struct config_errors *e, struct config_place where, const char *format, ...)
{
	char text[1024], *line;
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	line = compose(where, text);
	if (line)
		clean(line);
	if (!keep(e, line)) {
		free(line);
		e->dropped++;
	}
}

void config_errors_free(struct config_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->text[i]);
	free(e->text);
	*e = (struct config_errors){ 0 };
}
