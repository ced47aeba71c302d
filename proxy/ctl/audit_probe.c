#include "proxy/ctl/audit_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "proxy/ctl/audit_ask.h"
#include "proxy/ctl/audit_dtls.h"
#include "proxy/ctl/audit_hello.h"
#include "proxy/ctl/audit_questions.h"
#include "proxy/ctl/audit_reach.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"

#define HANDSHAKE_US 5000000u
#define HELLO_US     1500000u
#define IDLE_MAX_US  90000000u

/* What one audit holds. */
struct audit {
	struct config_upstream upstream; /* a copy that borrows all of the original */
	struct trust *trust;
	struct tls_policy *tls, *dtls;
	struct tickets tickets;
	struct audit_run run;
	struct audit_facts *facts;
	char error[TRANSPORT_TEXT_MAX];
};

static uint64_t within(const struct audit *a, uint64_t us)
{
	uint64_t until = clock_monotonic_us() + us;

	return until < a->run.until_us ? until : a->run.until_us;
}

/* ------------------------------------------------------------------ before the first connection */

/*
 * Whoever can't be authenticated is measured all the same, so that people see with whom they have to do:
 * nothing is asked but test names.
 */
static bool prepare(struct audit *a, const struct audit_target *t)
{
	a->upstream = *t->upstream;
	a->upstream.profile = PROFILE_OPPORTUNISTIC;
	a->upstream.session_tickets = true;
	if (tls_policy_trusts(&a->upstream) &&
		!(a->trust = trust_new(a->upstream.tls_cert_bundle))) {
		snprintf(a->error, sizeof a->error, "out of memory");
		return false;
	}
	a->tls = tls_policy_new(&a->upstream, t->tls_priority, a->trust, a->error, sizeof a->error);
	return a->tls != NULL;
}

/* Its store is ours: nothing is held against the server. */
static void load_trust(struct audit *a)
{
	if (a->trust && trust_load(a->trust, a->error, sizeof a->error) < 0)
		snprintf(a->facts->doubt, sizeof a->facts->doubt, "%s", a->error);
}

static void release(struct audit *a)
{
	audit_link_close(&a->run.link);
	tickets_deinit(&a->tickets);
	tls_policy_free(a->tls);
	tls_policy_free(a->dtls);
	trust_free(a->trust);
}

/* ------------------------------------------------------------------ the session */

static void note_session(struct audit *a)
{
	struct audit_link *l = &a->run.link;
	struct audit_facts *f = a->facts;

	f->session = true;
	tls_facts_read(&l->engine, &f->tls);
	f->connect_us = l->connect_us;
	f->handshake_us = l->handshake_us;
	if (*f->doubt)
		return; /* the trust store */
	f->authenticated = l->engine.verdict.authenticated ? AUDIT_YES : AUDIT_NO;
	snprintf(f->doubt, sizeof f->doubt, "%s", l->engine.reason);
}

static bool shake_hands(struct audit *a)
{
	struct audit_link *l = &a->run.link;

	if (audit_link_open(
		    l, &a->facts->addr, a->tls, &a->tickets, NULL, within(a, HANDSHAKE_US))) {
		note_session(a);
		return true;
	}
	a->facts->stage = l->end.stage;
	snprintf(a->facts->failure, sizeof a->facts->failure, "%s", l->end.text);
	return false;
}

/* On a new connection, with a ticket that the first one gave. */
static void resume(struct audit *a)
{
	struct audit_link *l = &a->run.link;
	struct ticket *ticket = tickets_take(
		&a->tickets, &a->facts->addr, a->tls->id, clock_boottime_us(), a->facts->now);

	a->facts->tickets = l->tickets_seen;
	audit_link_close(l);
	if (!ticket)
		return;
	if (audit_link_open(
		    l, &a->facts->addr, a->tls, &a->tickets, ticket, within(a, HANDSHAKE_US))) {
		a->facts->resumed = l->engine.resumed ? AUDIT_YES : AUDIT_NO;
		a->facts->resumed_us = l->handshake_us;
	}
}

/* The session has answered; nothing is said any more until the server ends it. */
static void wait_idle(struct audit *a)
{
	uint64_t begun, until = within(a, IDLE_MAX_US);
	size_t len;

	if (!audit_ask_once_more(&a->run))
		return;
	begun = clock_monotonic_us();
	while (audit_link_receive(&a->run.link, until, &len))
		;
	if (audit_link_is_open(&a->run.link))
		a->facts->idle_open_us = clock_monotonic_us() - begun;
	else
		a->facts->idle_us = clock_monotonic_us() - begun;
}

static void try_dtls(struct audit *a, const char *priority)
{
	a->dtls = dtls_policy_new(&a->upstream, priority, a->trust, a->error, sizeof a->error);
	if (a->dtls)
		audit_dtls(&a->facts->addr, a->dtls, a->run.until_us, a->facts);
	else
		snprintf(a->facts->dtls_text, sizeof a->facts->dtls_text, "%s", a->error);
}

static void measure(struct audit *a, const struct audit_target *t, bool long_wait)
{
	a->facts->old_tls =
		audit_hello_ask(&a->facts->addr, a->upstream.auth_name, within(a, HELLO_US));
	if (!shake_hands(a))
		return;
	audit_questions(&a->run);
	resume(a);
	try_dtls(a, t->tls_priority);
	if (long_wait)
		wait_idle(a);
}

void audit_probe(const struct audit_target *t, const struct audit_names *names,
	const struct audit_limits *limits, struct audit_facts *ret)
{
	uint64_t begun = clock_monotonic_us();
	struct audit a = { .facts = ret, .run.link.fd = -1 };

	*ret = (struct audit_facts){ .keepalive = -1, .now = clock_wall_s() };
	tickets_init(&a.tickets);
	a.run.facts = ret;
	a.run.names = names;
	a.run.tickets = &a.tickets;
	a.run.until_us = begun + limits->time_us;
	if (!prepare(&a, t)) {
		ret->stage = STAGE_ROUTE; /* it never came to that */
		snprintf(ret->failure, sizeof ret->failure, "%s", a.error);
	} else if (audit_reach(t->addrs, t->count, a.run.until_us, ret)) {
		a.run.policy = a.tls;
		load_trust(&a);
		measure(&a, t, limits->wait_idle);
	}
	release(&a);
	ret->took_us = clock_monotonic_us() - begun;
}
