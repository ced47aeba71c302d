#include "common/config/change.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/print.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_pins(const struct config_upstream *a, const struct config_upstream *b)
{
	return a->pin_count == b->pin_count &&
	       (a->pin_count == 0 || memcmp(a->pins, b->pins, a->pin_count * sizeof *a->pins) == 0);
}

/* The whole policy (design 5), what it is called in the log included. */
static bool same_upstream(const struct config_upstream *a, const struct config_upstream *b)
{
	return same_text(a->name, b->name) && same_text(a->host, b->host) &&
	       addr_lists_equal(a->address, a->address_count, b->address, b->address_count) &&
	       a->port == b->port && a->transport == b->transport && a->profile == b->profile &&
	       same_text(a->auth_name, b->auth_name) && same_pins(a, b) &&
	       same_text(a->tls_cert_bundle, b->tls_cert_bundle) &&
	       a->session_tickets == b->session_tickets && a->cookies == b->cookies &&
	       a->pad_block == b->pad_block && a->connections == b->connections &&
	       a->max_inflight == b->max_inflight && a->long_form == b->long_form;
}

/* The upstreams of one group, in both. */
struct sides {
	const struct config *before, *fresh;
	size_t before_first, before_count, first, count;
};

static bool may_go_on(const struct sides *s, size_t old, size_t new)
{
	const struct config_upstream *a = &s->before->forward[old], *b = &s->fresh->forward[new];

	return same_upstream(a, b) &&
	       (config_is_plain(b->transport) ||
		       same_text(s->before->tls_priority, s->fresh->tls_priority));
}

static bool is_taken(const struct sides *s, const struct config_change *c, size_t old)
{
	for (size_t i = s->first; i < s->first + s->count; i++)
		if (c->upstream[i] == old)
			return true;
	return false;
}

static void compare_group(const struct sides *s, struct config_change *c)
{
	for (size_t i = s->first; i < s->first + s->count; i++) {
		for (size_t k = s->before_first; k < s->before_first + s->before_count; k++) {
			if (is_taken(s, c, k) || !may_go_on(s, k, i))
				continue;
			c->upstream[i] = k;
			break;
		}
	}
}

static void compare_zone(
	const struct config *before, const struct config *fresh, size_t i, struct config_change *c)
{
	const struct config_zone *z = &fresh->zone[i];

	for (size_t k = 0; k < before->zone_count; k++) {
		const struct config_zone *old = &before->zone[k];
		struct sides s = { before, fresh, old->first, old->count, z->first, z->count };

		if (strcasecmp(old->name, z->name) != 0)
			continue;
		c->zone[i] = k;
		if (same_text(old->interface, z->interface))
			compare_group(&s, c);
		return;
	}
}

void config_compare(
	const struct config *before, const struct config *fresh, struct config_change *ret)
{
	for (size_t i = 0; i < CONFIG_ALL_MAX; i++)
		ret->upstream[i] = CHANGE_NONE;
	for (size_t i = 0; i < CONFIG_ZONE_ALL_MAX; i++)
		ret->zone[i] = CHANGE_NONE;
	ret->first = !before;
	if (!before)
		return;
	compare_group(
		&(struct sides){ before, fresh, 0, before->forward_count, 0, fresh->forward_count },
		ret);
	for (size_t i = 0; i < fresh->zone_count; i++)
		compare_zone(before, fresh, i, ret);
}

/* ------------------------------------------------------------------ options */

/* As it would be written; NULL: no memory. */
static char *text_of(const struct option *o, const struct config *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	config_print_option(o, c, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* Without memory it is taken to differ. */
static bool differs(const struct option *o, const struct config *before, const struct config *fresh)
{
	char *a = text_of(o, before), *b = text_of(o, fresh);
	bool same = a && b && strcmp(a, b) == 0;

	free(a);
	free(b);
	return !same;
}

size_t config_changed_options(const struct config *before, const struct config *fresh,
	enum option_reload reload, const char *ret[CHANGE_OPTIONS_MAX])
{
	size_t n = 0;

	for (const struct option *o = config_options; o->name && n < CHANGE_OPTIONS_MAX; o++)
		if (o->reload == reload && differs(o, before, fresh))
			ret[n++] = o->name;
	return n;
}
