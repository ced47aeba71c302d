#include "proxy/ops/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/build.h"
#include "common/config/config.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/surroundings.h"
#include "proxy/resolve/portal.h"

const char *status_text(enum status_state s)
{
	static const char *const texts[] = { [STATUS_HEALTHY] = "healthy",
		[STATUS_STARTING] = "starting",
		[STATUS_DEGRADED] = "degraded",
		[STATUS_DOWN] = "down" };

	return texts[s];
}

const char *status_zone_of(const struct figures *f, size_t upstream)
{
	const struct config *c = f->config;

	for (size_t i = 0; i < c->zone_count; i++)
		if (upstream - c->zone[i].first < c->zone[i].count)
			return c->zone[i].name;
	return NULL;
}

static unsigned connecting(const struct upstream_look *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->address[i].connecting;
	return n;
}

/* Without queries nothing is kept open: that is rest, and no fault. */
const char *status_upstream_text(const struct figures *f, size_t upstream)
{
	const struct upstream_look *l = &f->sum.upstreams[upstream].look;

	switch (l->standing) {
	case UPSTREAM_UP:
		return l->doubtful ? "doubtful" : "up";
	case UPSTREAM_DOWN:
		return "down";
	case UPSTREAM_UNKNOWN:
		return "looking up";
	case UPSTREAM_LOST:
	case UPSTREAM_STARTING:
		return connecting(l) > 0 ? "connecting" : "idle";
	}
	return "unknown";
}

const char *status_transport_text(enum config_transport t)
{
	static const char *const texts[] = { [TRANSPORT_TLS] = "tls",
		[TRANSPORT_DTLS] = "dtls",
		[TRANSPORT_AUTO] = "auto",
		[TRANSPORT_UDP] = "udp",
		[TRANSPORT_TCP] = "tcp" };

	return texts[t];
}

const char *status_profile_text(const struct config_upstream *u)
{
	if (config_is_plain(u->transport))
		return NULL;
	return u->profile == PROFILE_STRICT ? "strict" : "opportunistic";
}

/* ------------------------------------------------------------------ what is amiss */

static void __attribute__((format(printf, 3, 4))) blame(
	struct status *s, enum status_state at_least, const char *format, ...)
{
	va_list args;

	if (s->state < at_least)
		s->state = at_least;
	if (s->count == STATUS_REASONS_MAX) {
		s->dropped++;
		return;
	}
	va_start(args, format);
	vsnprintf(s->reason[s->count++], STATUS_REASON_MAX, format, args);
	va_end(args);
}

static const char *next_try(const struct upstream_look *l, char text[80])
{
	if (connecting(l) > 0)
		return "it is being tried now";
	if (l->retry_us == UINT64_MAX)
		return "it is tried again with the next query";
	snprintf(text, 80, "it is tried again in %.1f s", (double)l->retry_us / 1e6);
	return text;
}

/* What is amiss, without the name that stands before it already. */
static const char *bare_reason(const char *reason, const char *name)
{
	size_t len = strlen(name);

	return strncmp(reason, name, len) == 0 && strncmp(reason + len, ": ", 2) == 0
		       ? reason + len + 2
		       : reason;
}

static void judge_upstream(struct status *s, const struct figures *f, size_t i, const char *whose)
{
	const struct upstream_look *l = &f->sum.upstreams[i].look;
	const char *name = f->config->forward[i].name;
	char next[80];

	if (l->standing == UPSTREAM_DOWN)
		blame(s, STATUS_DEGRADED, "%s%.60s is down: %.200s; %s", whose, name,
			bare_reason(l->reason, name), next_try(l, next));
	else if (l->doubtful)
		blame(s, STATUS_DEGRADED,
			"%s%.60s takes queries and answers badly; others go before it until it "
			"answers well",
			whose, name);
	for (size_t k = 0; k < l->count; k++)
		if (l->address[k].ready > 0 && !l->address[k].authenticated && !l->address[k].clear) {
			blame(s, STATUS_DEGRADED,
				"%s%.60s is encrypted but not authenticated: whoever is on the "
				"path can answer (profile \"opportunistic\")",
				whose, name);
			break;
		}
}

/* True: somebody of them answers, or would. */
static bool judge_group(
	struct status *s, const struct figures *f, size_t first, size_t count, const char *whose)
{
	bool any = false;

	for (size_t i = first; i < first + count; i++) {
		judge_upstream(s, f, i, whose);
		any = any || f->sum.upstreams[i].look.standing != UPSTREAM_DOWN;
	}
	return any;
}

static bool is_untried(const struct figures *f)
{
	for (size_t i = 0; i < f->config->forward_count; i++) {
		enum upstream_standing s = f->sum.upstreams[i].look.standing;

		if (s == UPSTREAM_UP || s == UPSTREAM_LOST)
			return false;
	}
	return true;
}

static void judge_zones(struct status *s, const struct figures *f)
{
	const struct config *c = f->config;
	char whose[100];

	for (size_t i = 0; i < c->zone_count; i++) {
		snprintf(whose, sizeof whose, "zone %.80s: ", c->zone[i].name);
		if (!judge_group(s, f, c->zone[i].first, c->zone[i].count, whose))
			blame(s, STATUS_DEGRADED, "%snobody answers for it", whose);
	}
}

void status_judge_portal(struct status *s, struct portal *p)
{
	static struct portal_look l; /* main's thread alone */
	char names[200] = "";
	size_t at = 0;

	if (!WITH_PORTAL)
		return;
	portal_look(p, &l);
	for (size_t i = 0; i < l.count && at < sizeof names; i++)
		at += (size_t)snprintf(
			names + at, sizeof names - at, "%s%s", i > 0 ? ", " : "", l.name[i]);
	if (l.open)
		blame(s, STATUS_DEGRADED, "portal open for %u min: %s%s -> %s, in clear",
			(l.left_s + 59) / 60, names, at < sizeof names ? "" : "...", l.resolver);
}

void status_judge(const struct figures *f, const struct surroundings *around, struct status *ret)
{
	*ret = (struct status){ .state = STATUS_HEALTHY };
	if (f->heard < f->workers)
		blame(ret, STATUS_DEGRADED, "%zu of %zu workers do not answer; they may be stuck",
			f->workers - f->heard, f->workers);
	if (!f->sum.knows_upstreams)
		return;
	if (!judge_group(ret, f, 0, f->config->forward_count, ""))
		blame(ret, STATUS_DOWN,
			"no upstream can be reached: queries get what is in the cache, or SERVFAIL");
	else if (is_untried(f) && ret->state == STATUS_HEALTHY)
		ret->state = STATUS_STARTING;
	judge_zones(ret, f);
	if (around->clock.known && !around->clock.believed)
		blame(ret, STATUS_DEGRADED, "%s", around->clock.note);
	if (around->network.known && around->network.note[0])
		blame(ret, STATUS_DEGRADED, "%s", around->network.note);
}
