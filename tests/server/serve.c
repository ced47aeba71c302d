#include "tests/server/serve.h"

#include <stdio.h>

#include "tests/server/assoc.h"
#include "tests/server/conn.h"
#include "tests/server/outlet.h"
#include "tests/server/server.h"

static void log_query(const struct origin *from, const struct query *q)
{
	char name[DNSNAME_TEXT_MAX] = "?";

	if (q->name)
		dnsname_text(q->name, name);
	fprintf(stderr, "%s#%llu/%llu id %u type %u %zu octets %s\n",
		transport_names[from->transport], (unsigned long long)from->conn,
		(unsigned long long)from->seq, q->id, q->type, q->len, name);
}

static void unanswered(const struct asker *a)
{
	a->server->stats.unanswered++;
	if (a->conn)
		conn_answered(a->conn);
}

static bool at_limit(const struct asker *a, uint64_t nth)
{
	const struct limits *l = a->conn ? &a->conn->limits : a->assoc ? &a->assoc->limits : NULL;

	if (!l || !l->queries || nth < l->queries)
		return false;
	if (a->conn)
		conn_close(a->conn, l->queries_how);
	else
		assoc_close(a->assoc, l->queries_how);
	return true;
}

/* What answer_build is to keep to. */
static size_t room(const struct asker *a)
{
	if (a->conn)
		return ANSWER_STREAM;
	return a->assoc ? dtls_room(a->assoc->dtls) : REPLY_MAX;
}

/* An end without an answer is an answer that is cut before its first octet. */
static bool wanted(struct delivery *how)
{
	if (how->none && how->then) {
		how->none = false;
		how->cut = 0;
		how->cut_how = how->then;
	}
	return !how->none;
}

static void answer(const struct asker *a, const struct query *q, struct rule *rule,
	const struct action_list *own)
{
	struct server *s = a->server;
	struct reply *r = &s->reply;

	r->how = (struct delivery){ 0 };
	r->random = rule ? &rule->random : &s->random;
	if (!answer_build(&s->policy, q, room(a), r)) {
		unanswered(a);
		return;
	}
	if (rule)
		action_list_reply(&rule->common, r);
	if (own)
		action_list_reply(own, r);
	if (wanted(&r->how))
		outlet_submit(a->outlet, a->to, r);
	else
		unanswered(a);
}

static void by_rule(const struct asker *a, const struct query *q, struct rule *rule)
{
	a->server->stats.rules_hit++;
	if (!rule->answer_count)
		answer(a, q, rule, NULL);
	for (size_t i = 0; i < rule->answer_count; i++)
		answer(a, q, rule, &rule->answers[i]);
}

void serve(const struct asker *a, const struct origin *origin, const uint8_t *msg, size_t len)
{
	struct server *s = a->server;
	struct subject subject = {
		.transport = origin->transport, .conn = origin->conn, .nth = origin->seq
	};
	struct rule *rule;
	struct query q;

	query_read(msg, len, &q);
	stats_query(&s->stats, origin->transport);
	s->stats.malformed += q.verdict != QUERY_OK;
	record_add(&s->ring, origin, &q);
	if (s->options->log)
		log_query(origin, &q);
	if (at_limit(a, origin->seq))
		return;
	if (s->muted) {
		unanswered(a);
		return;
	}
	subject.query = &q;
	rule = rules_find(&s->rules, &subject);
	if (rule)
		by_rule(a, &q, rule);
	else
		answer(a, &q, NULL, NULL);
}
