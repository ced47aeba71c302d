#include "proxy/ops/report.h"

#include <stdbool.h>
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
	log_counters(&s->stats);
}

static void add(struct worker_report *sum, const struct worker_report *part)
{
	stats_add(&sum->stats, &part->stats);
	sum->queries_inflight += part->queries_inflight;
	sum->tcp_clients += part->tcp_clients;
	sum->sessions += part->sessions;
	sum->udp_drops += part->udp_drops;
	sum->long_turns += part->long_turns;
	for (size_t i = 0; i < CONFIG_BLOCK_MAX; i++)
		sum->blocked[i] += part->blocked[i];
}

/* True: this was the last one, the report is the caller's to free. */
static bool count_in(struct report_mail *r)
{
	struct report *report = r->report;

	free(r);
	return --report->missing == 0;
}

/* Only when the program ends, and all threads but main's have gone: the report is not given. */
static void discard(struct mail *m)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);
	struct report *report = r->report;

	if (count_in(r))
		free(report);
}

static void deliver_back(struct mail *m, void *receiver)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);
	struct report *report = r->report;

	(void)receiver;
	add(&report->sum, &r->figures);
	if (!count_in(r))
		return;
	log_report(report);
	free(report);
}

static void deliver_to_worker(struct mail *m, void *receiver)
{
	struct report_mail *r = container_of(m, struct report_mail, mail);

	worker_get_report(receiver, &r->figures);
	r->mail.deliver = deliver_back;
	mailbox_post(r->back, &r->mail);
}

void report_request(struct worker **workers, size_t count, struct cache *cache,
	struct mailbox *back, const struct config *config)
{
	struct report *report = calloc(1, sizeof *report);

	if (!report)
		return;
	report->missing = count;
	report->cache = cache;
	report->config = config;
	for (size_t i = 0; i < count; i++) {
		struct report_mail *r = calloc(1, sizeof *r);

		if (!r) {
			report->missing--; /* its figures are left out */
			continue;
		}
		r->report = report;
		r->back = back;
		r->mail.deliver = deliver_to_worker;
		r->mail.discard = discard;
		mailbox_post(worker_mailbox(workers[i]), &r->mail);
	}
	if (report->missing == 0)
		free(report);
}
