#include "proxy/client/query.h"

#include <errno.h>
#include <string.h>

#include "proxy/client/query_internal.h"
#include "proxy/loop.h"

/* ------------------------------------------------------------------ asking */

static struct ede why_not(struct queries *qs, int err)
{
	if (err == -EBUSY)
		return (struct ede){ EDE_OTHER, "too many queries wait for this answer" };
	qs->loop->stats.bound_memory++;
	return (struct ede){ EDE_OTHER, "out of memory" };
}

/* QUERY_BEGUN: it waits; QUERY_REPLIED: it is over and gone, as in all below. */
static enum query_verdict start(struct query *q, const struct lookup_ask *ask)
{
	struct queries *qs = q->queries;
	uint64_t joined = qs->loop->stats.joined;
	int err = lookup_start(qs->lookups, ask, &q->waiter);

	q->joined = qs->loop->stats.joined > joined;
	if (err == 0)
		return QUERY_BEGUN;
	qs->loop->stats.replies_local += !q->begun;
	query_finish(q, &(struct outcome){ .why = why_not(qs, err) });
	return QUERY_REPLIED;
}

/* An answer of the cache as a message, for what is made of it. */
static bool unpack(struct queries *qs, const struct cache_hit *hit, struct dns_message *ret)
{
	struct client_form f = {
		.flags = DNS_RD, .has_question = true, .limit = DNS_MESSAGE_MAX, .keepalive = -1
	};
	uint8_t name[DNS_NAME_MAX];
	size_t len;

	cache_question(hit, name, &f.question);
	len = cache_write(hit, &f, qs->unpacked, DNS_MESSAGE_MAX);
	return len > 0 && message_parse(qs->unpacked, len, ret) == MESSAGE_OK;
}

/* Something may be made of its answer by DNS64. */
static bool may_dns64(const struct queries *qs, const struct client_form *f)
{
	return !f->passthrough && dns64_may(&qs->dns64, &f->question, f->flags, f->dnssec_ok);
}

/* There is no AAAA: the query is to go on, as one about A. */
static bool wants_a(struct query *q, const struct dns_message *answer)
{
	return !q->dns64 && !q->outside && may_dns64(q->queries, &q->form) &&
	       dns64_wanted(answer, &q->dns64_ttl);
}

static enum query_verdict pursue(struct query *q, struct lookup_ask *ask);

/* stale: that there is no AAAA is an old answer; then an old one about A will do as well. */
static enum query_verdict go_on_for_a(struct query *q, bool stale)
{
	struct queries *qs = q->queries;
	struct lookup_ask ask;
	struct dns_message m;

	q->dns64 = true;
	q->prefix = qs->dns64.prefix;
	dns64_prepare(&qs->dns64, &q->form.question, q->form.flags, &m, &ask);
	if (pursue(q, &ask) == QUERY_REPLIED)
		return QUERY_REPLIED;
	return stale && lookup_give_stale(qs->lookups, &q->waiter) ? QUERY_REPLIED : QUERY_BEGUN;
}

/* ask: as it was found; NULL: it was waited for.  Lets go of the hit. */
static enum query_verdict take_hit(struct query *q, struct lookup_ask *ask, struct cache_hit *hit)
{
	struct queries *qs = q->queries;
	struct outcome what = { .hit = hit };
	bool stale = hit->stale, go_on = false;
	struct dns_message m;

	if (q->outside || q->dns64 || may_dns64(qs, &q->form)) {
		if (unpack(qs, hit, &m))
			what.unpacked = &m;
		else
			what = (struct outcome){ .why = { EDE_INVALID_DATA,
							 "the answer can't be rebuilt" } };
		go_on = what.unpacked && wants_a(q, &m);
	}
	if (!go_on)
		query_finish(q, &what);
	if (ask)
		lookup_given(qs->lookups, ask, hit);
	else
		cache_release(hit); /* the shard is wanted again */
	return go_on ? go_on_for_a(q, stale) : QUERY_REPLIED;
}

/* From the cache, else from upstream. */
static enum query_verdict pursue(struct query *q, struct lookup_ask *ask)
{
	struct cache_hit hit;

	if (lookup_find(q->queries->lookups, ask, &hit))
		return take_hit(q, ask, &hit);
	return start(q, ask);
}

static void on_done(struct lookup_waiter *w, const struct request *result)
{
	struct query *q = container_of(w, struct query, waiter);

	if (!result->answered || message_rcode(&result->answer) == RCODE_SERVFAIL)
		queries_look_for_circle(q, result);
	if (result->answered && wants_a(q, &result->answer))
		go_on_for_a(q, false);
	else
		query_finish(q, &(struct outcome){ .result = result->answered ? result : NULL,
					.why = result->failure });
}

static void on_cached(struct lookup_waiter *w, struct cache_hit *hit)
{
	take_hit(container_of(w, struct query, waiter), NULL, hit);
}

/* ------------------------------------------------------------------ the beginning */

static struct query *begin(struct queries *qs, const struct query_ready *r)
{
	const struct client_form *f = &r->form;
	struct query *q = slab_get(&qs->slab);

	if (!q)
		return NULL;
	q->queries = qs;
	q->origin = r->from;
	q->form = *f;
	memcpy(q->name, f->question.name, f->question.name_len);
	q->form.question.name = q->name;
	q->waiter = (struct lookup_waiter){ .done = on_done, .cached = on_cached };
	q->client = NULL;
	q->begun = q->dns64 = q->outside = false;
	q->doubtful = r->doubtful;
	q->zone_labels = r->ask.zone_labels;
	q->deadline_node = (struct list){ 0 };
	q->start_us = turn_now_us(&qs->loop->turn);
	q->deadline_us = q->start_us + qs->config->query_timeout_us;
	return q;
}

/* True: it was in the cache, and the reply is on its way. */
static bool reply_from_cache(struct queries *qs, struct query_ready *r)
{
	struct reply_to to = reply_now(qs, r);
	struct cache_hit hit;
	bool replied;

	if (!lookup_find(qs->lookups, &r->ask, &hit))
		return false;
	replied = reply_hit(&to, &hit);
	lookup_given(qs->lookups, &r->ask, &hit);
	return replied;
}

/* One client has all that it may: a word to it, unless somebody else would get that. */
static enum query_verdict turn_down(struct queries *qs, struct query_ready *r)
{
	static const struct ede why = { EDE_OTHER,
		"too many queries of this client in flight (max-queries-per-client)" };

	qs->loop->stats.bound_client++;
	return r->doubtful ? QUERY_DROPPED : query_refuse(qs, r, RCODE_SERVFAIL, why);
}

/* ask: the client's question, or that about the name which a local alias leads to. */
static enum query_verdict forward(
	struct queries *qs, struct query_ready *r, struct lookup_ask *ask, bool was_looked_for)
{
	static const struct ede full = { EDE_OTHER, "too many queries in flight (max-queries)" };
	struct query *q = begin(qs, r);

	if (!q) {
		qs->loop->stats.bound_queries++;
		return query_refuse(qs, r, RCODE_SERVFAIL, full);
	}
	q->outside = ask != &r->ask;
	if (!quota_begin(&qs->quota, &r->from.peer, &q->client)) {
		slab_put(&qs->slab, q);
		return turn_down(qs, r);
	}
	if ((was_looked_for ? start(q, ask) : pursue(q, ask)) == QUERY_REPLIED)
		return QUERY_REPLIED;
	list_append(&qs->deadlines, &q->deadline_node);
	queries_arm(qs);
	q->begun = true;
	q->origin.ops->begun(&q->origin);
	return QUERY_BEGUN;
}

/* A local alias leads to a name that is not known here. */
static enum query_verdict follow(struct queries *qs, struct query_ready *r, const uint8_t *name)
{
	struct dns_message other = r->message;
	struct lookup_ask ask;

	other.question.name = name;
	other.question.name_len = (uint8_t)name_len(name);
	lookup_prepare(qs->lookups, &other, &r->edns, &ask);
	return forward(qs, r, &ask, false);
}

void query_expect(struct queries *qs, const struct query_ready *r)
{
	lookup_expect(qs->lookups, &r->ask);
}

static enum query_verdict reply_locally(
	struct queries *qs, struct query_ready *r, const struct local_reply *own)
{
	struct reply_to to = reply_now(qs, r);

	qs->loop->stats.replies_local++;
	reply_own(&to, own);
	return QUERY_REPLIED;
}

enum query_verdict query_answer(struct queries *qs, struct query_ready *r)
{
	const struct dns_question *question = &r->message.question;
	struct dns_question folded = *question;
	const struct local_reply *own;

	folded.name = r->ask.key.name;
	own = local_answer(qs->local, &folded, r->from.stream, r->ask.zone_labels);

	if (own && own->outside && !r->message.has_signature)
		return follow(qs, r, own->outside);
	if (own)
		return reply_locally(qs, r, own);
	dns64_note(&qs->dns64, question);
	if (may_dns64(qs, &r->form))
		return forward(qs, r, &r->ask, false);
	if (reply_from_cache(qs, r))
		return QUERY_REPLIED;
	return forward(qs, r, &r->ask, true);
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
