#include "proxy/ops/report.h"

#include <stddef.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/figures.h"

#define LINE_MAX_LEN 700

static void log_counters(const struct stats *s)
{
	char line[LINE_MAX_LEN + 100] = "";
	size_t at = 0;

	for (unsigned i = 0; stats_rows[i].name; i++) {
		at += (size_t)snprintf(line + at, sizeof line - at, " %s=%llu", stats_rows[i].name,
			(unsigned long long)stats_value(s, i));
		if (at > LINE_MAX_LEN || !stats_rows[i + 1].name) {
			log_info("statistics:%s", line);
			at = 0;
		}
	}
}

/* What is of interest for a single one. */
static const size_t of_upstream[] = {
	offsetof(struct stats, upstream_queries),
	offsetof(struct stats, upstream_answers),
	offsetof(struct stats, upstream_repeats),
	offsetof(struct stats, handshakes_full),
	offsetof(struct stats, handshakes_resumed),
	offsetof(struct stats, connects_failed),
	offsetof(struct stats, datagram_repeats),
	offsetof(struct stats, fallback_truncated),
	offsetof(struct stats, fallback_size),
	offsetof(struct stats, fallback_silence),
	offsetof(struct stats, fallback_cookies),
	offsetof(struct stats, upstream_cookies),
	offsetof(struct stats, upstream_cookies_right),
	offsetof(struct stats, upstream_cookies_missing),
	offsetof(struct stats, upstream_cookies_discarded),
	offsetof(struct stats, upstream_badcookie),
};

static void log_upstream(const char *name, const struct stats *s)
{
	char line[LINE_MAX_LEN + 100] = "";
	size_t at = 0;

	for (size_t i = 0; i < sizeof of_upstream / sizeof *of_upstream && at < LINE_MAX_LEN; i++) {
		unsigned row = (unsigned)(of_upstream[i] / sizeof(uint64_t));

		at += (size_t)snprintf(line + at, sizeof line - at, " %s=%llu",
			stats_rows[row].name, (unsigned long long)stats_value(s, row));
	}
	log_info("figures of upstream %s:%s", name, line);
}

static void log_cache(const struct cache_figures *f)
{
	log_info("statistics: cache_entries=%llu cache_octets=%llu cache_stored=%llu "
		 "cache_evicted=%llu cache_admitted=%llu bound_cache_answer=%llu",
		(unsigned long long)f->entries, (unsigned long long)f->octets,
		(unsigned long long)f->stored, (unsigned long long)f->evicted,
		(unsigned long long)f->admitted, (unsigned long long)f->too_large);
}

static void log_lists(const struct figures *f)
{
	for (size_t i = 0; i < f->config->block.count; i++)
		log_info("statistics: block list %s: %llu replies", f->config->block.text[i],
			(unsigned long long)f->sum.blocked[i]);
}

static void log_report(void *unused, const struct figures *f)
{
	const struct worker_report *s = &f->sum;

	(void)unused;
	if (f->heard < f->workers)
		log_warning("statistics: %zu of %zu workers do not answer; these are without them",
			f->workers - f->heard, f->workers);
	log_info("statistics: queries_inflight=%zu tcp_clients=%zu sessions=%u udp_drops=%llu "
		 "long_turns=%llu bound_mailbox=%llu "
		 "log_dropped=%llu",
		s->queries_inflight, s->tcp_clients, s->sessions, (unsigned long long)s->udp_drops,
		(unsigned long long)s->long_turns, (unsigned long long)s->mails_refused,
		(unsigned long long)log_dropped());
	if (f->has_cache)
		log_cache(&f->cache);
	log_lists(f);
	for (size_t i = 0; i < f->config->upstream_count; i++)
		log_upstream(f->config->forward[i].name, &s->upstreams[i].stats);
	log_counters(&s->stats);
}

void report_request(struct gatherer *g)
{
	if (!gatherer_ask(g, log_report, NULL))
		log_warning("statistics: too many reports are under way; ask again later");
}
