#include "proxy/upstream/session_match.h"

#include "common/dns/edns.h"
#include "common/dns/wire.h"
#include "proxy/upstream/history.h"
#include "proxy/upstream/session_cookie.h"
#include "proxy/upstream/session_end.h"
#include "proxy/upstream/session_repeat.h"
#include "proxy/upstream/session_watch.h"
#include "proxy/upstream/trace.h"

/*
 * The server's idle limit (RFC 7828 3.2.2): the newest value counts, 0 asks us to finish, none
 * withdraws it.
 */
static void heed_keepalive(struct session *s, const struct edns *e)
{
	if (!e->keepalive || e->keepalive_bad) {
		s->idle_limit_us = 0;
	} else if (e->keepalive_timeout == 0) {
		session_retire(s);
	} else {
		s->idle_limit_us = e->keepalive_timeout * 100000ull;
	}
}

/*
 * An error may come without its question (RFC 7766 7, standards 1.1): then the id alone has to do.
 */
static bool may_lack_question(unsigned rcode)
{
	return rcode == RCODE_FORMERR || rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP ||
	       rcode == RCODE_REFUSED;
}

static bool answers_question(const struct dns_message *m, const struct dns_question *asked)
{
	if (m->qdcount == 0)
		return may_lack_question(message_rcode(m));
	return m->qdcount == 1 && question_equal(&m->question, asked);
}

static void take_out(struct session *s, struct flight *f)
{
	idmap_release(&s->ids, f->id);
	list_remove(&f->node);
	s->sent_count--;
}

static void accept_answer(struct session *s, struct flight *f, const struct edns *e)
{
	uint64_t took = turn_now_us(s->setup->turn) - f->sent_us;
	struct request *r = f->request;

	session_tap(s, TAP_UPSTREAM_RESPONSE, r->answer.data, r->answer.len, took);
	take_out(s, f);
	s->answers++;
	s->setup->stats->upstream_answers++;
	s->setup->stats->upstream_padded += e->padding;
	histogram_add(&s->setup->stats->rtt, took);
	if (s->seen)
		history_answered(s->seen, took, e->padding, r->answer.len);
	if (!session_is_stream(s))
		session_repeat_answered(s, f);
	session_watch_answered(s);
	f->session = NULL;
	if (r->trace)
		trace_answered(r->trace, s, r, e);
	if (s->setup->form.keepalive)
		heed_keepalive(s, e);
	s->setup->owner->answered(s->setup->owner_arg, s, f);
	session_after_answer(s);
}

/* It is the answer, but it does not parse: never handed on (threats A08). */
static void reject_answer(struct session *s, struct flight *f)
{
	take_out(s, f);
	session_watch_answered(s);
	s->setup->stats->upstream_malformed++;
	if (f->request->bad_answers < UINT8_MAX)
		f->request->bad_answers++;
	f->spent = true;
	session_give_back(s, f);
	session_after_answer(s);
}

/* It asks for the same query with another cookie, or none: the owner sends it again, at once. */
static void return_for_cookie(struct session *s, struct flight *f)
{
	take_out(s, f);
	s->answers++;
	session_watch_answered(s);
	f->cookie_refused = true;
	session_give_back(s, f);
	session_after_answer(s);
}

/*
 * What a stream brings is the server's, whatever cookie it has: nothing better will come, and the query
 * need not wait for it.  Of datagrams one may be forged, and the right one on its way.
 */
static void discard_answer(struct session *s, struct flight *f)
{
	if (s->transport->info.stream)
		reject_answer(s, f);
}

static void judge(struct session *s, struct flight *f)
{
	struct edns e;

	/* Of any answer: one that is sent back may be kept, as the best there is. */
	f->request->trusted = s->transport->info.authenticated;
	f->request->protocol = s->transport->info.protocol;
	edns_parse(&f->request->answer, true, &e);
	switch (session_cookie_judge(s, f, &e)) {
	case COOKIE_ACCEPT:
		accept_answer(s, f, &e);
		break;
	case COOKIE_RETRY:
		return_for_cookie(s, f);
		break;
	case COOKIE_DISCARD:
		discard_answer(s, f);
		break;
	}
}

/*
 * Matching (RFC 5452 9.1, RFC 7766 7, threats A01-A03): the id is in use on this session, it is a
 * response to a QUERY, and the question is the one sent.  What fails is dropped and counted; the
 * wait goes on.
 */
static void match(struct session *s, struct flight *f, const uint8_t *msg, size_t len)
{
	struct dns_message *m = &f->request->answer;
	enum message_verdict v = message_parse(msg, len, m);

	if (v == MESSAGE_SHORT || v == MESSAGE_NO_QUESTION ||
		!answers_question(m, &f->request->query.question))
		s->setup->stats->upstream_mismatch++;
	else if (v == MESSAGE_MALFORMED && !session_is_stream(s))
		s->setup->stats
			->upstream_malformed++; /* the next datagram may be the answer (A07) */
	else if (v == MESSAGE_MALFORMED)
		reject_answer(s, f);
	else
		judge(s, f);
}

void session_on_message(void *arg, const uint8_t *msg, size_t len)
{
	struct session *s = arg;
	struct stats *stats = s->setup->stats;
	const struct idmap_entry *e;

	if (s->state == SESSION_ENDED)
		return;
	if (len < DNS_HEADER_LEN) {
		stats->upstream_mismatch++;
		return;
	}
	e = idmap_find(&s->ids, wire_get16(msg));
	if (!e) {
		stats->upstream_unknown++;
	} else if ((wire_get16(msg + 2) & (DNS_QR | DNS_OPCODE_MASK)) != DNS_QR) {
		stats->upstream_mismatch++;
	} else if (!e->owner) {
		stats->upstream_late++;
		session_watch_answered(s);
		idmap_release(&s->ids, wire_get16(msg));
	} else {
		match(s, e->owner, msg, len);
	}
}
