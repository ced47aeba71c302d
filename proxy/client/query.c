#include "proxy/client/query.h"

#include <string.h>

#include "common/base/log.h"
#include "common/dns/rewrite.h"
#include "proxy/client/judge.h"
#include "proxy/client/querylog.h"
#include "proxy/loop.h"

/* Largest reply without records: header, longest question, OPT with keepalive and an EDE. */
#define ERROR_REPLY_MAX 768u
/* What a reply of our own needs beside its records. */
#define LOCAL_REPLY_HEAD 768u
#define UDP_MIN		 512u

struct query {
	struct lookup_waiter waiter;
	struct queries *queries;
	struct origin origin;
	struct list deadline_node;
	uint64_t start_us, deadline_us;
	struct quota_client *client; /* NULL: without limit */
	bool doubtful;		     /* its source may be forged */
	bool dns64;		     /* it waits for A, to have AAAA made of it */
	uint32_t dns64_ttl;
	bool outside;		 /* it waits for the name that a local alias leads to */
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
	size_t cap = form->limit < ERROR_REPLY_MAX ? form->limit : ERROR_REPLY_MAX, len;
	uint8_t *out = o->ops->reserve(o, cap);

	if (!out)
		return; /* counted by the origin */
	len = rewrite_error(form, rcode, ede, out, cap);
	if (len == 0)
		return;
	note_reply(qs, out, true);
	o->ops->commit(o, len);
}

/* An answer of our own. */
static void reply_local(struct queries *qs, struct origin *o, const struct client_form *form,
	const struct local_reply *r)
{
	size_t cap = form->limit, len;
	uint8_t *out;

	if (cap > r->records.pos + LOCAL_REPLY_HEAD)
		cap = r->records.pos + LOCAL_REPLY_HEAD;
	out = o->ops->reserve(o, cap);
	if (!out)
		return;
	len = local_reply_write(r, form, out, cap);
	if (len == 0)
		return;
	note_reply(qs, out, false);
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

/* What is made of an answer before it is given, or said instead of it; NULL: it is fine as it is. */
static const struct local_reply *instead(
	struct queries *qs, const struct query *q, const struct request *result)
{
	struct local_reply *made = &qs->local->reply;
	const struct local_reply *refusal =
		local_refuse(qs->local, &q->form.question, &result->answer);

	if (!refusal && q->outside)
		return local_join(qs->local, &q->form.question, q->origin.stream, &result->answer);
	if (refusal || !q->dns64)
		return refusal;
	if (!dns64_make(&qs->dns64.prefix, &result->answer, q->dns64_ttl, made))
		return dns64_none(&result->answer, made);
	qs->loop->stats.synthesized++;
	return made;
}

/* The answer of an upstream, or what is said instead of it; false: it can't be rebuilt. */
static bool reply_result(struct queries *qs, struct query *q, const struct request *result)
{
	const struct local_reply *own = instead(qs, q, result);

	if (!own)
		return reply_answer(qs, q, result);
	if (qs->config->log_queries)
		querylog_failure(&q->form, &q->origin, own->rcode, own->ede,
			turn_now_us(&qs->loop->turn) - q->start_us);
	reply_local(qs, &q->origin, &q->form, own);
	return true;
}

/* A forged source would get answers held back until they all come at once (threats A45). */
static bool is_too_late(const struct queries *qs, const struct query *q)
{
	return q->doubtful && turn_now_us(&qs->loop->turn) - q->start_us > QUOTA_LATE_US;
}

/* What every query comes to.  result NULL, or not answered: a SERVFAIL with this reason. */
static void query_finish(struct query *q, const struct request *result, struct ede why)
{
	struct queries *qs = q->queries;

	list_remove(&q->deadline_node);
	if (!q->origin.owner) {
		qs->loop->stats.replies_gone++;
	} else if (is_too_late(qs, q)) {
		qs->loop->stats.dropped_late++;
	} else if (!result || !reply_result(qs, q, result)) {
		if (result)
			why = (struct ede){ EDE_INVALID_DATA, "the answer can't be rebuilt" };
		if (qs->config->log_queries)
			querylog_failure(&q->form, &q->origin, RCODE_SERVFAIL, why,
				turn_now_us(&qs->loop->turn) - q->start_us);
		reply_error(qs, &q->origin, &q->form, RCODE_SERVFAIL, why);
	}
	if (q->origin.owner)
		q->origin.ops->ended(&q->origin);
	quota_end(&qs->quota, q->client);
	slab_put(&qs->slab, q);
}

/* There is no AAAA: the query goes on, as one about A. */
static bool go_on_for_a(struct query *q, const struct request *result)
{
	struct queries *qs = q->queries;
	const struct client_form *f = &q->form;

	if (q->dns64 || q->outside || !result->answered ||
		!dns64_applies(&qs->dns64, &f->question, f->flags, f->dnssec_ok, &result->answer,
			&q->dns64_ttl))
		return false;
	q->dns64 = dns64_ask(&qs->dns64, &f->question, f->flags, &q->waiter) == 0;
	return q->dns64;
}

static void on_done(struct lookup_waiter *w, const struct request *result)
{
	struct query *q = container_of(w, struct query, waiter);

	if (go_on_for_a(q, result))
		return;
	query_finish(q, result->answered ? result : NULL, result->failure);
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
	lookup_leave(q->queries->lookups, &q->waiter, &why);
	query_finish(q, NULL, why);
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
	q->waiter = (struct lookup_waiter){ .done = on_done };
	q->client = NULL;
	q->dns64 = false;
	q->outside = false;
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

/* One client has all that it may: a word to it, unless somebody else would get that. */
static enum query_verdict turn_down(
	struct queries *qs, const struct origin *from, const struct client_form *f, bool doubtful)
{
	static const struct ede why = { EDE_OTHER,
		"too many queries of this client in flight (max-queries-per-client)" };

	qs->loop->stats.bound_client++;
	return doubtful ? QUERY_DROPPED : reply_here(qs, from, f, RCODE_SERVFAIL, why);
}

/* m's question is the one to ask: the client's, or that about the name which a local alias leads to. */
static enum query_verdict forward(struct queries *qs, const struct origin *from,
	const struct client_form *f, const struct dns_message *m, const struct edns *e,
	bool doubtful)
{
	static const struct ede full = { EDE_OTHER, "too many queries in flight (max-queries)" };
	static const struct ede no_memory = { EDE_OTHER, "out of memory" };
	struct query *q = begin(qs, from, f);

	if (!q) {
		qs->loop->stats.bound_queries++;
		return reply_here(qs, from, f, RCODE_SERVFAIL, full);
	}
	q->doubtful = doubtful;
	q->outside = m->question.name != f->question.name;
	if (!quota_begin(&qs->quota, &from->peer, &q->client)) {
		slab_put(&qs->slab, q);
		return turn_down(qs, from, f, doubtful);
	}
	dns64_note(&qs->dns64, &m->question);
	if (lookup_start(qs->lookups, m, e, &q->waiter) < 0) {
		quota_end(&qs->quota, q->client);
		slab_put(&qs->slab, q);
		qs->loop->stats.bound_memory++;
		return reply_here(qs, from, f, RCODE_SERVFAIL, no_memory);
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

/* The reply without records that sends a client to TCP. */
static enum query_verdict send_to_tcp(
	struct queries *qs, const struct origin *from, const struct client_form *f)
{
	struct local_reply *r = &qs->local->reply;
	struct origin o = *from;

	local_reply_init(r);
	r->records.bad = true; /* nothing fits */
	qs->loop->stats.replies_local++;
	reply_local(qs, &o, f, r);
	return QUERY_REPLIED;
}

/* A local alias leads to a name that is not known here. */
static enum query_verdict follow(struct queries *qs, const struct origin *from,
	const struct client_form *f, const struct dns_message *m, const struct edns *e,
	bool doubtful, const uint8_t *name)
{
	struct dns_message other = *m;

	other.question.name = name;
	other.question.name_len = (uint8_t)name_len(name);
	return forward(qs, from, f, &other, e, doubtful);
}

/* A query that may be asked: within the client's limits, from here if it can be, else from upstream. */
static enum query_verdict resolve(struct queries *qs, const struct origin *from,
	struct client_form *f, const struct dns_message *m, const struct edns *e)
{
	bool has_cookie = false; /* a valid server cookie; for when cookies are answered */
	bool doubtful = quota_doubts(&from->peer, from->stream, has_cookie);
	const struct local_reply *own;
	struct origin o = *from;

	if (doubtful && qs->config->rate_limit > 0) {
		enum quota_verdict v =
			quota_rate(&qs->quota, &from->peer, turn_now_us(&qs->loop->turn));

		if (v == QUOTA_DROP)
			return QUERY_DROPPED;
		if (f->limit > QUOTA_AMPLIFY * m->len)
			f->limit = QUOTA_AMPLIFY * m->len;
		if (v == QUOTA_TRUNCATE)
			return send_to_tcp(qs, from, f);
	}
	own = local_answer(qs->local, &m->question, from->stream, 0);
	if (!own)
		return forward(qs, from, f, m, e, doubtful);
	if (own->outside && !m->has_signature)
		return follow(qs, from, f, m, e, doubtful, own->outside);
	qs->loop->stats.replies_local++;
	if (qs->config->log_queries)
		querylog_failure(f, from, own->rcode, own->ede, 0);
	reply_local(qs, &o, f, own);
	return QUERY_REPLIED;
}

enum query_verdict query_start(
	struct queries *qs, const struct origin *from, const uint8_t *msg, size_t len)
{
	struct dns_message m;
	struct edns e = { 0 };
	struct client_form f;
	struct judgement j;
	enum message_verdict v = message_parse(msg, len, &m);

	if (v == MESSAGE_SHORT) {
		qs->loop->stats.dropped_short++;
		return QUERY_DROPPED;
	}
	if (m.flags & DNS_QR) { /* never answered, or two forwarders could loop */
		qs->loop->stats.dropped_response++;
		return v == MESSAGE_OK ? QUERY_RESPONSE : QUERY_DROPPED;
	}
	if (v != MESSAGE_NO_QUESTION)
		edns_parse(&m, false, &e);
	f = client_form(qs->config, from, v, &m, &e);
	if (!allowed(qs->config, &from->peer))
		return turn_away(qs, from, &f);
	j = judge_query(v, &m, &e, from->stream);
	if (!j.pass)
		return reply_here(qs, from, &f, j.rcode, j.ede);
	return resolve(qs, from, &f, &m, &e);
}

void query_orphan(struct origin *o)
{
	list_remove(&o->node);
	o->owner = NULL;
}

/* ------------------------------------------------------------------ life */

int queries_init(struct queries *qs, struct loop *loop, const struct config *config,
	struct lookups *lookups, struct local *local)
{
	*qs = (struct queries){
		.loop = loop, .config = config, .lookups = lookups, .local = local
	};
	slab_init(&qs->slab, sizeof(struct query), config->max_queries);
	list_init(&qs->deadlines);
	qs->timer.fire = on_timer;
	dns64_init(&qs->dns64, config->dns64, &loop->turn, lookups);
	local->dns64 = &qs->dns64;
	return quota_init(&qs->quota, config->max_queries, config->max_queries_per_client,
		config->rate_limit, &loop->random, &loop->stats);
}

void queries_finish_all(struct queries *qs, struct ede why)
{
	while (!list_empty(&qs->deadlines)) {
		struct query *q = container_of(qs->deadlines.next, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		query_finish(q, NULL, why);
	}
}

void queries_deinit(struct queries *qs)
{
	struct list *n;

	dns64_deinit(&qs->dns64);
	while ((n = list_take(&qs->deadlines))) {
		struct query *q = container_of(n, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		list_remove(&q->origin.node);
		quota_end(&qs->quota, q->client);
		slab_put(&qs->slab, q);
	}
	timer_stop(&qs->loop->turn.timers, &qs->timer);
	slab_deinit(&qs->slab);
	quota_deinit(&qs->quota);
}
