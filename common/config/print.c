/* The effective configuration in its own syntax: config_print(). */
#include "common/config/print.h"

#include <string.h>

#include "common/config/local.h"
#include "common/config/pins.h"
#include "common/config/value.h"

static void print_name(const struct option *o, const char *before, FILE *out)
{
	fprintf(out, "%s%-16s = ", before, o->name);
}

/*
 * Default addresses stay a comment: written ones would be insisted on where a default may be
 * missing.
 */
static void print_listen(const struct option *o, const struct config *c, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	print_name(o, c->listen_count > 0 && c->listen[0].is_default ? "# " : "", out);
	for (size_t i = 0; i < c->listen_count; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "[ ", addr_text(&c->listen[i].addr, text));
	fputs(" ]\n", out);
}

static void print_allow(const struct option *o, const struct config *c, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	print_name(o, "", out);
	for (size_t i = 0; i < c->allow_count; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "[ ", prefix_text(&c->allow[i], text));
	fputs(" ]\n", out);
}

static void print_bootstrap(const struct option *o, const struct config *c, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	print_name(o, "", out);
	fputc('[', out);
	for (size_t i = 0; i < c->bootstrap_count; i++)
		fprintf(out, "%s \"%s\"", i > 0 ? "," : "", addr_text(&c->bootstrap[i], text));
	fputs(" ]\n", out);
}

static void print_names(const struct config_upstream *u, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "[ ", out);
		value_print_text(u[i].name, out);
	}
	fputs(" ]\n", out);
}

static void print_forward(const struct option *o, const struct config *c, FILE *out)
{
	print_name(o, "", out);
	print_names(c->forward, c->forward_count, out);
}

static void print_zone(const struct config *c, const struct config_zone *z, FILE *out)
{
	fputs("  {\n", out);
	for (const struct option *o = zone_options; o->name; o++) {
		print_name(o, "    ", out);
		if (o->type == OPTION_FORWARD) {
			print_names(&c->forward[z->first], z->count, out);
			continue;
		}
		value_print(o, z, out);
		fputc('\n', out);
	}
	fputs("  }", out);
}

static void print_zones(const struct option *o, const struct config *c, FILE *out)
{
	print_name(o, "", out);
	fputs("(", out);
	for (size_t i = 0; i < c->zone_count; i++) {
		fputs(i > 0 ? ",\n" : "\n", out);
		print_zone(c, &c->zone[i], out);
	}
	fputs(c->zone_count > 0 ? "\n)\n" : " )\n", out);
}

static void print_addresses(const struct config_upstream *u, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < u->address_count; i++)
		fprintf(out, "%s \"%s\"", i > 0 ? "," : "[", addr_ip_text(&u->address[i], text));
	fputs(" ]", out);
}

static void print_group(const struct config_upstream *u, FILE *out)
{
	fputs("  {\n", out);
	for (const struct option *o = upstream_options; o->name; o++) {
		if (o->type == OPTION_ADDRESS && u->address_count == 0)
			continue;
		print_name(o, "    ", out);
		if (o->type == OPTION_ADDRESS)
			print_addresses(u, out);
		else if (o->type == OPTION_PINS)
			config_pins_print(u, out);
		else
			value_print(o, u, out);
		fputc('\n', out);
	}
	fputs("  }", out);
}

static bool is_printed(const struct config *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (c->forward[k].long_form && strcmp(c->forward[k].name, c->forward[i].name) == 0)
			return true;
	return false;
}

/* Only those with a name of their own: a preset or spelling says all about the others. */
static void print_upstreams(const struct option *o, const struct config *c, FILE *out)
{
	bool any = false;

	print_name(o, "", out);
	fputs("(", out);
	for (size_t i = 0; i < c->upstream_count; i++) {
		if (!c->forward[i].long_form || is_printed(c, i))
			continue;
		fputs(any ? ",\n" : "\n", out);
		print_group(&c->forward[i], out);
		any = true;
	}
	fputs(any ? "\n)\n" : " )\n", out);
}

/* Written, it would be insisted on: as listen. */
static bool is_left_out(const struct option *o, const struct config *c)
{
	return c->control_is_default && strcmp(o->name, "control") == 0;
}

void config_print_option(const struct option *o, const struct config *c, FILE *out)
{
	switch (o->type) {
	case OPTION_LISTEN:
		print_listen(o, c, out);
		break;
	case OPTION_PREFIXES:
		print_allow(o, c, out);
		break;
	case OPTION_FORWARD:
		print_forward(o, c, out);
		break;
	case OPTION_SERVERS:
		print_bootstrap(o, c, out);
		break;
	case OPTION_UPSTREAMS:
		print_upstreams(o, c, out);
		break;
	case OPTION_ZONES:
		print_zones(o, c, out);
		break;
	default:
		print_name(o, is_left_out(o, c) ? "# " : "", out);
		if (config_local_is_list(o))
			config_local_print(o, c, out);
		else
			value_print(o, c, out);
		fputc('\n', out);
	}
}

void config_print(const struct config *c, FILE *out)
{
	for (const struct option *o = config_options; o->name; o++)
		config_print_option(o, c, out);
}
