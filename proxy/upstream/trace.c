#include "proxy/upstream/trace.h"

#include <stdio.h>

#include "common/dns/edns.h"
#include "proxy/upstream/placing.h"
#include "proxy/upstream/policy.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/session.h"
#include "proxy/upstream/ways.h"

/* Finer than the turn's, which stands still within one. */
static uint64_t now_us(const struct turn *t)
{
	return t->clock.monotonic_us(t->clock.arg);
}

/* NULL: there is no room left. */
static struct trace_event *add(struct trace *t, enum trace_kind kind, uint64_t now_us)
{
	struct trace_event *e;

	if (t->count == TRACE_EVENTS_MAX) {
		t->dropped++;
		return NULL;
	}
	e = &t->event[t->count++];
	*e = (struct trace_event){ .at_us = now_us, .kind = kind };
	return e;
}

void trace_note(struct trace *t, enum trace_kind kind, const char *why, uint64_t now_us)
{
	struct trace_event *e = add(t, kind, now_us);

	if (e)
		e->why = why;
}

static struct trace_event *add_session(
	struct trace *t, enum trace_kind kind, const struct session *s)
{
	const struct transport_info *info = &s->transport->info;
	uint64_t now = now_us(s->setup->turn);
	struct trace_event *e = add(t, kind, now);

	if (!e)
		return NULL;
	snprintf(e->upstream, sizeof e->upstream, "%s", ways_of(s)->label);
	e->addr = s->addr;
	snprintf(e->protocol, sizeof e->protocol, "%s", info->protocol);
	snprintf(e->cipher, sizeof e->cipher, "%s", info->cipher ? info->cipher : "");
	e->authenticated = info->authenticated;
	e->resumed = info->resumed;
	e->clear = info->clear;
	e->session_age_us = now - s->opened_us;
	return e;
}

void trace_late(struct trace *t, const struct flight *f, enum session_late why)
{
	static const char *const texts[] = { [LATE_PATH] =
						     "its path is in doubt; it goes elsewhere, too",
		[LATE_NAME] = "others are answered, it is not; it is sent once more",
		[LATE_SWALLOWED] = "it went into a silence that is over; it is sent once more",
		[LATE_DATAGRAMS] = "no answer in datagrams; it goes over the stream" };
	struct trace_event *e = add_session(t, TRACE_LATE, f->session);

	if (e)
		e->why = texts[why];
}

static const char *why_returned(const struct flight *f)
{
	if (f->oversized)
		return "it is too large for a datagram";
	if (f->cookie_refused)
		return "the server wants another cookie";
	if (f->spent)
		return "its answer came by half, or can't be used";
	return f->sent ? "the connection ended before the answer" : "it was not sent";
}

void trace_returned(struct trace *t, const struct session *s, const struct flight *f)
{
	struct trace_event *e = add_session(t, TRACE_RETURNED, s);

	if (e)
		e->why = why_returned(f);
}

void trace_sent(struct trace *t, const struct session *s, const struct flight *f, size_t len,
	size_t padding)
{
	struct trace_event *e = add_session(t, TRACE_SENT, s);

	if (!e)
		return;
	e->len = len;
	e->padding = padding;
	e->cookie = f->cookie.form;
	if (f->sendings > 0)
		e->why = "once more, as no answer came";
}

static size_t padding_of(const struct dns_message *m)
{
	struct edns_option o;
	size_t pos = 0;

	while (edns_next_option(m, &pos, &o))
		if (o.code == EDNS_PADDING)
			return EDNS_OPTION_HEADER + o.len;
	return 0;
}

void trace_answered(
	struct trace *t, const struct session *s, const struct request *r, const struct edns *edns)
{
	struct trace_event *e = add_session(t, TRACE_ANSWERED, s);

	if (!e)
		return;
	e->len = r->answer.len;
	e->padding = padding_of(&r->answer);
	e->cookie = edns->cookie.data != NULL;
	e->rcode = (uint16_t)((unsigned)edns->extended_rcode << 4 | message_rcode(&r->answer));
}

/* ------------------------------------------------------------------ why this one */

static void explain_passed_by(char why[TRACE_WHY_MAX], struct upstream *u)
{
	const char *reason;
	enum upstream_standing standing = ways_standing(u, &reason);

	if (standing == UPSTREAM_UP)
		snprintf(why, TRACE_WHY_MAX, "its connections are full");
	else if (standing == UPSTREAM_DOWN)
		snprintf(why, TRACE_WHY_MAX, "down: %s", reason);
	else
		snprintf(why, TRACE_WHY_MAX, "no connection stands, one is being opened");
}

static void explain_rank(char why[TRACE_WHY_MAX], const struct pool *p, const struct upstream *u)
{
	switch (p->policy) {
	case POLICY_FAILOVER:
		snprintf(why, TRACE_WHY_MAX, "comes later in the list (policy failover)");
		break;
	case POLICY_FASTEST:
		snprintf(why, TRACE_WHY_MAX, "answers in %.1f ms (policy fastest)",
			(double)ways_active(u)->srtt_us / 1e3);
		break;
	case POLICY_ROUND_ROBIN:
		snprintf(why, TRACE_WHY_MAX, "it is not its turn (policy round-robin)");
		break;
	}
}

static void explain_rival(struct trace_rival *v, const struct pool *p, const struct request *r,
	const struct choice *c, struct upstream *u)
{
	v->chosen = u == c->upstream;
	snprintf(v->upstream, sizeof v->upstream, "%s", u->label);
	if (v->chosen && c->session)
		snprintf(v->why, sizeof v->why, "asked");
	else if (v->chosen)
		snprintf(v->why, sizeof v->why, "waited for: no connection has room yet");
	else if (r->avoid & pool_bit(u))
		snprintf(v->why, sizeof v->why, "has had its say, or lost the query twice");
	else if (c->missed & pool_bit(u))
		explain_passed_by(v->why, u);
	else if (p->count > 1 && ways_doubtful(u))
		snprintf(v->why, sizeof v->why, "in doubt: it takes queries and answers badly");
	else
		explain_rank(v->why, p, u);
}

/* It is looked for again and again. */
static void note_waiting(struct trace *t, const char *why, uint64_t now)
{
	const struct trace_event *last = t->count > 0 ? &t->event[t->count - 1] : NULL;

	if (!last || last->kind != TRACE_WAITS || last->why != why)
		trace_note(t, TRACE_WAITS, why, now);
}

void trace_choice(struct trace *t, const struct request *r, const struct choice *c)
{
	const struct pool *p = r->pool;

	t->rivals = 0;
	for (size_t i = 0; i < p->count && t->rivals < TRACE_RIVALS_MAX; i++)
		explain_rival(&t->rival[t->rivals++], p, r, c, policy_nth(p, i));
	if (!c->session)
		note_waiting(t, c->upstream ? "for a connection" : "for any upstream to come back",
			now_us(p->turn));
}
