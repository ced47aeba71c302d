#include "proxy/portal_keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "proxy/config_file.h"
#include "proxy/reload.h"

/* While one is open, so often it is looked whether it has ended. */
#define LOOK_US	  200000
#define NAMES_MAX 2000u

struct portal_keeper {
	struct portal_keeper_setup setup;
	struct event *look;
	bool in_config; /* its upstream is in the configuration */
	bool told;	/* its end was logged */
	unsigned number;
	char upstream[ADDR_TEXT_MAX + 8];
};

/* ------------------------------------------------------------------ what is told */

static const char *names_text(const struct portal_look *l, char text[NAMES_MAX])
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < l->count && at < NAMES_MAX; i++)
		at += (size_t)snprintf(
			text + at, NAMES_MAX - at, "%s%s", i > 0 ? ", " : "", l->name[i]);
	return text;
}

static void tell_begin(const struct portal_keeper *k, const struct portal_request *r)
{
	struct portal_look l;
	char names[NAMES_MAX];

	portal_look(k->setup.portal, &l);
	log_warning("portal: open for %u s, by uid %lu: in clear to %s go %s", r->seconds,
		(unsigned long)r->uid, l.resolver, names_text(&l, names));
}

static void tell_end(struct portal_keeper *k, const char *who)
{
	static const char *const why[] = { [PORTAL_NEVER] = "it never began",
		[PORTAL_OFF] = "by hand",
		[PORTAL_TIME] = "its time is over",
		[PORTAL_ANSWERED] = "an upstream can be reached, ",
		[PORTAL_NETWORK] = "this may be another network" };
	struct portal_look l;
	char names[NAMES_MAX];

	if (k->told)
		return;
	k->told = true;
	portal_look(k->setup.portal, &l);
	log_info("portal: closed: %s%s%s; in clear to %s could go %s", why[l.end], l.by, who,
		l.resolver, names_text(&l, names));
	if (l.refused > 0)
		log_info("portal: %zu more names were refused, as %u were there", l.refused,
			PORTAL_NAMES_MAX);
}

/* ------------------------------------------------------------------ the configuration */

static int put_into_config(struct portal_keeper *k, const char *upstream, char *error, size_t size)
{
	struct config_overrides *o = &k->setup.file->overrides;
	int err;

	o->portal = upstream;
	o->portal_number = k->number;
	err = reload_zones(k->setup.reload, error, size);
	if (err == 0)
		k->in_config = upstream != NULL;
	return err;
}

static void look_later(struct portal_keeper *k)
{
	static const struct timeval later = { .tv_usec = LOOK_US };

	event_add(k->look, &later);
}

/* The names are closed already; that the upstream can't be taken out now means that it is asked nothing. */
static void take_out(struct portal_keeper *k)
{
	char error[512];

	if (!k->in_config || put_into_config(k, NULL, error, sizeof error) == 0)
		return;
	log_debug("portal: its upstream can't be taken out yet: %s", error);
	look_later(k);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct portal_keeper *k = arg;
	struct portal_look l;

	(void)fd;
	(void)what;
	portal_look(k->setup.portal, &l);
	if (l.open) {
		look_later(k);
		return;
	}
	tell_end(k, "");
	take_out(k);
}

/* ------------------------------------------------------------------ use */

static bool add_all(struct portal_keeper *k, const struct portal_request *r)
{
	bool all = true;

	for (size_t i = 0; i < r->count; i++)
		all = portal_add(k->setup.portal, r->name[i]) && all;
	return all;
}

void portal_keeper_close(struct portal_keeper *k, uid_t uid)
{
	char who[40];

	snprintf(who, sizeof who, ", by uid %lu", (unsigned long)uid);
	if (!portal_is_open(k->setup.portal))
		return;
	portal_close(k->setup.portal, PORTAL_OFF, NULL);
	tell_end(k, who);
	take_out(k);
}

int portal_keeper_open(
	struct portal_keeper *k, const struct portal_request *r, char *error, size_t size)
{
	char text[ADDR_TEXT_MAX];
	int err;

	portal_keeper_close(k, r->uid);
	k->number = k->number == UINT32_MAX ? 1 : k->number + 1;
	snprintf(k->upstream, sizeof k->upstream, "udp://%s", addr_text(&r->resolver, text));
	err = put_into_config(k, k->upstream, error, size);
	if (err < 0) {
		k->setup.file->overrides.portal = NULL;
		if (k->in_config)
			look_later(k); /* that of the one before is there still */
		return err;
	}
	k->told = false;
	portal_open(k->setup.portal, k->number, &r->resolver, r->seconds);
	add_all(k, r);
	tell_begin(k, r);
	look_later(k);
	return 0;
}

int portal_keeper_add(
	struct portal_keeper *k, const struct portal_request *r, char *error, size_t size)
{
	struct portal_look l = { .count = 0 };
	char names[NAMES_MAX];
	bool all;

	if (!portal_is_open(k->setup.portal)) {
		snprintf(error, size, "no portal is open");
		return -ENOENT;
	}
	all = add_all(k, r);
	for (size_t i = 0; i < r->count; i++)
		name_text(r->name[l.count++], l.name[i], DNS_NAME_TEXT_MAX);
	log_info("portal: more names, by uid %lu: %s", (unsigned long)r->uid,
		names_text(&l, names));
	snprintf(error, size, "a portal has room for %u names", PORTAL_NAMES_MAX);
	return all ? 0 : -ENOBUFS;
}

struct portal *portal_keeper_portal(struct portal_keeper *k)
{
	return k->setup.portal;
}

/* ------------------------------------------------------------------ life */

struct portal_keeper *portal_keeper_new(const struct portal_keeper_setup *setup)
{
	struct portal_keeper *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->setup = *setup;
	k->told = true;
	k->look = evtimer_new(setup->base, on_look, k);
	if (k->look)
		return k;
	free(k);
	return NULL;
}

void portal_keeper_free(struct portal_keeper *k)
{
	if (!k)
		return;
	if (portal_is_open(k->setup.portal)) {
		portal_close(k->setup.portal, PORTAL_OFF, NULL);
		tell_end(k, ", as dnsfwd ends");
	}
	event_free(k->look);
	free(k);
}
