/* The list of presets as --list-presets shows it: presets_print() and presets_print_json(). */
#include "common/config/presets.h"

#include <string.h>

#define WIDTH  120
#define INDENT "    "

/* ------------------------------------------------------------------ for people */

struct columns {
	int name, filter;
};

static void widen(int *column, const char *text)
{
	int len = text ? (int)strlen(text) : 0;

	if (len > *column)
		*column = len;
}

static struct columns measure(const struct presets *p)
{
	struct columns c = { 0 };

	widen(&c.filter, "FILTERS");
	for (size_t i = 0; i < p->count; i++) {
		widen(&c.name, p->list[i].name);
		widen(&c.filter, p->list[i].filter);
	}
	return c;
}

static const char *trait_text(enum preset_trait t)
{
	static const char *const texts[] = { "?", "no", "yes" };

	return texts[t];
}

/* Breaks lines at spaces; `column` is where the last one ended. */
static void print_wrapped(const char *text, int *column, FILE *out)
{
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (*column + 1 + len > WIDTH) {
			fputs("\n" INDENT, out);
			*column = (int)strlen(INDENT);
		} else if (*column > (int)strlen(INDENT)) {
			fputc(' ', out);
			++*column;
		}
		fprintf(out, "%.*s", len, text);
		*column += len;
		text += len;
		text += strspn(text, " ");
	}
}

static void print_paragraph(const char *before, const char *text, FILE *out)
{
	int column = (int)strlen(INDENT);

	fputs(INDENT, out);
	print_wrapped(before, &column, out);
	print_wrapped(text, &column, out);
	fputc('\n', out);
}

static void print_addresses(const struct preset *p, FILE *out)
{
	fputs(INDENT, out);
	for (size_t i = 0; i < p->address_count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", p->address[i]);
	if (p->address_count == 0)
		fputs("its name is looked up", out);
	if (p->alternate_port)
		fprintf(out, "; port %u too", p->alternate_port);
	fputc('\n', out);
}

static void print_row(const struct preset *p, const struct columns *c, FILE *out)
{
	char source[300];

	fprintf(out, "%-*s  %-*s  %-6s  %-3s  %s\n", c->name, p->name, c->filter, p->filter,
		trait_text(p->dnssec), trait_text(p->ecs), p->auth_name);
	print_addresses(p, out);
	if (p->status)
		print_paragraph("This is", p->status, out);
	if (p->note)
		print_paragraph("Note:", p->note, out);
	if (!p->source) /* a build that leaves them out */
		return;
	snprintf(source, sizeof source, "%s (%s)", p->source, p->date);
	print_paragraph("From:", source, out);
}

void presets_print(const struct presets *p, FILE *out)
{
	struct columns c = measure(p);

	fprintf(out, "%-*s  %-*s  %-6s  %-3s  NAME IN CERTIFICATE\n", c.name, "NAME", c.filter,
		"FILTERS", "DNSSEC", "ECS");
	for (size_t i = 0; i < p->count; i++) {
		if (!p->list[i].retired)
			print_row(&p->list[i], &c, out);
	}
	fputs("\nGone; a configuration that names one of these is refused:\n", out);
	for (size_t i = 0; i < p->count; i++) {
		const struct preset *one = &p->list[i];

		if (!one->retired)
			continue;
		fprintf(out, "%s\n", one->name);
		print_paragraph("", one->retired, out);
	}
	fputs("\nDNSSEC: it validates.  ECS: it passes a part of the client's address on.  ?: the "
	      "sources do not say.\n",
		out);
}

/* ------------------------------------------------------------------ for programs */

static void json_text(const char *text, FILE *out)
{
	if (!text) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void json_member(const char *key, const char *text, FILE *out)
{
	fprintf(out, ",\n    \"%s\": ", key);
	json_text(text, out);
}

static void json_array(const char *key, const char *const *texts, size_t count, FILE *out)
{
	fprintf(out, ",\n    \"%s\": [", key);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", out);
		json_text(texts[i], out);
	}
	fputc(']', out);
}

static void json_trait(const char *key, enum preset_trait t, FILE *out)
{
	static const char *const texts[] = { "null", "false", "true" };

	fprintf(out, ",\n    \"%s\": %s", key, texts[t]);
}

static void json_preset(const struct preset *p, FILE *out)
{
	fputs("  {\n    \"name\": ", out);
	json_text(p->name, out);
	json_array("addresses", p->address, p->address_count, out);
	json_member("auth_name", p->auth_name, out);
	json_array("also", p->also, p->also_count, out);
	fprintf(out, ",\n    \"template\": %s", p->is_template ? "true" : "false");
	json_member("filter", p->filter, out);
	json_trait("dnssec", p->dnssec, out);
	json_trait("ecs", p->ecs, out);
	if (p->alternate_port)
		fprintf(out, ",\n    \"alternate_port\": %u", p->alternate_port);
	else
		json_member("alternate_port", NULL, out);
	json_member("status", p->status, out);
	json_member("note", p->note, out);
	json_member("source", p->source, out);
	json_member("date", p->date, out);
	json_member("retired", p->retired, out);
	fputs("\n  }", out);
}

void presets_print_json(const struct presets *p, FILE *out)
{
	fputs("[\n", out);
	for (size_t i = 0; i < p->count; i++) {
		json_preset(&p->list[i], out);
		fputs(i + 1 < p->count ? ",\n" : "\n", out);
	}
	fputs("]\n", out);
}
