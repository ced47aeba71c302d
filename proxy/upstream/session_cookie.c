#include "proxy/upstream/session_cookie.h"

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/dns/cookie_store.h"
#include "proxy/upstream/session.h"

void session_cookie_begin(struct session *s)
{
	const struct session_setup *setup = s->setup;
	const struct addr *local = &s->transport->info.local;

	if (!setup->cookies)
		return;
	if (setup->cookie_store && local->sa.sa_family != AF_UNSPEC) {
		s->jar = cookie_store_take(setup->cookie_store, &s->addr, local);
		s->jar_is_lent = s->jar != NULL;
		setup->stats->bound_cookies += !s->jar;
	}
	if (!s->jar)
		s->jar = &s->own_jar;
}

void session_cookie_end(struct session *s)
{
	if (s->jar_is_lent)
		cookie_store_give_back(s->setup->cookie_store, s->jar);
	s->jar_is_lent = false;
	s->jar = NULL;
	cookie_jar_wipe(&s->own_jar);
}

/* What dies with the session may go by the turn's clock. */
static uint64_t now_us(const struct session *s)
{
	const struct cookie_store *store = s->setup->cookie_store;

	return s->jar_is_lent ? store->boottime_us(store->clock_arg) : turn_now_us(s->setup->turn);
}

size_t session_cookie_offer(struct session *s, struct flight *f, uint8_t ret[COOKIE_FULL_MAX])
{
	/* A signed message passes as it is, with the cookie of whoever signed it. */
	if (!s->jar || f->request->query.signed_message) {
		f->cookie.form = SENT_NO_COOKIE;
		return 0;
	}
	return cookie_offer(s->jar, s->setup->random, now_us(s), &f->cookie, ret);
}

static void count(struct stats *stats, enum cookie_news news, enum cookie_verdict v)
{
	stats->upstream_cookies_right += news == COOKIE_CONFIRMED || news == COOKIE_REFUSED;
	stats->upstream_cookies_missing += news == COOKIE_MISSING || news == COOKIE_LAPSED;
	stats->upstream_cookies_discarded += v == COOKIE_DISCARD;
}

/* Each kind once for a session: what a server does wrong, it may do with every answer. */
static void tell(struct session *s, enum cookie_news news)
{
	struct log_limit *limit = s->setup->limit;
	const char *who = s->setup->label;
	char at[ADDR_TEXT_MAX];

	if (s->cookie_told & (1u << news))
		return;
	s->cookie_told |= 1u << news;
	addr_text(&s->addr, at);
	switch (news) {
	case COOKIE_NO_NEWS:
	case COOKIE_CONFIRMED:
		break;
	case COOKIE_WRONG:
		log_limited(limit, LOG_LEVEL_WARNING,
			"upstream %s: %s: the DNS cookie of an answer is wrong or malformed: "
			"not used",
			who, at);
		break;
	case COOKIE_MISSING:
		log_limited(limit, LOG_LEVEL_INFO,
			"upstream %s: %s: an answer lacks the DNS cookie that others had: %s", who,
			at,
			s->transport->info.stream ? "taken, as nobody else can have put it there"
						  : "not used, it may be a forgery");
		break;
	case COOKIE_LAPSED:
		log_limited(limit, LOG_LEVEL_WARNING,
			"upstream %s: %s: no DNS cookie for %llu s: it is taken for a server "
			"without",
			who, at, COOKIE_LAPSE_US / 1000000);
		break;
	case COOKIE_UNSUPPORTED:
		log_debug("upstream %s: %s: it does no DNS cookies", who, at);
		break;
	case COOKIE_REFUSED:
		log_limited(limit, LOG_LEVEL_WARNING,
			"upstream %s: %s: it refuses its own DNS cookie (BADCOOKIE): none is sent "
			"for %llu s",
			who, at, COOKIE_REST_US / 1000000);
		break;
	}
}

enum cookie_verdict session_cookie_judge(struct session *s, struct flight *f, const struct edns *e)
{
	struct request *r = f->request;
	struct cookie_answer a = { .edns = e,
		.rcode = (unsigned)e->extended_rcode << 4 | message_rcode(&r->answer),
		.stream = s->transport->info.stream,
		.again = r->bad_cookies > 0 };
	enum cookie_verdict v = COOKIE_ACCEPT;
	enum cookie_news news = COOKIE_NO_NEWS;

	if (a.rcode == RCODE_BADCOOKIE && !r->query.signed_message)
		s->setup->stats->upstream_badcookie++;
	if (s->jar)
		v = cookie_judge(s->jar, &f->cookie, &a, now_us(s), &news);
	count(s->setup->stats, news, v);
	tell(s, news);
	if (v == COOKIE_RETRY && r->bad_cookies < UINT8_MAX)
		r->bad_cookies++;
	return v;
}
