#include "proxy/epochs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/epoch_mails.h"
#include "proxy/loop.h"
#include "proxy/member.h"
#include "proxy/names.h"
#include "proxy/ops/surroundings.h"
#include "proxy/resolve/portal.h"
#include "proxy/worker.h"

_Static_assert(NETWORKS_MAX <= MEMBER_NETWORKS_MAX, "workers remember every network");

#define REASON_MAX 400u

struct epochs {
	struct epochs_setup setup;
	struct names *names; /* NULL until epochs_start */
	struct netwatch *watch;
	struct epoch_mails *mails;
	struct notice resumed;	/* a worker has noticed that the machine slept */
	uint64_t number;	/* 1: the first, since the start */
	uint64_t slept_us;	/* as long as the machine had slept by the last epoch */
	uint64_t moved_number;	/* of the last one that began by a move; 0: none has */
	char moved[REASON_MAX]; /* the last move that workers were asked about */
};

/* To a worker, and back where it is concerned. */
struct moved_mail {
	struct mail mail;
	struct epochs *epochs;
	uint64_t epoch; /* when it was asked: settled if one has begun since by a move */
	size_t count;
	struct addr addrs[];
};

/* ------------------------------------------------------------------ beginning one */

static void put_address(char *out, size_t size, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	snprintf(out, size, "%s", a->sa.sa_family == AF_UNSPEC ? "" : addr_ip_text(a, text));
}

/* For those who tell how things are. */
static void describe(struct epochs *e)
{
	struct surroundings *s = e->setup.around;
	const struct route *r = netwatch_route(e->watch);
	struct netwatch_figures f;

	netwatch_get_figures(e->watch, &f);
	s->network.known = f.watching;
	s->network.epoch = e->number;
	s->network.bound_targets = f.bound_targets;
	s->network.route = r;
	s->network.interface[0] = s->network.source[0] = s->network.gateway[0] = '\0';
	if (!r)
		return;
	if_indextoname(r->interface, s->network.interface);
	put_address(s->network.source, sizeof s->network.source, &r->source);
	put_address(s->network.gateway, sizeof s->network.gateway, &r->gateway);
}

static void on_looked(void *arg)
{
	describe(arg);
}

/* On another network its names are nobody's business.  From any thread. */
static void close_portal(const struct epochs *e)
{
	if (e->setup.around->portal)
		portal_close(e->setup.around->portal, PORTAL_NETWORK, NULL);
}

/* Names first: workers that connect anew ask for them. */
static void begin(struct epochs *e, bool moved, const char *reason)
{
	struct worker_epoch epoch = { .slept_us = e->slept_us, .left = netwatch_here(e->watch) };
	bool fresh = false;

	close_portal(e);
	epoch.moved = netwatch_check(e->watch) || moved;
	epoch.entered = epoch.left;
	if (epoch.moved)
		epoch.entered = netwatch_enter(e->watch, &fresh);
	epoch.fresh = (uint32_t)fresh << epoch.entered;
	e->number++;
	if (epoch.moved)
		e->moved_number = e->number;
	e->setup.around->network.since_us = clock_boottime_us();
	describe(e);
	log_info("network: %s; connections, tickets and cookies are made anew (epoch %llu)", reason,
		(unsigned long long)e->number);
	names_renew(e->names);
	epoch_mails_post(e->mails, &epoch);
}

/* ------------------------------------------------------------------ sleep */

/* True: an epoch has begun.  moved: the check that found so is over, and the next finds no move any more. */
static bool look_for_sleep(struct epochs *e, bool moved)
{
	uint64_t slept = clock_slept_us();
	char reason[80];

	if (slept < e->slept_us + LOOP_SLEPT_US)
		return false;
	snprintf(reason, sizeof reason, "the machine has slept for %.0f s",
		(double)(slept - e->slept_us) / 1e6);
	e->slept_us = slept;
	e->setup.around->suspends++;
	e->setup.around->resumed_us = clock_boottime_us();
	begin(e, moved, reason);
	return true;
}

void epochs_look_for_sleep(struct epochs *e)
{
	look_for_sleep(e, false);
}

static void on_stirred(void *arg, bool now)
{
	const struct epochs *e = arg;

	if (e->setup.around->portal)
		portal_hold(e->setup.around->portal, now);
}

static void deliver_resumed(struct mail *m, void *receiver)
{
	(void)receiver;
	epochs_look_for_sleep(container_of(notice_taken(m), struct epochs, resumed));
}

void epochs_resumed(void *arg)
{
	struct epochs *e = arg;

	close_portal(e);
	mailbox_notify(e->setup.mailbox, &e->resumed);
}

/* ------------------------------------------------------------------ moves */

static void discard_moved(struct mail *m)
{
	free(container_of(m, struct moved_mail, mail));
}

/* On main's thread: some worker is concerned. */
static void deliver_concerned(struct mail *m, void *receiver)
{
	struct moved_mail *k = container_of(m, struct moved_mail, mail);
	struct epochs *e = k->epochs;

	(void)receiver;
	if (e->moved_number <= k->epoch)
		begin(e, true, e->moved);
	discard_moved(m);
}

static void deliver_moved(struct mail *m, void *receiver)
{
	struct moved_mail *k = container_of(m, struct moved_mail, mail);

	if (!worker_moved(receiver, k->addrs, k->count)) {
		discard_moved(m);
		return;
	}
	k->mail.deliver = deliver_concerned;
	mailbox_post(k->epochs->setup.mailbox, &k->mail);
}

/* False without memory or room. */
static bool ask(struct epochs *e, struct worker *w, const struct addr *addrs, size_t count)
{
	struct moved_mail *m = malloc(sizeof *m + count * sizeof *addrs);

	if (!m)
		return false;
	*m = (struct moved_mail){ .epochs = e, .epoch = e->number, .count = count };
	memcpy(m->addrs, addrs, count * sizeof *addrs);
	m->mail.deliver = deliver_moved;
	m->mail.discard = discard_moved;
	if (mailbox_offer(worker_mailbox(w), &m->mail))
		return true;
	free(m);
	return false;
}

/*
 * Who does not use any of them has not changed networks: an interface came up that others go by.  Who cannot be asked
 * is taken for one that does.
 */
static void on_moved(void *arg, const struct addr *addrs, size_t count, const char *what)
{
	struct epochs *e = arg;
	bool all_asked = true;

	close_portal(
		e); /* before it is known whether anybody is concerned: the portal's own way may have moved */
	if (look_for_sleep(e, true))
		return; /* that was it */
	snprintf(e->moved, sizeof e->moved, "%s", what);
	for (size_t i = 0; i < e->setup.worker_count; i++)
		all_asked &= ask(e, e->setup.workers[i], addrs, count);
	if (!all_asked)
		begin(e, true, e->moved);
}

/* ------------------------------------------------------------------ targets */

static const char *device_of(const struct config *c, size_t upstream)
{
	for (size_t i = 0; i < c->zone_count; i++) {
		const struct config_zone *z = &c->zone[i];

		if (upstream >= z->first && upstream < z->first + z->count)
			return *z->interface ? z->interface : NULL;
	}
	return NULL;
}

/* Those of its name, or those that are written. */
static size_t addresses_of(
	const struct epochs *e, size_t upstream, struct addr ret[CONFIG_ADDRESS_MAX])
{
	const struct config_upstream *u = &e->setup.config->forward[upstream];
	size_t count = e->names ? names_addresses(e->names, upstream, ret, CONFIG_ADDRESS_MAX) : 0;

	for (size_t i = 0; i < u->address_count && count < CONFIG_ADDRESS_MAX; i++)
		ret[count++] = u->address[i];
	return count;
}

static size_t list_targets(void *arg, struct netwatch_target *ret, size_t max)
{
	const struct epochs *e = arg;
	size_t count = 0;

	for (size_t i = 0; i < e->setup.config->upstream_count; i++) {
		struct addr addrs[CONFIG_ADDRESS_MAX];
		size_t n = addresses_of(e, i, addrs);

		for (size_t k = 0; k < n; k++, count++)
			if (count < max)
				ret[count] = (struct netwatch_target){ addrs[k],
					device_of(e->setup.config, i) };
	}
	return count;
}

void epochs_look(void *arg)
{
	struct epochs *e = arg;

	if (!e->names)
		return;
	netwatch_look(e->watch);
	describe(e);
}

void epochs_set_config(struct epochs *e, const struct config *config, struct names *names)
{
	e->setup.config = config;
	e->names = names;
	netwatch_look(e->watch);
	describe(e);
}

/* ------------------------------------------------------------------ telling */

void epochs_log_status(const struct epochs *e)
{
	struct netwatch_figures f;

	netwatch_get_figures(e->watch, &f);
	log_info("statistics: epoch=%llu network_events=%llu network_checks=%llu "
		 "network_overruns=%llu bound_network_targets=%llu",
		(unsigned long long)e->number, (unsigned long long)f.events,
		(unsigned long long)f.checks, (unsigned long long)f.overruns,
		(unsigned long long)f.bound_targets);
}

/* ------------------------------------------------------------------ life */

struct epochs *epochs_new(const struct epochs_setup *setup)
{
	struct epochs *e = calloc(1, sizeof *e);
	struct netwatch_setup watch = { .base = setup->base,
		.targets = list_targets,
		.moved = on_moved,
		.looked = on_looked,
		.stirred = on_stirred,
		.arg = e };

	if (!e)
		return NULL;
	e->setup = *setup;
	e->number = 1;
	e->slept_us = clock_slept_us();
	setup->around->network.since_us = clock_boottime_us();
	notice_init(&e->resumed, deliver_resumed);
	e->mails = epoch_mails_new(setup->mailbox, setup->workers, setup->worker_count);
	e->watch = netwatch_new(&watch);
	if (e->mails && e->watch)
		return e;
	epochs_free(e);
	return NULL;
}

void epochs_start(struct epochs *e, struct names *names)
{
	e->names = names;
	netwatch_start(e->watch);
	describe(e);
}

void epochs_free(struct epochs *e)
{
	if (!e)
		return;
	netwatch_free(e->watch);
	epoch_mails_free(e->mails);
	free(e);
}
