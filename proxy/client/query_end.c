#include "proxy/client/query_internal.h"
#include "proxy/loop.h"

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

void query_finish(struct query *q, const struct outcome *what)
{
	struct queries *qs = q->queries;
	struct ede why = what->why;

	list_remove(&q->deadline_node);
	if (!q->origin.owner) {
		qs->loop->stats.replies_gone++;
	} else if (is_too_late(q)) {
		qs->loop->stats.dropped_late++;
	} else if (!reply_outcome(q, what)) {
		struct reply_to to = reply_to(q);

		if (what->result || what->hit)
			why = (struct ede){ EDE_INVALID_DATA, "the answer can't be rebuilt" };
		reply_error(&to, RCODE_SERVFAIL, why);
	}
	if (q->origin.owner && q->begun)
		q->origin.ops->ended(&q->origin);
	quota_end(&qs->quota, q->client);
	slab_put(&qs->slab, q);
}
