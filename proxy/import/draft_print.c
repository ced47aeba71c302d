#include <string.h>

#include "proxy/import/draft.h"

#define NAME_MAX_TEXT 65u /* as option "name" takes it */

/* ------------------------------------------------------------------ options */

static void print_option(const struct draft_option *o, FILE *out)
{
	fprintf(out, "%s = %s", o->name, o->is_array ? "[ " : "");
	for (size_t i = 0; i < o->values.count; i++)
		fprintf(out, "%s%s", i ? ", " : "", o->values.text[i]);
	fputs(o->is_array ? " ]\n" : "\n", out);
}

static void print_notes(const struct draft *d, FILE *out)
{
	if (d->notes.count == 0)
		return;
	fputs("#\n# Not carried over:\n", out);
	for (size_t i = 0; i < d->notes.count; i++)
		fprintf(out, "#   %s\n", d->notes.text[i]);
	if (d->notes.dropped)
		fprintf(out, "#   ... and %zu more\n", d->notes.dropped);
}

/* ------------------------------------------------------------------ upstreams */

/* Nothing that a spelling could not say. */
static bool is_short(const struct draft *d, const struct draft_upstream *u)
{
	return u->clear || (u->address_count <= 1 && u->pin_count == 0 && !u->opportunistic &&
				   d->pad_block == 0 && d->max_inflight == 0);
}

static void print_spelling(const struct draft_upstream *u, FILE *out)
{
	bool v6 = u->address_count > 0 && strchr(u->address[0], ':');

	fprintf(out, "\"%s://%s%s%s", u->clear ? "udp" : "tls", v6 ? "[" : "",
		u->address_count > 0 ? u->address[0] : u->auth_name, v6 ? "]" : "");
	if (u->port)
		fprintf(out, ":%u", u->port);
	if (!u->clear && u->address_count > 0 && u->auth_name)
		fprintf(out, "#%s", u->auth_name);
	fputc('"', out);
}

/* Two upstreams of one service differ in something, or they would be one. */
static void name_of(const struct draft_group *g, size_t index, char out[NAME_MAX_TEXT])
{
	const struct draft_upstream *u = &g->upstream[index];
	unsigned before = 0;

	for (size_t i = 0; i < index; i++)
		before += u->auth_name && g->upstream[i].auth_name &&
			  strcmp(g->upstream[i].auth_name, u->auth_name) == 0;
	if (!u->auth_name)
		snprintf(out, NAME_MAX_TEXT, "upstream-%zu", index + 1);
	else if (before > 0)
		snprintf(out, NAME_MAX_TEXT, "%.56s, %u", u->auth_name, before + 1);
	else
		snprintf(out, NAME_MAX_TEXT, "%.64s", u->auth_name);
}

static void print_array(const char *option, char *const *texts, size_t count, FILE *out)
{
	fprintf(out, "\n\t  %s = [ ", option);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", texts[i]);
	fputs(" ]", out);
}

static void print_long(
	const struct draft *d, const struct draft_group *g, size_t index, bool first, FILE *out)
{
	const struct draft_upstream *u = &g->upstream[index];
	char name[NAME_MAX_TEXT];

	name_of(g, index, name);
	fprintf(out, "%s\t{ name = \"%s\"", first ? "" : ",\n", name);
	if (u->address_count > 0)
		print_array("address", u->address, u->address_count, out);
	if (u->auth_name)
		fprintf(out, "\n\t  auth-name = \"%s\"", u->auth_name);
	if (u->port)
		fprintf(out, "\n\t  port = %u", u->port);
	if (u->pin_count > 0)
		print_array("pin-sha256", u->pin, u->pin_count, out);
	if (u->opportunistic)
		fputs("\n\t  profile = \"opportunistic\"", out);
	if (d->pad_block)
		fprintf(out, "\n\t  pad-block = %u", d->pad_block);
	if (d->max_inflight)
		fprintf(out, "\n\t  max-inflight = %u", d->max_inflight);
	fputs(" }", out);
}

/* Only those of the default group: in a zone names would have to be told apart from these. */
static void print_upstreams(const struct draft *d, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < d->main.count; i++) {
		if (is_short(d, &d->main.upstream[i]))
			continue;
		if (first)
			fputs("\nupstream = (\n", out);
		print_long(d, &d->main, i, first, out);
		first = false;
	}
	if (!first)
		fputs(" )\n", out);
}

static void print_forward(const struct draft *d, const char *const *more, size_t count, FILE *out)
{
	char name[NAME_MAX_TEXT];

	fputs("forward = [ ", out);
	for (size_t i = 0; i < d->main.count; i++) {
		fputs(i ? ",\n\t" : "", out);
		if (is_short(d, &d->main.upstream[i])) {
			print_spelling(&d->main.upstream[i], out);
		} else {
			name_of(&d->main, i, name);
			fprintf(out, "\"%s\"", name);
		}
	}
	for (size_t i = 0; i < count && d->main.count == 0; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", more[i]);
	fputs(" ]\n", out);
}

static void print_zones(const struct draft *d, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < d->zone_count; i++) {
		const struct draft_group *g = &d->zone[i];

		if (g->count == 0)
			continue;
		fprintf(out, "%s\t{ name = \"%s\", forward = [ ", first ? "\nzone = (\n" : ",\n",
			g->name);
		for (size_t k = 0; k < g->count; k++) {
			fputs(k ? ", " : "", out);
			print_spelling(&g->upstream[k], out);
		}
		fputs(" ] }", out);
		first = false;
	}
	if (!first)
		fputs(" )\n", out);
}

void draft_print(
	const struct draft *d, const char *name, const char *const *more, size_t count, FILE *out)
{
	fprintf(out, "# From %s, by dnsfwd --import.\n", name);
	print_notes(d, out);
	fputc('\n', out);
	print_forward(d, more, count, out);
	for (size_t i = 0; i < d->option_count; i++)
		print_option(&d->option[i], out);
	print_upstreams(d, out);
	print_zones(d, out);
}
