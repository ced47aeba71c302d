#include "common/config/places.h"

#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "common/config/endpoint.h"
#include "common/config/value.h"

static const struct option *find(const char *name)
{
	const struct option *o = config_options;

	while (strcmp(o->name, name) != 0)
		o++;
	return o;
}

static void refuse(struct loader *l, const config_setting_t *root, const char *name, const char *written,
	const char *allowed)
{
	char value[VALUE_TEXT_MAX];

	snprintf(value, sizeof value, "\"%.80s\"", written);
	value_refuse(l->errors, load_place(l, config_setting_get_member(root, name)), find(name), value,
		allowed);
}

/* Where both have the port chosen by the kernel, they get two. */
static bool meet(const struct addr *listen, const struct addr *metrics)
{
	return addr_port(listen) != 0 && addr_reaches(listen, metrics);
}

static void check_metrics(struct loader *l, const config_setting_t *root)
{
	const struct config *c = l->config;
	struct endpoint e;
	char allowed[ADDR_TEXT_MAX + 160], text[ADDR_TEXT_MAX];

	if (!*c->metrics || !endpoint_parse(c->metrics, METRICS_PORT, &e) || e.path)
		return;
	for (size_t i = 0; i < c->listen_count; i++) {
		if (!meet(&c->listen[i].addr, &e.addr))
			continue;
		snprintf(allowed, sizeof allowed,
			"queries are taken there, on %s (option \"listen\"); take another port, like %u",
			addr_text(&c->listen[i].addr, text), METRICS_PORT);
		refuse(l, root, "metrics", c->metrics, allowed);
		return;
	}
}

static void check_paths(struct loader *l, const config_setting_t *root)
{
	const struct {
		const char *name, *path;
	} all[] = { { "control", l->config->control }, { "metrics", l->config->metrics },
		{ "dnstap", l->config->dnstap } };
	char allowed[120];

	for (size_t i = 1; i < sizeof all / sizeof *all; i++) {
		for (size_t k = 0; k < i; k++) {
			if (*all[i].path != '/' || strcmp(all[i].path, all[k].path) != 0)
				continue;
			snprintf(allowed, sizeof allowed,
				"that is the socket of option \"%s\"; each needs a path of its own",
				all[k].name);
			refuse(l, root, all[i].name, all[i].path, allowed);
		}
	}
}

void config_check_places(struct loader *l, const config_setting_t *root)
{
	check_metrics(l, root);
	check_paths(l, root);
}
