#include "common/dns/cookie_client.h"

#include <string.h>

#include "common/dns/ede.h"

/*
 * The procedure.
 *
 * Sending (cookie_offer)
 *  S1. A client cookie that is a day old is thrown away, and so is a jar whose rest is over: EMPTY.
 *  S2. RESTING: the query carries no COOKIE.
 *  S3. EMPTY: 64 random bits are the new client cookie: OFFERED.
 *  S4. OFFERED: the client cookie alone.  KNOWN: client cookie and server cookie.
 *  What was sent is noted with the query.
 *
 * Receiving (cookie_judge), an answer that was matched to its query
 *  R1. The query carried no COOKIE: whatever the answer has is ignored; ACCEPT.
 *  R2. A COOKIE of illegal length, or with another client cookie than the query had: DISCARD.
 *  R3. The right client cookie.  Its server cookie is kept, whatever the RCODE (KNOWN), unless the client
 *      cookie has been replaced since or the jar is RESTING.
 *      R3a. BADCOOKIE: RETRY.  If the query had both cookies and the server has refused this request
 *           before, or if no server cookie came along, cookies don't work with it: RESTING, so that the
 *           query goes without.
 *      R3b. Else ACCEPT.
 *  R4. No COOKIE although it was expected: the query had both cookies, or the server has given a server
 *      cookie for this client cookie meanwhile.
 *      R4a. Datagrams: DISCARD.  If such answers come for 10 s, three at least, and none with the right
 *           cookie between them, the server has changed: RESTING, go on with R5.  A forger would have to
 *           keep the server's own answers away for as long.
 *      R4b. Streams: to discard protects nothing and costs the answer.  BADCOOKIE: RESTING; RETRY.  Else the
 *           server cookie is forgotten (OFFERED), and the next answer decides; ACCEPT.
 *  R5. No COOKIE, and none expected.  If the answer says anything of the server's abilities (it has an
 *      OPT, or it is NOERROR, NXDOMAIN or FORMERR): RESTING for five minutes, then a new client cookie.
 *      R5a. BADCOOKIE or FORMERR, which may be due to the option: RETRY, without it.
 *      R5b. Else ACCEPT.
 *
 * No loop: RETRY needs a COOKIE in the query.  A request gets it at most once without the jar coming to
 * RESTING, and then the next query has none: R1.
 */

/* ------------------------------------------------------------------ the jar */

void cookie_jar_wipe(struct cookie_jar *j)
{
	explicit_bzero(j, sizeof *j);
}

static void rest(struct cookie_jar *j, uint64_t now_us)
{
	cookie_jar_wipe(j);
	j->phase = JAR_RESTING;
	j->rest_until_us = now_us + COOKIE_REST_US;
}

static void forget_server_cookie(struct cookie_jar *j)
{
	explicit_bzero(j->server, sizeof j->server);
	j->server_len = 0;
	j->phase = JAR_OFFERED;
}

static void keep_server_cookie(struct cookie_jar *j, const struct edns_option *o)
{
	j->server_len = (uint8_t)(o->len - COOKIE_CLIENT_LEN);
	memcpy(j->server, o->data + COOKIE_CLIENT_LEN, j->server_len);
	j->phase = JAR_KNOWN;
}

static bool is_used_up(const struct cookie_jar *j, uint64_t now_us)
{
	if (j->phase == JAR_RESTING)
		return now_us >= j->rest_until_us;
	return j->phase != JAR_EMPTY && now_us >= j->made_us + COOKIE_LIFE_US;
}

static bool is_current(const struct cookie_jar *j, const struct cookie_sent *sent)
{
	return (j->phase == JAR_OFFERED || j->phase == JAR_KNOWN) &&
	       memcmp(j->client, sent->client, COOKIE_CLIENT_LEN) == 0;
}

/* ------------------------------------------------------------------ sending */

size_t cookie_offer(struct cookie_jar *j, struct random_source *random, uint64_t now_us,
	struct cookie_sent *ret_sent, uint8_t ret[COOKIE_FULL_MAX])
{
	*ret_sent = (struct cookie_sent){ .form = SENT_NO_COOKIE };
	if (is_used_up(j, now_us))
		cookie_jar_wipe(j);
	if (j->phase == JAR_RESTING)
		return 0;
	if (j->phase == JAR_EMPTY) {
		random_bytes(random, j->client, sizeof j->client);
		j->made_us = now_us;
		j->phase = JAR_OFFERED;
	}
	ret_sent->form = j->phase == JAR_KNOWN ? SENT_BOTH_COOKIES : SENT_CLIENT_COOKIE;
	memcpy(ret_sent->client, j->client, COOKIE_CLIENT_LEN);
	memcpy(ret, j->client, COOKIE_CLIENT_LEN);
	memcpy(ret + COOKIE_CLIENT_LEN, j->server, j->server_len);
	return COOKIE_CLIENT_LEN + j->server_len;
}

/* ------------------------------------------------------------------ receiving */

/* R3 */
static enum cookie_verdict judge_right(struct cookie_jar *j, const struct cookie_sent *sent,
	const struct cookie_answer *a, uint64_t now_us, enum cookie_news *ret_news)
{
	bool current = is_current(j, sent), full = a->edns->cookie.len > COOKIE_CLIENT_LEN;

	*ret_news = COOKIE_CONFIRMED;
	if (current)
		j->lacking = 0;
	if (current && full)
		keep_server_cookie(j, &a->edns->cookie);
	if (a->rcode != RCODE_BADCOOKIE)
		return COOKIE_ACCEPT;
	if (current && (!full || (a->again && sent->form == SENT_BOTH_COOKIES))) {
		rest(j, now_us);
		*ret_news = COOKIE_REFUSED;
	}
	return COOKIE_RETRY;
}

/* R4a: true if it does none any more. */
static bool has_lapsed(struct cookie_jar *j, uint64_t now_us)
{
	if (j->lacking++ == 0)
		j->lacking_us = now_us;
	return j->lacking >= COOKIE_LAPSE_COUNT && now_us - j->lacking_us >= COOKIE_LAPSE_US;
}

static bool tells_of_abilities(const struct cookie_answer *a)
{
	return a->edns->present || a->rcode == RCODE_NOERROR || a->rcode == RCODE_NXDOMAIN ||
	       a->rcode == RCODE_FORMERR;
}

/* R5 */
static enum cookie_verdict judge_unexpected(struct cookie_jar *j, const struct cookie_sent *sent,
	const struct cookie_answer *a, uint64_t now_us, enum cookie_news *ret_news)
{
	if (is_current(j, sent) && tells_of_abilities(a)) {
		rest(j, now_us);
		*ret_news = COOKIE_UNSUPPORTED;
	}
	return a->rcode == RCODE_BADCOOKIE || a->rcode == RCODE_FORMERR ? COOKIE_RETRY
									: COOKIE_ACCEPT;
}

/* R4b */
static enum cookie_verdict accept_missing(struct cookie_jar *j, bool current,
	const struct cookie_answer *a, uint64_t now_us, enum cookie_news *ret_news)
{
	if (a->rcode == RCODE_BADCOOKIE) {
		if (current)
			rest(j, now_us);
		*ret_news = COOKIE_REFUSED;
		return COOKIE_RETRY;
	}
	if (current && j->phase == JAR_KNOWN)
		forget_server_cookie(j);
	return COOKIE_ACCEPT;
}

/* R4 */
static enum cookie_verdict judge_missing(struct cookie_jar *j, const struct cookie_sent *sent,
	const struct cookie_answer *a, uint64_t now_us, enum cookie_news *ret_news)
{
	bool current = is_current(j, sent);

	*ret_news = COOKIE_MISSING;
	if (a->stream)
		return accept_missing(j, current, a, now_us, ret_news);
	if (!current || !has_lapsed(j, now_us))
		return COOKIE_DISCARD;
	rest(j, now_us);
	*ret_news = COOKIE_LAPSED;
	return judge_unexpected(j, sent, a, now_us, ret_news);
}

enum cookie_verdict cookie_judge(struct cookie_jar *j, const struct cookie_sent *sent,
	const struct cookie_answer *a, uint64_t now_us, enum cookie_news *ret_news)
{
	const struct edns_option *o = &a->edns->cookie;

	*ret_news = COOKIE_NO_NEWS;
	if (sent->form == SENT_NO_COOKIE)
		return COOKIE_ACCEPT;
	if (o->data) {
		if (!a->edns->cookie_bad && memcmp(o->data, sent->client, COOKIE_CLIENT_LEN) == 0)
			return judge_right(j, sent, a, now_us, ret_news);
		*ret_news = COOKIE_WRONG;
		return COOKIE_DISCARD;
	}
	if (sent->form == SENT_BOTH_COOKIES || (is_current(j, sent) && j->phase == JAR_KNOWN))
		return judge_missing(j, sent, a, now_us, ret_news);
	return judge_unexpected(j, sent, a, now_us, ret_news);
}
