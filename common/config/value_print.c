#include "common/config/value.h"
#include "common/config/words.h"

void value_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void print_amount(const struct option *o, uint64_t amount, FILE *out)
{
	char text[32] = "";

	(o->type == OPTION_SIZE ? size_text : duration_text)(amount, text, sizeof text);
	fprintf(out, "\"%s\"", text);
}

void value_print(const struct option *o, const void *base, FILE *out)
{
	const void *member = (const char *)base + o->offset;
	const struct words *words = words_of(o->type);
	const char *text;

	if (words && words->is_number) {
		value_print_text(words->word[*(const unsigned *)member], out);
		return;
	}
	switch (o->type) {
	case OPTION_BOOL:
		fputs(*(const bool *)member ? "true" : "false", out);
		break;
	case OPTION_NUMBER:
	case OPTION_WORKERS:
		if (o->type == OPTION_WORKERS && *(const unsigned *)member == 0)
			fputs("\"auto\"", out);
		else
			fprintf(out, "%u", *(const unsigned *)member);
		break;
	case OPTION_DURATION:
	case OPTION_SIZE:
		print_amount(o, *(const uint64_t *)member, out);
		break;
	default:
		text = *(char *const *)member;
		value_print_text(text ? text : "", out);
	}
}
