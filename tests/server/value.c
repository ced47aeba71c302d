#include "tests/server/value.h"

#include <stdlib.h>
#include <string.h>

#include "tests/server/mem.h"
#include "tests/server/rrtype.h"

const char *const mutation_names[] = { "any", "flip", "random", "insert", "cut", "count", "whole",
	"broken", NULL };

static const char *const hows[] = {
	[CLOSE_NOT] = "none",
	[CLOSE_FIN] = "fin",
	[CLOSE_NOTIFY] = "notify",
	[CLOSE_ALERT] = "alert",
	[CLOSE_RST] = "rst",
	[CLOSE_PLAIN] = "close",
	[CLOSE_SILENCE] = "silence",
};

bool close_how_parse(const char *text, enum close_how *ret)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(*hows); i++) {
		if (!strcmp(hows[i], text)) {
			*ret = (enum close_how)i;
			return true;
		}
	}
	return false;
}

/* Splits at the first separator; NULL if there is none. */
static char *second(char *value)
{
	char *p = value ? strpbrk(value, ":/") : NULL;

	if (p)
		*p++ = 0;
	return p;
}

static bool number(const char *text, long *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*ret = strtol(text, &end, 10);
	return !*end;
}

bool value_none(char *value, struct action *ret)
{
	(void)ret;
	return !value;
}

bool value_number(char *value, struct action *ret)
{
	return number(value, &ret->a);
}

bool value_number_or_one(char *value, struct action *ret)
{
	ret->a = 1;
	return !value || number(value, &ret->a);
}

bool value_number_or_zero(char *value, struct action *ret)
{
	return !value || number(value, &ret->a);
}

bool value_range(char *value, struct action *ret)
{
	char *dash = value ? strchr(value, '-') : NULL;

	if (dash)
		*dash++ = 0;
	if (!number(value, &ret->a))
		return false;
	ret->b = ret->a;
	return !dash || (number(dash, &ret->b) && ret->b >= ret->a);
}

bool value_pair(char *value, struct action *ret)
{
	char *b = second(value);

	return number(value, &ret->a) && (!b || number(b, &ret->b));
}

bool value_how(char *value, struct action *ret)
{
	ret->how = CLOSE_FIN;
	return !value || close_how_parse(value, &ret->how);
}

bool value_number_how(char *value, struct action *ret)
{
	char *how = second(value);

	return number(value, &ret->a) && value_how(how, ret);
}

bool value_cut(char *value, struct action *ret)
{
	char *how = second(value);

	if (value && !strcmp(value, "half"))
		ret->a = -1;
	else if (!number(value, &ret->a))
		return false;
	return value_how(how, ret);
}

bool value_rcode(char *value, struct action *ret)
{
	return value && rcode_parse(value, &ret->a);
}

bool value_type(char *value, struct action *ret)
{
	uint16_t type = 0;

	if (value && !rrtype_parse(value, &type))
		return false;
	ret->a = type;
	return true;
}

bool value_mutation(char *value, struct action *ret)
{
	char *kind = second(value);

	if (value && !number(value, &ret->a))
		return false;
	if (!kind)
		return true;
	for (ret->b = 0; mutation_names[ret->b]; ret->b++) {
		if (!strcmp(mutation_names[ret->b], kind))
			return true;
	}
	return false;
}

bool value_aside(char *value, struct action *ret)
{
	char *times = second(value);
	enum aside what;

	if (!value || !aside_parse(value, &what))
		return false;
	ret->a = what;
	ret->b = 1;
	return !times || number(times, &ret->b);
}

bool value_text(char *value, struct action *ret)
{
	if (!value)
		return false;
	ret->text = mem_text(value);
	return true;
}
