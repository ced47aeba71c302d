#include "proxy/client/query.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/dns/rewrite.h"
#include "proxy/client/cookie.h"
#include "proxy/client/judge.h"
#include "proxy/client/querylog.h"
#include "proxy/loop.h"

/* Largest reply without records: header, longest question, OPT with cookie, keepalive and an EDE. */
#define LOCAL_REPLY_MAX 768u
#define UDP_MIN		512u

struct query {
	struct lookup_waiter waiter;
	struct queries *queries;
	struct origin origin;
	struct list deadline_node;
	uint64_t start_us, deadline_us;
	struct client_form form; /* its question's name is the array below */
	uint8_t name[DNS_NAME_MAX];
};

/* ------------------------------------------------------------------ the one end */

static void note_reply(struct queries *qs, const uint8_t *reply, bool ours)
{
	struct stats *stats = &qs->loop->stats;

	stats->replies++;
	if (ours && (reply[3] & DNS_RCODE_MASK) == RCODE_SERVFAIL)
		stats->replies_servfail++;
	if (!ours && reply[2] & (DNS_TC >> 8))
		stats->replies_truncated++;
}

/* A reply without records. */
static void reply_error(struct queries *qs, struct origin *o, const struct client_form *form,
	unsigned rcode, struct ede ede)
{
	size_t cap = form->limit < LOCAL_REPLY_MAX ? form->limit : LOCAL_REPLY_MAX, len;
	uint8_t *out = o->ops->reserve(o, cap);

	if (!out)
		return; /* counted by the origin */
	len = rewrite_error(form, rcode, ede, out, cap);
	if (len == 0)
		return;
	note_reply(qs, out, true);
	o->ops->commit(o, len);
}

/* The upstream's answer in the client's form; false: it can't be given that form. */
static bool reply_answer(struct queries *qs, struct query *q, const struct request *result)
{
	const struct dns_message *answer = &result->answer;
	struct origin *o = &q->origin;
	size_t cap = q->form.limit, len;
	uint8_t *out;

	if (cap > answer->len + REPLY_EXTRA)
		cap = answer->len + REPLY_EXTRA;
	out = o->ops->reserve(o, cap);
	if (!out)
		return true;
	len = rewrite_answer(answer, result->trusted, &q->form, out, cap);
	if (len == 0)
		return false;
	note_reply(qs, out, false);
	if (qs->config->log_queries)
		querylog_answer(
			&q->form, o, result, out, turn_now_us(&qs->loop->turn) - q->start_us);
	o->ops->commit(o, len);
	return true;
}

/* An answer of the cache in the client's form, while its shard is locked. */
static bool reply_hit(struct queries *qs, struct origin *o, const struct client_form *f,
	const struct cache_hit *hit, uint64_t took_us)
{
	size_t cap = cache_reply_max(hit, f), len;
	uint8_t *out = o->ops->reserve(o, cap);

	if (!out)
		return true; /* counted by the origin */
	len = cache_write(hit, f, out, cap);
	if (len == 0)
		return false;
	note_reply(qs, out, false);
	if (qs->config->log_queries)
		querylog_hit(f, o, hit, out, took_us);
	o->ops->commit(o, len);
	return true;
}

/* What a query comes to: an upstream's answer, one of the cache, or a SERVFAIL with a reason. */
struct outcome {
	const struct request *result;
	const struct cache_hit *hit;
	struct ede why;
};

static bool reply_outcome(struct queries *qs, struct query *q, const struct outcome *what)
{
	uint64_t took_us = turn_now_us(&qs->loop->turn) - q->start_us;

	if (what->hit)
		return reply_hit(qs, &q->origin, &q->form, what->hit, took_us);
	return what->result && reply_answer(qs, q, what->result);
}

/* The one end of every query. */
static void query_finish(struct query *q, struct outcome what)
{
	struct queries *qs = q->queries;
	struct ede why = what.why;

	list_remove(&q->deadline_node);
	if (!q->origin.owner) {
		qs->loop->stats.replies_gone++;
	} else if (!reply_outcome(qs, q, &what)) {
		if (what.result || what.hit)
			why = (struct ede){ EDE_INVALID_DATA, "the answer can't be rebuilt" };
		if (qs->config->log_queries)
			querylog_failure(&q->form, &q->origin, RCODE_SERVFAIL, why,
				turn_now_us(&qs->loop->turn) - q->start_us);
		reply_error(qs, &q->origin, &q->form, RCODE_SERVFAIL, why);
	}
	if (q->origin.owner)
		q->origin.ops->ended(&q->origin);
	slab_put(&qs->slab, q);
}

static void on_done(struct lookup_waiter *w, const struct request *result)
{
	struct query *q = container_of(w, struct query, waiter);

	query_finish(q, (struct outcome){ .result = result->answered ? result : NULL,
				.why = result->failure });
}

static void on_cached(struct lookup_waiter *w, const struct cache_hit *hit)
{
	query_finish(container_of(w, struct query, waiter), (struct outcome){ .hit = hit });
}

/* ------------------------------------------------------------------ deadlines */

static void arm(struct queries *qs)
{
	const struct query *first;

	if (list_empty(&qs->deadlines) || timer_running(&qs->timer))
		return;
	first = container_of(qs->deadlines.next, struct query, deadline_node);
	if (timer_start(&qs->loop->turn.timers, &qs->timer, first->deadline_us) < 0)
		qs->loop->stats.bound_memory++;
}

static void expire(struct query *q)
{
	struct ede why = { EDE_OTHER, NULL };

	q->queries->loop->stats.timeouts++;
	if (lookup_give_stale(q->queries->lookups, &q->waiter))
		return;
	lookup_leave(q->queries->lookups, &q->waiter, &why);
	query_finish(q, (struct outcome){ .why = why });
}

/* One lazily armed timer: it may find that its query was answered long ago. */
static void on_timer(struct timer *t)
{
	struct queries *qs = container_of(t, struct queries, timer);
	uint64_t now = turn_now_us(&qs->loop->turn);

	while (!list_empty(&qs->deadlines)) {
		struct query *q = container_of(qs->deadlines.next, struct query, deadline_node);

		if (q->deadline_us > now)
			break;
		expire(q);
	}
	arm(qs);
}

/* ------------------------------------------------------------------ the beginning */

static bool allowed(const struct config *config, const struct addr *peer)
{
	for (size_t i = 0; i < config->allow_count; i++)
		if (prefix_match(&config->allow[i], peer))
			return true;
	return false;
}

/*
 * Longest reply over UDP: what the client can take, within what we send (RFC 6891 6.2.5, RFC 9715).
 */
static size_t udp_limit(const struct config *config, const struct edns *e)
{
	if (!e->present || e->udp_size <= UDP_MIN)
		return UDP_MIN;
	return e->udp_size < config->edns_size ? e->udp_size : config->edns_size;
}

static struct client_form client_form(const struct config *config, const struct origin *from,
	enum message_verdict v, const struct dns_message *m, const struct edns *e)
{
	struct client_form f = {
		.id = m->id,
		.flags = m->flags,
		.has_question = v != MESSAGE_NO_QUESTION && m->qdcount == 1,
		.edns = e->present,
		.dnssec_ok = e->dnssec_ok,
		.udp_size = (uint16_t)config->edns_size,
		.limit = from->stream ? DNS_MESSAGE_MAX : udp_limit(config, e),
		.keepalive = -1,
		.passthrough = v == MESSAGE_OK && m->has_signature,
	};

	if (f.has_question)
		f.question = m->question;
	if (from->stream && e->keepalive)
		f.keepalive = (int)(config->tcp_idle_timeout_us / 100000);
	return f;
}

static struct query *begin(
	struct queries *qs, const struct origin *from, const struct client_form *f)
{
	struct query *q = slab_get(&qs->slab);

	if (!q)
		return NULL;
	q->queries = qs;
	q->origin = *from;
	q->form = *f;
	memcpy(q->name, f->question.name, f->question.name_len);
	q->form.question.name = q->name;
	q->waiter = (struct lookup_waiter){ .done = on_done, .cached = on_cached };
	q->deadline_node = (struct list){ 0 };
	q->start_us = turn_now_us(&qs->loop->turn);
	q->deadline_us = q->start_us + qs->config->query_timeout_us;
	return q;
}

static enum query_verdict reply_here(struct queries *qs, const struct origin *from,
	const struct client_form *f, unsigned rcode, struct ede ede)
{
	struct origin o = *from;

	qs->loop->stats.replies_local++;
	if (qs->config->log_queries)
		querylog_failure(f, from, rcode, ede, 0);
	reply_error(qs, &o, f, rcode, ede);
	return QUERY_REPLIED;
}

/* True: it was in the cache, and the reply is on its way. */
static bool reply_from_cache(struct queries *qs, struct origin *from, const struct client_form *f,
	struct lookup_ask *ask)
{
	struct cache_hit hit;
	bool replied;

	if (!lookup_find(qs->lookups, ask, &hit))
		return false;
	replied = reply_hit(qs, from, f, &hit, 0);
	lookup_given(qs->lookups, ask, &hit);
	return replied;
}

static struct ede why_not(struct queries *qs, int err)
{
	if (err == -EBUSY)
		return (struct ede){ EDE_OTHER, "too many queries wait for this answer" };
	qs->loop->stats.bound_memory++;
	return (struct ede){ EDE_OTHER, "out of memory" };
}

static enum query_verdict forward(struct queries *qs, const struct origin *from,
	const struct client_form *f, struct lookup_ask *ask)
{
	static const struct ede full = { EDE_OTHER, "too many queries in flight (max-queries)" };
	struct query *q = begin(qs, from, f);
	int err;

	if (!q) {
		qs->loop->stats.bound_queries++;
		return reply_here(qs, from, f, RCODE_SERVFAIL, full);
	}
	err = lookup_start(qs->lookups, ask, &q->waiter);
	if (err < 0) {
		slab_put(&qs->slab, q);
		return reply_here(qs, from, f, RCODE_SERVFAIL, why_not(qs, err));
	}
	list_append(&qs->deadlines, &q->deadline_node);
	arm(qs);
	q->origin.ops->begun(&q->origin);
	return QUERY_BEGUN;
}

/* Outside `allow`: silence on UDP, where the source may be forged; a word over TCP. */
static enum query_verdict turn_away(
	struct queries *qs, const struct origin *from, const struct client_form *f)
{
	static const struct ede why = { EDE_PROHIBITED, "not in allow" };

	if (!from->stream) {
		qs->loop->stats.dropped_access++;
		return QUERY_DROPPED;
	}
	qs->loop->stats.refused_access++;
	return reply_here(qs, from, f, RCODE_REFUSED, why);
}

static enum query_verdict reply_truncated(
	struct queries *qs, const struct origin *from, const struct client_form *f)
{
	struct origin o = *from;
	size_t cap = f->limit < LOCAL_REPLY_MAX ? f->limit : LOCAL_REPLY_MAX, len;
	uint8_t *out = o.ops->reserve(&o, cap);

	qs->loop->stats.replies_local++;
	len = out ? rewrite_truncated(f, out, cap) : 0;
	if (len == 0)
		return QUERY_REPLIED; /* counted by the origin */
	note_reply(qs, out, true);
	o.ops->commit(&o, len);
	return QUERY_REPLIED;
}

/* require-cookies: in place of an answer that somebody else may get. */
static enum query_verdict demand_cookie(struct queries *qs, const struct origin *from,
	const struct client_form *f, enum cookie_demand demand)
{
	static const struct ede none = { EDE_NONE, NULL };

	qs->loop->stats.client_cookies_demanded++;
	if (demand == DEMAND_COOKIE)
		return reply_here(qs, from, f, RCODE_BADCOOKIE, none);
	return reply_truncated(qs, from, f);
}

/* What is no query to be answered; else QUERY_BEGUN. */
static enum query_verdict refuse_unreadable(
	struct queries *qs, enum message_verdict v, const struct dns_message *m)
{
	if (v == MESSAGE_SHORT) {
		qs->loop->stats.dropped_short++;
		return QUERY_DROPPED;
	}
	if (m->flags & DNS_QR) { /* never answered, or two forwarders could loop */
		qs->loop->stats.dropped_response++;
		return v == MESSAGE_OK ? QUERY_RESPONSE : QUERY_DROPPED;
	}
	return QUERY_BEGUN;
}

/* What is answered here, cookies included; true: it is to be asked. */
static bool judge(struct queries *qs, struct query_ready *r, enum message_verdict v,
	enum query_verdict *ret_verdict)
{
	const struct origin *from = &r->from;
	enum cookie_standing cookie = client_cookie(
		&qs->secrets, &qs->loop->stats, from, (uint32_t)time(NULL), &r->edns, &r->form);
	enum cookie_demand demand = DEMAND_NOTHING;
	struct judgement j = judge_query(v, &r->message, &r->edns, cookie, from->stream);

	if (!j.pass) {
		*ret_verdict = reply_here(qs, from, &r->form, j.rcode, j.ede);
		return false;
	}
	if (qs->config->require_cookies)
		demand = client_cookie_demand(from, cookie);
	if (demand != DEMAND_NOTHING)
		*ret_verdict = demand_cookie(qs, from, &r->form, demand);
	return demand == DEMAND_NOTHING;
}

bool query_read(struct queries *qs, struct query_ready *r, const uint8_t *msg, size_t len,
	enum query_verdict *ret_verdict)
{
	const struct origin *from = &r->from;
	enum message_verdict v = message_parse(msg, len, &r->message);

	*ret_verdict = refuse_unreadable(qs, v, &r->message);
	if (*ret_verdict != QUERY_BEGUN)
		return false;
	if (v != MESSAGE_NO_QUESTION)
		edns_parse(&r->message, false, &r->edns);
	else
		r->edns = (struct edns){ 0 };
	r->form = client_form(qs->config, from, v, &r->message, &r->edns);
	if (!allowed(qs->config, &from->peer)) {
		*ret_verdict = turn_away(qs, from, &r->form);
		return false;
	}
	if (!judge(qs, r, v, ret_verdict))
		return false;
	lookup_prepare(qs->lookups, &r->message, &r->edns, &r->ask);
	return true;
}

void query_expect(struct queries *qs, const struct query_ready *r)
{
	lookup_expect(qs->lookups, &r->ask);
}

enum query_verdict query_answer(struct queries *qs, struct query_ready *r)
{
	if (reply_from_cache(qs, &r->from, &r->form, &r->ask))
		return QUERY_REPLIED;
	return forward(qs, &r->from, &r->form, &r->ask);
}

enum query_verdict query_start(
	struct queries *qs, const struct origin *from, const uint8_t *msg, size_t len)
{
	struct query_ready r;
	enum query_verdict v;

	r.from = *from;
	return query_read(qs, &r, msg, len, &v) ? query_answer(qs, &r) : v;
}

void query_orphan(struct origin *o)
{
	list_remove(&o->node);
	o->owner = NULL;
}

/* ------------------------------------------------------------------ life */

void queries_init(
	struct queries *qs, struct loop *loop, const struct config *config, struct lookups *lookups)
{
	*qs = (struct queries){ .loop = loop, .config = config, .lookups = lookups };
	slab_init(&qs->slab, sizeof(struct query), config->max_queries);
	list_init(&qs->deadlines);
	qs->timer.fire = on_timer;
}

void queries_finish_all(struct queries *qs, struct ede why)
{
	while (!list_empty(&qs->deadlines)) {
		struct query *q = container_of(qs->deadlines.next, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		query_finish(q, (struct outcome){ .why = why });
	}
}

void queries_deinit(struct queries *qs)
{
	struct list *n;

	while ((n = list_take(&qs->deadlines))) {
		struct query *q = container_of(n, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		list_remove(&q->origin.node);
		slab_put(&qs->slab, q);
	}
	timer_stop(&qs->loop->turn.timers, &qs->timer);
	slab_deinit(&qs->slab);
}
