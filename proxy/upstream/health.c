#include "proxy/upstream/health.h"

#include <stdio.h>
#include <string.h>

/* A changed reason within an outage is told so often at most. */
#define LOG_EVERY_US (10ull * 1000000)
/* A label, and an address. */
#define WHO_MAX 400

/* The label, and the address where the label does not say it. */
static const char *describe(const struct health *h, const struct addr *to, char text[WHO_MAX])
{
	char address[ADDR_TEXT_MAX];

	snprintf(text, WHO_MAX, "%s", h->label);
	if (to && !strstr(h->label, addr_text(to, address)))
		snprintf(text, WHO_MAX, "%.300s (%s)", h->label, address);
	return text;
}

static void remember(struct health *h, const struct addr *to, const struct transport_end *end)
{
	char who[WHO_MAX];

	h->last_end = *end;
	h->last_end.partial = NULL;
	snprintf(h->last_failure, sizeof h->last_failure, "%s: %s: %.200s", describe(h, to, who),
		transport_stage_text(end->stage), end->text);
}

static bool is_same(const struct health *h, const struct transport_end *end)
{
	return h->last_failure[0] && h->last_end.stage == end->stage &&
	       h->last_end.fault == end->fault && strcmp(h->last_end.text, end->text) == 0;
}

/* A line when an outage begins, and when its reason changes; then silence until it ends. */
void health_failed(struct health *h, const struct addr *to, const struct transport_end *end,
	uint64_t wait_us, uint64_t now_us)
{
	bool changed = h->untold || !is_same(h, end);
	bool news = !h->down_since_us || (changed && now_us - h->logged_us >= LOG_EVERY_US);

	remember(h, to, end);
	if (!h->down_since_us) {
		h->down_since_us = now_us;
		h->failures = 0;
	}
	h->failures++;
	h->untold = changed && !news;
	if (!news)
		return;
	h->logged_us = now_us;
	log_limited(&h->limit, LOG_LEVEL_WARNING,
		"upstream %s; trying again in %.1f s while queries wait", h->last_failure,
		(double)wait_us / 1e6);
}

void health_note(struct health *h, const struct addr *to, const struct transport_end *end)
{
	char who[WHO_MAX];

	log_debug("upstream %s: %s: %s", describe(h, to, who), transport_stage_text(end->stage),
		end->text);
	if (!h->down_since_us)
		h->last_end = *end;
	h->last_end.partial = NULL;
}

/* "authenticated", or that it is not, which is worth a warning whenever it is news. */
void health_connected(struct health *h, const struct addr *to, const struct transport_info *info,
	uint64_t took_us)
{
	char who[WHO_MAX];
	double ms = (double)took_us / 1e3;
	bool news = !h->was_up || h->authenticated != info->authenticated;

	describe(h, to, who);
	if (info->clear)
		log_limited(&h->limit, news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
			"upstream %s: asked over %s, in clear", who, info->protocol);
	else if (news && info->authenticated)
		log_limited(&h->limit, LOG_LEVEL_INFO,
			"upstream %s: connected, %s %s, authenticated, %.1f ms", who,
			info->protocol, info->cipher, ms);
	else if (news)
		log_limited(&h->limit, LOG_LEVEL_WARNING,
			"upstream %s: connected, %s %s, encrypted but not authenticated, as the "
			"profile \"opportunistic\" allows: %s",
			who, info->protocol, info->cipher, info->doubt);
	else
		log_debug("upstream %s: connected again, %s %s%s, %.1f ms", who, info->protocol,
			info->cipher, info->resumed ? ", resumed" : "", ms);
	h->was_up = true;
	h->authenticated = info->authenticated;
}

static void log_end_of_doubt(struct health *h)
{
	if (!h->doubt_logged || health_doubtful(h))
		return;
	log_limited(&h->limit, LOG_LEVEL_INFO, "upstream %s: answers well again", h->label);
	h->doubt_logged = false;
}

void health_answered(struct health *h, bool timely, uint64_t now_us)
{
	if (timely && h->silent > 0) {
		h->silent = 0;
		log_end_of_doubt(h);
	}
	if (!h->down_since_us)
		return;
	log_limited(&h->limit, LOG_LEVEL_INFO,
		"upstream %s: up again after %.1f s and %llu failures", h->label,
		(double)(now_us - h->down_since_us) / 1e6, (unsigned long long)h->failures);
	h->down_since_us = 0;
	h->last_failure[0] = '\0';
}

static void log_doubt(struct health *h, const char *why)
{
	if (h->doubt_logged || !health_doubtful(h))
		return;
	log_limited(&h->limit, LOG_LEVEL_WARNING, "upstream %s: %s%s", h->label, why,
		h->alone ? "" : "; others are asked before it until it answers well");
	h->doubt_logged = true;
}

/* Often over in a moment: a line now and then, the rest for those who look closely. */
static void log_suspicion(
	struct health *h, const struct addr *to, const char *doubt, uint64_t now_us)
{
	bool news = !h->doubted_us || now_us - h->doubted_us >= LOG_EVERY_US;
	char who[WHO_MAX];

	if (news)
		h->doubted_us = now_us;
	log_limited(&h->limit, news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		"upstream %s: %s; its queries move to another connection", describe(h, to, who),
		doubt);
}

void health_silent(
	struct health *h, const struct addr *to, const char *doubt, bool counts, uint64_t now_us)
{
	log_suspicion(h, to, doubt, now_us);
	if (counts && h->silent < UINT32_MAX)
		h->silent++;
	log_doubt(h, "takes queries and answers nothing in time");
}

void health_error(struct health *h)
{
	if (h->errors < UINT32_MAX)
		h->errors++;
}

void health_contradicted(struct health *h)
{
	if (h->contradicted < UINT32_MAX)
		h->contradicted++;
	log_doubt(h, "answers with errors what others know");
}

void health_good(struct health *h)
{
	if (h->errors == 0 && h->contradicted == 0)
		return;
	h->errors = h->contradicted = 0;
	log_end_of_doubt(h);
}

void health_renew(struct health *h)
{
	*h = (struct health){ .label = h->label, .alone = h->alone };
}
