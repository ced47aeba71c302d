#include "proxy/client/cookie.h"

static void count(struct stats *stats, enum cookie_standing standing)
{
	switch (standing) {
	case COOKIE_NONE:
		break;
	case COOKIE_FRESH:
		stats->client_cookies_fresh++;
		break;
	case COOKIE_INVALID:
		stats->client_cookies_invalid++;
		break;
	case COOKIE_RENEWED:
		stats->client_cookies_renewed++;
		/* fall through */
	case COOKIE_VALID:
		stats->client_cookies_valid++;
		break;
	}
}

enum cookie_standing client_cookie(const struct cookie_secrets *secrets, struct stats *stats,
	const struct origin *from, uint32_t now_s, struct edns *e, struct client_form *f)
{
	enum cookie_standing standing;

	if (secrets->count == 0 || e->version > 0)
		edns_ignore_cookie(e);
	stats->client_cookies_malformed += e->cookie_bad;
	if (!e->cookie.data || e->cookie_bad)
		return COOKIE_NONE;
	standing =
		cookie_check(secrets, e->cookie.data, e->cookie.len, &from->peer, now_s, f->cookie);
	f->has_cookie = true;
	count(stats, standing);
	return standing;
}

enum cookie_demand client_cookie_demand(const struct origin *from, enum cookie_standing standing)
{
	if (from->stream || addr_is_loopback(&from->peer))
		return DEMAND_NOTHING;
	switch (standing) {
	case COOKIE_VALID:
	case COOKIE_RENEWED:
		return DEMAND_NOTHING;
	case COOKIE_FRESH:
	case COOKIE_INVALID:
		return DEMAND_COOKIE;
	case COOKIE_NONE:
		break;
	}
	return DEMAND_STREAM;
}
