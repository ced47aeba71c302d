#include "proxy/trusts.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "proxy/mailbox.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"
#include "proxy/worker.h"

/* How often a loaded store is looked at. */
#define SWEEP_S 20

struct store {
	struct trust *trust;
	bool strict; /* some upstream does not work without it */
};

struct trusts {
	struct store stores[CONFIG_ALL_MAX];
	size_t count;
	struct trust *of[CONFIG_ALL_MAX]; /* by upstream */
	struct mailbox *mailbox;
	struct worker *const *workers;
	size_t worker_count;
	struct event *sweep; /* runs while something is loaded */
};

/* Both ways: "wanted" to main, "loaded" to a worker. */
struct trust_mail {
	struct mail mail;
	struct trusts *trusts;
	struct trust *trust;
};

/* ------------------------------------------------------------------ the stores */

static struct store *find(struct trusts *ts, const char *bundle)
{
	for (size_t i = 0; i < ts->count; i++)
		if (strcmp(trust_bundle(ts->stores[i].trust), bundle) == 0)
			return &ts->stores[i];
	return NULL;
}

static bool add(struct trusts *ts, size_t i, const struct config_upstream *u)
{
	struct store *s = find(ts, u->tls_cert_bundle);

	if (!s) {
		s = &ts->stores[ts->count];
		s->trust = trust_new(u->tls_cert_bundle);
		if (!s->trust)
			return false;
		ts->count++;
	}
	s->strict |= u->profile == PROFILE_STRICT;
	ts->of[i] = s->trust;
	return true;
}

struct trusts *trusts_new(const struct config *config)
{
	struct trusts *ts = calloc(1, sizeof *ts);

	for (size_t i = 0; ts && i < config->upstream_count; i++) {
		const struct config_upstream *u = &config->forward[i];

		if (!config_is_plain(u->transport) && tls_policy_trusts(u) && !add(ts, i, u)) {
			trusts_free(ts);
			return NULL;
		}
	}
	return ts;
}

void trusts_free(struct trusts *ts)
{
	if (!ts)
		return;
	if (ts->sweep)
		event_free(ts->sweep);
	for (size_t i = 0; i < ts->count; i++)
		trust_free(ts->stores[i].trust);
	free(ts);
}

static struct trust *find_same(const struct trusts *in, struct trust *t)
{
	for (size_t i = 0; i < in->count; i++)
		if (trust_is_same(in->stores[i].trust, t))
			return in->stores[i].trust;
	return NULL;
}

void trusts_keep(struct trusts *ts, const struct trusts *before)
{
	for (size_t i = 0; i < ts->count; i++) {
		struct trust *fresh = ts->stores[i].trust, *same = find_same(before, fresh);

		if (!same)
			continue;
		ts->stores[i].trust = trust_ref(same);
		for (size_t k = 0; k < CONFIG_ALL_MAX; k++)
			if (ts->of[k] == fresh)
				ts->of[k] = same;
		trust_free(fresh);
	}
}

struct trust *trusts_of(const struct trusts *ts, size_t upstream)
{
	return ts->of[upstream];
}

int trusts_load(struct trusts *ts, char *error, size_t size)
{
	for (size_t i = 0; i < ts->count; i++) {
		if (trust_load(ts->stores[i].trust, error, size) == 0)
			continue;
		if (ts->stores[i].strict)
			return -1;
		log_warning("%s; so nobody is authenticated by it", error);
	}
	return 0;
}

/* ------------------------------------------------------------------ sweeping */

static void begin_to_sweep(struct trusts *ts)
{
	static const struct timeval every = { .tv_sec = SWEEP_S };

	event_add(ts->sweep, &every);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct trusts *ts = arg;
	bool all_gone = true;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < ts->count; i++)
		all_gone &= trust_sweep(ts->stores[i].trust);
	if (!all_gone)
		begin_to_sweep(ts);
}

/* ------------------------------------------------------------------ mail */

static void discard(struct mail *m)
{
	struct trust_mail *t = container_of(m, struct trust_mail, mail);

	trust_free(t->trust);
	free(t);
}

static void deliver_loaded(struct mail *m, void *receiver)
{
	worker_trust_loaded(receiver, container_of(m, struct trust_mail, mail)->trust);
	discard(m);
}

static bool post(struct mailbox *to, struct trusts *ts, struct trust *t,
	void (*deliver)(struct mail *m, void *receiver))
{
	struct trust_mail *m = calloc(1, sizeof *m);

	if (!m)
		return false;
	m->trusts = ts;
	m->trust = trust_ref(t);
	m->mail.deliver = deliver;
	m->mail.discard = discard;
	if (mailbox_offer(to, &m->mail))
		return true;
	discard(&m->mail);
	return false;
}

/* Without memory or room to say so: the connections that wait end at their limit, and others follow. */
static void tell_workers(struct trusts *ts, struct trust *t)
{
	for (size_t i = 0; i < ts->worker_count; i++)
		post(worker_mailbox(ts->workers[i]), ts, t, deliver_loaded);
}

/* What went wrong is told by the handshakes that end of it. */
static void deliver_want(struct mail *m, void *receiver)
{
	struct trust_mail *w = container_of(m, struct trust_mail, mail);
	char error[512];

	(void)receiver;
	if (trust_load(w->trust, error, sizeof error) == 0)
		begin_to_sweep(w->trusts);
	tell_workers(w->trusts, w->trust);
	discard(m);
}

void trusts_want(void *arg, struct trust *t)
{
	struct trusts *ts = arg;

	post(ts->mailbox, ts, t, deliver_want);
}

int trusts_serve(struct trusts *ts, struct event_base *base, struct mailbox *mailbox,
	struct worker *const *workers, size_t worker_count)
{
	ts->sweep = event_new(base, -1, 0, on_sweep, ts);
	if (!ts->sweep)
		return -ENOMEM;
	ts->mailbox = mailbox;
	ts->workers = workers;
	ts->worker_count = worker_count;
	return 0;
}

void trusts_start(struct trusts *ts)
{
	begin_to_sweep(ts);
}
