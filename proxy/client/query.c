#include "proxy/client/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/client/query_internal.h"
#include "proxy/loop.h"

struct query {
	struct lookup_waiter waiter;
	struct queries *queries;
	struct origin origin;
	struct list deadline_node;
	uint64_t start_us, deadline_us;
	struct quota_client *client; /* NULL: without limit */
	bool begun;		     /* the origin knows of it: it waits */
	bool doubtful;		     /* its source may be forged */
	bool dns64;		     /* it is about A now, to have AAAA made of it */
	struct prefix prefix;	     /* by this */
	uint32_t dns64_ttl;
	bool outside;		 /* it is about the name that a local alias leads to */
	unsigned zone_labels;	 /* of the zone that its question falls into; 0: none */
	struct client_form form; /* its question's name is the array below */
	uint8_t name[DNS_NAME_MAX];
};

/* ------------------------------------------------------------------ the one end */

/* What a query comes to: an upstream's answer, one of the cache, or a SERVFAIL with a reason. */
struct outcome {
	const struct request *result;
	const struct cache_hit *hit;
	const struct dns_message *unpacked; /* the hit, where something is made of it */
	struct ede why;
};

static struct reply_to reply_to(struct query *q)
{
	struct queries *qs = q->queries;

	return (struct reply_to){ qs, &q->origin, &q->form,
		turn_now_us(&qs->loop->turn) - q->start_us };
}

/* The client's question is asked once more, of what is known here. */
static bool join(struct query *q, const struct dns_message *answer)
{
	struct dns_question folded = q->form.question;
	uint8_t name[DNS_NAME_MAX];

	name_fold(name, folded.name, folded.name_len);
	folded.name = name;
	return local_join(q->queries->local, &folded, q->origin.stream, q->zone_labels, answer);
}

/* What is made of an answer before it is given; NULL: it is fine as it is. */
static struct local_reply *make(struct query *q, const struct dns_message *answer)
{
	struct queries *qs = q->queries;
	struct local_reply *made = &qs->local->reply;

	if (q->outside)
		return join(q, answer) ? made : NULL;
	if (!q->dns64)
		return NULL;
	if (!dns64_make(&q->prefix, answer, q->dns64_ttl, made))
		return dns64_none(answer, made) ? made : NULL;
	qs->loop->stats.synthesized++;
	return made;
}

/*
 * What is said instead of an answer; NULL: it is given.  What is refused was never kept, so a hit can't
 * be that.
 */
static const struct local_reply *instead(struct query *q, const struct outcome *what)
{
	struct queries *qs = q->queries;
	const struct request *result = what->result;
	struct local_reply *made;

	if (result && lookup_is_outside(qs->lookups, result) &&
		local_refuse(qs->local, &result->query.question, &result->answer))
		return &qs->local->reply;
	if (!q->outside && !q->dns64)
		return NULL;
	made = make(q, result ? &result->answer : what->unpacked);
	if (made && what->hit && what->hit->stale)
		made->ede = (struct ede){ EDE_STALE_ANSWER, NULL };
	return made;
}

static bool reply_outcome(struct query *q, const struct outcome *what)
{
	struct reply_to to = reply_to(q);
	const struct local_reply *own = what->result || what->hit ? instead(q, what) : NULL;

	if (own) {
		reply_own(&to, own);
		return true;
	}
	if (what->hit)
		return reply_hit(&to, what->hit);
	return what->result && reply_answer(&to, what->result);
}

/* A forged source would get answers held back until they all come at once (threats A45). */
static bool is_too_late(const struct query *q)
{
	return q->doubtful && turn_now_us(&q->queries->loop->turn) - q->start_us > QUOTA_LATE_US;
}

/* The one end of every query. */
static void query_finish(struct query *q, struct outcome what)
{
	struct queries *qs = q->queries;
	struct ede why = what.why;

	list_remove(&q->deadline_node);
	if (!q->origin.owner) {
		qs->loop->stats.replies_gone++;
	} else if (is_too_late(q)) {
		qs->loop->stats.dropped_late++;
	} else if (!reply_outcome(q, &what)) {
		struct reply_to to = reply_to(q);

		if (what.result || what.hit)
			why = (struct ede){ EDE_INVALID_DATA, "the answer can't be rebuilt" };
		reply_error(&to, RCODE_SERVFAIL, why);
	}
	if (q->origin.owner && q->begun)
		q->origin.ops->ended(&q->origin);
	quota_end(&qs->quota, q->client);
	slab_put(&qs->slab, q);
}

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
	int err = lookup_start(qs->lookups, ask, &q->waiter);

	if (err == 0)
		return QUERY_BEGUN;
	qs->loop->stats.replies_local += !q->begun;
	query_finish(q, (struct outcome){ .why = why_not(qs, err) });
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
		query_finish(q, what);
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

	if (result->answered && wants_a(q, &result->answer))
		go_on_for_a(q, false);
	else
		query_finish(q, (struct outcome){ .result = result->answered ? result : NULL,
					.why = result->failure });
}

static void on_cached(struct lookup_waiter *w, struct cache_hit *hit)
{
	take_hit(container_of(w, struct query, waiter), NULL, hit);
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
	arm(qs);
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
	qs->unpacked = malloc(DNS_MESSAGE_MAX);
	if (!qs->unpacked)
		return -ENOMEM;
	return quota_init(&qs->quota, config->max_queries, config->max_queries_per_client,
		config->rate_limit, &loop->random, &loop->stats);
}

/* They are in the order of their ends; nobody waits longer than those that come now. */
static void shorten_deadlines(struct queries *qs, uint64_t timeout_us)
{
	uint64_t latest = turn_now_us(&qs->loop->turn) + timeout_us;

	list_for_each (n, &qs->deadlines) {
		struct query *q = container_of(n, struct query, deadline_node);

		if (q->deadline_us > latest)
			q->deadline_us = latest;
	}
	timer_stop(&qs->loop->turn.timers, &qs->timer);
	arm(qs);
}

void queries_change(struct queries *qs, const struct config *config, struct quota_bucket *buckets)
{
	bool other_dns64 = strcmp(qs->config->dns64, config->dns64) != 0;

	slab_set_max(&qs->slab, config->max_queries);
	quota_change(&qs->quota, config->max_queries, config->max_queries_per_client,
		config->rate_limit, buckets);
	if (other_dns64) {
		dns64_deinit(&qs->dns64);
		dns64_init(&qs->dns64, config->dns64, &qs->loop->turn, qs->lookups);
	}
	if (config->query_timeout_us < qs->config->query_timeout_us)
		shorten_deadlines(qs, config->query_timeout_us);
	qs->config = config;
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
	free(qs->unpacked);
}
