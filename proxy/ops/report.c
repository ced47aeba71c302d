#include "proxy/ops/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/cache/cache.h"
#include "proxy/worker.h"

#define LINE_MAX_LEN 700

/* The sum, touched by main's thread only; freed when the last worker has reported. */
struct report {
	size_t missing;
	struct cache *cache;
	const struct config *config;
	struct worker_report sum;
};

struct report_mail {
	struct mail mail;
	struct report *report;
	struct mailbox *back;
	struct worker_report figures;
};

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

static void log_cache(struct cache *cache)
{
	struct cache_figures f;

	cache_get_figures(cache, &f);
	log_info("statistics: cache_entries=%llu cache_octets=%llu cache_stored=%llu "
		 "cache_evicted=%llu cache_admitted=%llu bound_cache_answer=%llu",
		(unsigned long long)f.entries, (unsigned long long)f.octets,
		(unsigned long long)f.stored, (unsigned long long)f.evicted,
		(unsigned long long)f.admitted, (unsigned long long)f.too_large);
}

static void log_lists(const struct report *r)
{
	for (size_t i = 0; i < r->config->block.count; i++)
		log_info("statistics: block list %s: %llu replies", r->config->block.text[i],
			(unsigned long long)r->sum.blocked[i]);
}

static void log_report(const struct report *r)
{
	const struct worker_report *s = &r->sum;

	log_info("statistics: queries_inflight=%zu tcp_clients=%zu sessions=%u udp_drops=%llu "
		 "long_turns=%llu "
		 "log_dropped=%llu",
		s->queries_inflight, s->tcp_clients, s->sessions, (unsigned long long)s->udp_drops,
		(unsigned long long)s->long_turns, (unsigned long long)log_dropped());
	if (r->cache)
		log_cache(r->cache);
	log_lists(r);
	for (size_t i = 0; i < r->config->upstream_count; i++)
		log_upstream(r->config->forward[i].name, &s->upstreams[i]);
	log_counters(&s->stats);
}

static void add(struct worker_report *sum, const struct worker_report *part, size_t upstreams)
{
	stats_add(&sum->stats, &part->stats);
	for (size_t i = 0; i < upstreams; i++)
		stats_add(&sum->upstreams[i], &part->upstreams[i]);
	sum->queries_inflight += part->queries_inflight;
	sum->tcp_clients += part->tcp_clients;
	sum->sessions += part->sessions;
	sum->udp_drops += part->udp_drops;
	sum->long_turns += part->long_turns;
	for (size_t i = 0; i < CONFIG_BLOCK_MAX; i++)
		sum->blocked[i] += part->blocked[i];
}

static void free_report(struct report *r)
{
	free(r->sum.upstreams);
	free(r);
}

static void free_mail(struct report_mail *m)
{
	free(m->figures.upstreams);
	free(m);
}

/* True: this was the last one, the report is the caller's to free. */
static bool count_in(struct report_mail *r)
{
	struct report *report = r->report;

	free_mail(r);
	return --report->missing == 0;
}

/* Only when the program ends, and all threads but main's have gone: the report is not given. */
static void discard(struct mail *m)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);
	struct report *report = r->report;

	if (count_in(r))
		free_report(report);
}

static void deliver_back(struct mail *m, void *receiver)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);
	struct report *report = r->report;

	(void)receiver;
	add(&report->sum, &r->figures, report->config->upstream_count);
	if (!count_in(r))
		return;
	log_report(report);
	free_report(report);
}

static void deliver_to_worker(struct mail *m, void *receiver)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);

	worker_get_report(receiver, &r->figures);
	r->mail.deliver = deliver_back;
	mailbox_post(r->back, &r->mail);
}

/* NULL without memory: the figures of that worker are left out. */
static struct report_mail *make_mail(struct report *report, struct mailbox *back)
{
	struct report_mail *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->figures.upstreams = calloc(report->config->upstream_count, sizeof(struct stats));
	if (!r->figures.upstreams) {
		free(r);
		return NULL;
	}
	r->report = report;
	r->back = back;
	r->mail.deliver = deliver_to_worker;
	r->mail.discard = discard;
	return r;
}

static struct report *make_report(size_t workers, struct cache *cache, const struct config *config)
{
	struct report *report = calloc(1, sizeof *report);

	if (!report)
		return NULL;
	report->missing = workers;
	report->cache = cache;
	report->config = config;
	report->sum.upstreams = calloc(config->upstream_count, sizeof(struct stats));
	if (report->sum.upstreams)
		return report;
	free(report);
	return NULL;
}

void report_request(struct worker **workers, size_t count, struct cache *cache,
	struct mailbox *back, const struct config *config)
{
	struct report *report = make_report(count, cache, config);

	if (!report)
		return;
	for (size_t i = 0; i < count; i++) {
		struct report_mail *r = make_mail(report, back);

		if (r)
			mailbox_post(worker_mailbox(workers[i]), &r->mail);
		else
			report->missing--;
	}
	if (report->missing == 0)
		free_report(report);
}
