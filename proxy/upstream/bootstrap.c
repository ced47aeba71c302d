#include "proxy/upstream/bootstrap.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "proxy/loop.h"
#include "proxy/upstream/bootstrap_channel.h"
#include "proxy/upstream/last_good_file.h"

_Static_assert(BOOTSTRAP_NAMES_MAX <= LAST_GOOD_NAMES_MAX, "every name has a line in the file");
_Static_assert(BOOTSTRAP_ADDRESSES_MAX <= LAST_GOOD_ADDRESSES_MAX, "and every address a place");

#define SERVERS_TEXT_MAX (BOOTSTRAP_SERVERS_MAX * (ADDR_TEXT_MAX + 2))
#define REASON_MAX	 200u
/* A changed reason within an outage is told so often at most. */
#define LOG_EVERY_US (10ull * 1000000)
/* The time on file is renewed so often, though the addresses are the same. */
#define SAVE_EVERY_S 86400u
/* Who has no address as the program begins wants one at once: so long the file is the answer. */
#define LOADED_US 1000000u

struct name {
	struct bootstrap *owner;
	const char *text;
	struct bootstrap_plan plan;
	struct bootstrap_channel *channels[BOOTSTRAP_FAMILIES];
	struct event *begin; /* armed: a lookup is wanted and begins then */
	uint64_t good_s;     /* when its addresses were good, for the file; 0: never */
	bool unsaved;
	/* Of the lookup under way. */
	const char *reasons[BOOTSTRAP_FAMILIES];
	bool renewing; /* it was asked on another network: its end is no news */
	size_t unused;
	/* What the log knows. */
	struct log_limit limit;
	bool told;
	char failure[REASON_MAX]; /* "": none since it was told that all is well */
	uint64_t failure_us;
};

struct bootstrap {
	struct bootstrap_setup setup;
	struct last_good_file file;
	char servers[SERVERS_TEXT_MAX]; /* "192.0.2.1:53,[2001:db8::1]:53" */
	struct name names[];
};

/* Suspended time counts: TTLs run on. */
static uint64_t now_us(void)
{
	return loop_boottime_us(NULL);
}

/* For the variation of waits only: what it is when there is none does not matter. */
static uint32_t random_wait(void)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		return UINT32_MAX / 2;
	return random;
}

/* ------------------------------------------------------------------ the log */

static void list_addresses(const struct name *n, char *text, size_t size)
{
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	size_t count = bootstrap_plan_addresses(&n->plan, addrs), len = 0;
	char ip[ADDR_TEXT_MAX];

	for (size_t i = 0; i < count && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "",
			addr_ip_text(&addrs[i], ip));
}

/* One line when they are known at last; while all is well changes are no news. */
static void log_addresses(struct name *n)
{
	char list[BOOTSTRAP_ADDRESSES_MAX * ADDR_TEXT_MAX] = "", more[60] = "";

	if (n->unused > 0)
		snprintf(more, sizeof more, " and %zu more, not used", n->unused);
	list_addresses(n, list, sizeof list);
	log_limited(&n->limit, n->told && !*n->failure ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		"upstream %s: addresses %s%s (bootstrap %s)", n->text, list, more,
		n->owner->servers);
	n->told = true;
	n->failure[0] = '\0';
}

static void write_reason(const struct name *n, char text[REASON_MAX])
{
	const char *v6 = n->reasons[BOOTSTRAP_IPV6], *v4 = n->reasons[BOOTSTRAP_IPV4];

	if (strcmp(v6, v4) == 0)
		snprintf(text, REASON_MAX, "%s", v4);
	else
		snprintf(text, REASON_MAX, "AAAA: %s, A: %s", v6, v4);
}

/* A line at the first failure, and when its reason changes; then silence until it is over. */
static void log_failure(struct name *n, uint64_t now)
{
	char reason[REASON_MAX];

	write_reason(n, reason);
	if (*n->failure && (strcmp(reason, n->failure) == 0 || now - n->failure_us < LOG_EVERY_US))
		return;
	memcpy(n->failure, reason, sizeof reason);
	n->failure_us = now;
	log_limited(&n->limit, LOG_LEVEL_WARNING,
		"upstream %s: this name cannot be looked up: %s (bootstrap %s); %strying again in "
		"%.1f s while queries wait",
		n->text, reason, n->owner->servers,
		bootstrap_plan_known(&n->plan) ? "its known addresses stay in use, " : "",
		(double)(n->plan.retry_us - now) / 1e6);
}

static void log_file(const struct name *n)
{
	char list[BOOTSTRAP_ADDRESSES_MAX * ADDR_TEXT_MAX] = "";

	list_addresses(n, list, sizeof list);
	log_info("upstream %s: addresses %s (kept in %s)", n->text, list, n->owner->file.folder);
}

/* ------------------------------------------------------------------ the file */

static void save(struct bootstrap *b)
{
	struct last_good *entries = calloc(b->setup.name_count, sizeof *entries);

	if (!entries)
		return;
	for (size_t i = 0; i < b->setup.name_count; i++) {
		const struct name *n = &b->names[i];

		snprintf(entries[i].name, sizeof entries[i].name, "%s", n->text);
		entries[i].time_s = n->good_s;
		entries[i].count = bootstrap_plan_addresses(&n->plan, entries[i].addrs);
	}
	last_good_file_write(&b->file, entries, b->setup.name_count);
	free(entries);
}

static void save_if_due(struct name *n)
{
	uint64_t now_s = (uint64_t)clock_wall_s();

	/* A clock that was set back makes the difference large: saved, too. */
	if (!n->unsaved && now_s - n->good_s < SAVE_EVERY_S)
		return;
	n->good_s = now_s;
	n->unsaved = false;
	save(n->owner);
}

/* A time to come says that the clock is not set: then nobody knows how old it is. */
static bool is_old(uint64_t good_s)
{
	uint64_t now_s = (uint64_t)clock_wall_s();

	return now_s > good_s && now_s - good_s > BOOTSTRAP_OLD_S;
}

static void load_entry(struct bootstrap *b, const struct last_good *e)
{
	for (size_t i = 0; i < b->setup.name_count; i++) {
		struct name *n = &b->names[i];

		if (strcasecmp(n->text, e->name) != 0)
			continue;
		bootstrap_plan_load(
			&n->plan, e->addrs, e->count, is_old(e->time_s) ? 0 : now_us() + LOADED_US);
		n->good_s = e->time_s;
		log_file(n);
	}
}

static void load(struct bootstrap *b)
{
	struct last_good *entries = calloc(LAST_GOOD_NAMES_MAX, sizeof *entries);
	size_t count = entries ? last_good_file_read(&b->file, entries) : 0;

	for (size_t i = 0; i < count; i++)
		load_entry(b, &entries[i]);
	free(entries);
}

/* ------------------------------------------------------------------ lookups */

static void give_out(struct name *n)
{
	struct bootstrap *b = n->owner;
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	size_t count = bootstrap_plan_addresses(&n->plan, addrs);

	b->setup.found(b->setup.arg, (size_t)(n - b->names), addrs, count);
}

static void tell_failure(struct name *n)
{
	struct bootstrap *b = n->owner;
	char reason[REASON_MAX];

	if (bootstrap_plan_known(&n->plan))
		return;
	write_reason(n, reason);
	b->setup.failed(b->setup.arg, (size_t)(n - b->names), reason);
}

static void on_done(void *arg, enum bootstrap_family family, const struct bootstrap_result *result)
{
	struct name *n = arg;
	uint64_t now = now_us();
	bool changed = bootstrap_plan_end(&n->plan, family, result, now, random_wait());

	n->reasons[family] = result->reason;
	n->unused += result->unused;
	if (changed) {
		n->unsaved = true;
		give_out(n);
	}
	if (n->plan.looking || n->renewing)
		return;
	if (n->plan.found) {
		save_if_due(n);
		if (changed || !n->told || *n->failure)
			log_addresses(n);
	} else {
		log_failure(n, now);
		tell_failure(n);
	}
}

static void on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct name *n = arg;

	(void)fd;
	(void)what;
	if (n->plan.looking)
		return;
	bootstrap_plan_begin(&n->plan);
	n->unused = 0;
	for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++)
		bootstrap_channel_look_up(n->channels[f], n->text);
}

static void begin_at(struct name *n, uint64_t due_us, uint64_t now)
{
	uint64_t wait = due_us > now ? due_us - now : 0;

	event_add(n->begin, &(struct timeval){ .tv_sec = (time_t)(wait / 1000000),
				    .tv_usec = (suseconds_t)(wait % 1000000) });
}

void bootstrap_want(struct bootstrap *b, size_t name)
{
	struct name *n = &b->names[name];
	uint64_t now = now_us(), due = bootstrap_plan_want(&n->plan, now);

	if (due != BOOTSTRAP_NEVER && b->setup.server_count > 0)
		begin_at(n, due, now);
}

static void renew(struct name *n, uint64_t now)
{
	bool wanted = n->plan.looking || event_pending(n->begin, EV_TIMEOUT, NULL);

	n->renewing = true;
	for (unsigned f = 0; n->plan.looking && f < BOOTSTRAP_FAMILIES; f++)
		bootstrap_channel_cancel(n->channels[f]);
	n->renewing = false;
	bootstrap_plan_renew(&n->plan);
	if (wanted)
		begin_at(n, now, now);
}

void bootstrap_renew(struct bootstrap *b)
{
	for (size_t i = 0; i < b->setup.name_count; i++)
		renew(&b->names[i], now_us());
}

/* ------------------------------------------------------------------ life */

void bootstrap_start(struct bootstrap *b)
{
	load(b);
	for (size_t i = 0; i < b->setup.name_count; i++) {
		struct name *n = &b->names[i];

		if (bootstrap_plan_known(&n->plan))
			give_out(n);
		if (!bootstrap_plan_known(&n->plan) || is_old(n->good_s))
			bootstrap_want(b, i);
	}
}

static bool open_name(struct bootstrap *b, size_t i, char *error, size_t size)
{
	const struct bootstrap_setup *s = &b->setup;
	struct name *n = &b->names[i];
	const char *reason = "out of memory";

	n->owner = b;
	n->text = s->names[i];
	n->begin = evtimer_new(s->base, on_begin, n);
	for (unsigned f = 0; n->begin && s->server_count > 0 && f < BOOTSTRAP_FAMILIES; f++) {
		n->channels[f] = bootstrap_channel_new(
			s->base, b->servers, (enum bootstrap_family)f, on_done, n, &reason);
		if (!n->channels[f])
			break;
	}
	if (n->begin && (s->server_count == 0 || n->channels[BOOTSTRAP_FAMILIES - 1]))
		return true;
	snprintf(error, size, "looking up names through %s: %s", b->servers, reason);
	return false;
}

static void write_servers(struct bootstrap *b)
{
	char text[ADDR_TEXT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < b->setup.server_count; i++)
		len += (size_t)snprintf(b->servers + len, sizeof b->servers - len, "%s%s",
			i > 0 ? "," : "", addr_text(&b->setup.servers[i], text));
}

struct bootstrap *bootstrap_new(const struct bootstrap_setup *setup, char *error, size_t size)
{
	struct bootstrap *b = calloc(1, sizeof *b + setup->name_count * sizeof *b->names);

	snprintf(error, size, "out of memory");
	if (!b)
		return NULL;
	b->setup = *setup;
	b->file.folder = setup->state_dir;
	write_servers(b);
	b->setup.servers = NULL; /* borrowed for this call only */
	for (size_t i = 0; i < setup->name_count; i++) {
		if (!open_name(b, i, error, size)) {
			bootstrap_free(b);
			return NULL;
		}
	}
	return b;
}

void bootstrap_free(struct bootstrap *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->setup.name_count; i++) {
		for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++)
			bootstrap_channel_free(b->names[i].channels[f]);
		if (b->names[i].begin)
			event_free(b->names[i].begin);
	}
	free(b);
}
