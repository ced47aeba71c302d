/* From bytes to a query that may be asked; all else is answered here, or not at all. */
#include "common/base/clock.h"
#include "common/base/tap.h"
#include "proxy/client/cookie.h"
#include "proxy/client/judge.h"
#include "proxy/client/query_internal.h"
#include "proxy/loop.h"

#define UDP_MIN 512u

/* ------------------------------------------------------------------ its form */

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

/* ------------------------------------------------------------------ what is not asked */

enum query_verdict query_refuse(
	struct queries *qs, struct query_ready *r, unsigned rcode, struct ede ede)
{
	struct reply_to to = reply_now(qs, r);

	qs->loop->stats.replies_local++;
	reply_error(&to, rcode, ede);
	return QUERY_REPLIED;
}

static enum query_verdict send_to_tcp(struct queries *qs, struct query_ready *r)
{
	struct reply_to to = reply_now(qs, r);

	qs->loop->stats.replies_local++;
	reply_truncated(&to);
	return QUERY_REPLIED;
}

/* Outside `allow`: silence on UDP, where the source may be forged; a word over TCP. */
static enum query_verdict turn_away(struct queries *qs, struct query_ready *r)
{
	static const struct ede why = { EDE_PROHIBITED, "not in allow" };

	if (!r->from.stream) {
		qs->loop->stats.dropped_access++;
		return QUERY_DROPPED;
	}
	qs->loop->stats.refused_access++;
	return query_refuse(qs, r, RCODE_REFUSED, why);
}

/* require-cookies: in place of an answer that somebody else may get. */
static enum query_verdict demand_cookie(
	struct queries *qs, struct query_ready *r, enum cookie_demand demand)
{
	static const struct ede none = { EDE_NONE, NULL };

	qs->loop->stats.client_cookies_demanded++;
	if (demand == DEMAND_COOKIE)
		return query_refuse(qs, r, RCODE_BADCOOKIE, none);
	return send_to_tcp(qs, r);
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

/* What can't be asked is answered here, cookies included; true: it may be. */
static bool judge(struct queries *qs, struct query_ready *r, enum message_verdict v,
	enum query_verdict *ret_verdict)
{
	const struct origin *from = &r->from;
	enum cookie_standing cookie = client_cookie(
		&qs->secrets, &qs->loop->stats, from, (uint32_t)clock_wall_s(), &r->edns, &r->form);
	enum cookie_demand demand = DEMAND_NOTHING;
	struct judgement j = judge_query(v, &r->message, &r->edns, cookie, from->stream);

	r->doubtful = quota_doubts(
		&from->peer, from->stream, cookie == COOKIE_VALID || cookie == COOKIE_RENEWED);
	if (!j.pass) {
		*ret_verdict = query_refuse(qs, r, j.rcode, j.ede);
		return false;
	}
	if (qs->config->require_cookies)
		demand = client_cookie_demand(from, cookie);
	if (demand != DEMAND_NOTHING)
		*ret_verdict = demand_cookie(qs, r, demand);
	return demand == DEMAND_NOTHING;
}

/* rate-limit, of sources that may be forged; true: it may go on. */
static bool within_rate(struct queries *qs, struct query_ready *r, enum query_verdict *ret_verdict)
{
	enum quota_verdict v;

	if (!r->doubtful || qs->config->rate_limit == 0)
		return true;
	v = quota_rate(&qs->quota, &r->from.peer, turn_now_us(&qs->loop->turn));
	if (v == QUOTA_DROP) {
		*ret_verdict = QUERY_DROPPED;
		return false;
	}
	if (r->form.limit > QUOTA_AMPLIFY * r->message.len)
		r->form.limit = QUOTA_AMPLIFY * r->message.len;
	if (v == QUOTA_TRUNCATE)
		*ret_verdict = send_to_tcp(qs, r);
	return v == QUOTA_PASS;
}

bool query_read(struct queries *qs, struct query_ready *r, const uint8_t *msg, size_t len,
	enum query_verdict *ret_verdict)
{
	const struct origin *from = &r->from;
	enum message_verdict v = message_parse(msg, len, &r->message);

	*ret_verdict = refuse_unreadable(qs, v, &r->message);
	if (*ret_verdict != QUERY_BEGUN)
		return false;
	if (qs->loop->tap)
		tap_message(qs->loop->tap, &(struct tap_message){ TAP_CLIENT_QUERY,
			from->stream ? TAP_TCP : TAP_UDP, &from->peer, msg, len, 0 });
	if (v != MESSAGE_NO_QUESTION)
		edns_parse(&r->message, false, &r->edns);
	else
		r->edns = (struct edns){ 0 };
	r->form = client_form(qs->config, from, v, &r->message, &r->edns);
	if (!allowed(qs->config, &from->peer)) {
		*ret_verdict = turn_away(qs, r);
		return false;
	}
	if (!judge(qs, r, v, ret_verdict) || !within_rate(qs, r, ret_verdict))
		return false;
	lookup_prepare(qs->lookups, &r->message, &r->edns, &r->ask);
	return true;
}
