#include "proxy/ops/page_json.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/dns/ede.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/hour.h"
#include "proxy/ops/status.h"
#include "proxy/version.h"

static const char bound_mark[] = "bound hit: ";

static void write_state(struct json *j, const struct page_figures *p)
{
	struct status s;

	status_judge(p->figures, p->around, &s);
	json_text(j, "version", dnsfwd_version);
	json_decimal(j, "up_s", (double)p->figures->up_us / 1e6, 1);
	json_text(j, "state", status_text(s.state));
	json_array(j, "reasons");
	for (size_t i = 0; i < s.count; i++)
		json_text(j, NULL, s.reason[i]);
	json_end_array(j);
	json_number(j, "workers", p->figures->workers);
	json_number(j, "heard", p->figures->heard);
	if (p->rss)
		json_number(j, "rss", p->rss);
}

static void write_totals(struct json *j, const struct stats *s)
{
	json_object(j, "totals");
	json_number(j, "queries", s->queries_udp + s->queries_tcp);
	json_number(j, "tcp", s->queries_tcp);
	json_number(j, "replies", s->replies);
	json_number(j, "cached", s->cache_hits + s->cache_stale + s->cache_cuts);
	json_number(j, "stale", s->cache_stale);
	json_number(j, "prefetches", s->cache_prefetches);
	json_number(j, "local", s->local_records + s->local_special + s->local_any);
	json_number(j, "blocked", s->blocked);
	json_number(j, "joined", s->joined);
	json_number(j, "timeouts", s->timeouts);
	json_number(j, "dropped",
		s->dropped_short + s->dropped_response + s->dropped_access + s->dropped_rate +
			s->dropped_late);
	json_end_object(j);
	json_object(j, "rcodes");
	for (unsigned i = 0; i < STATS_RCODES; i++)
		if (s->rcodes[i] > 0)
			json_number(
				j, i == STATS_RCODE_OTHER ? "other" : rcode_text(i), s->rcodes[i]);
	json_end_object(j);
}

static void write_privacy(struct json *j, const struct stats *s)
{
	json_object(j, "privacy");
	json_number(j, "sent", s->upstream_octets);
	json_number(j, "padding", s->upstream_padding);
	json_number(j, "answers", s->upstream_answers);
	json_number(j, "padded", s->upstream_padded);
	json_number(j, "cookies", s->upstream_cookies);
	json_number(j, "cookies_right", s->upstream_cookies_right);
	json_number(j, "client_cookies",
		s->client_cookies_fresh + s->client_cookies_valid + s->client_cookies_invalid);
	json_end_object(j);
}

static void write_waited(struct json *j, const struct histogram *h)
{
	json_object(j, "waited");
	json_number(j, "count", histogram_count(h));
	json_number(j, "p50", histogram_quantile_us(h, 0.5));
	json_number(j, "p95", histogram_quantile_us(h, 0.95));
	json_number(j, "p99", histogram_quantile_us(h, 0.99));
	json_end_object(j);
}

static void write_cache(struct json *j, const struct figures *f)
{
	if (!f->has_cache) {
		json_null(j, "cache");
		return;
	}
	json_object(j, "cache");
	json_number(j, "entries", f->cache.entries);
	json_number(j, "octets", f->cache.octets);
	json_number(j, "size", f->config->cache_size);
	json_number(j, "evicted", f->cache.evicted);
	json_end_object(j);
}

static void write_bound(struct json *j, const char *what, uint64_t count)
{
	if (count == 0)
		return;
	json_object(j, NULL);
	json_text(j, "what", what);
	json_number(j, "count", count);
	json_end_object(j);
}

static void write_bounds(struct json *j, const struct page_figures *p)
{
	const struct figures *f = p->figures;

	json_array(j, "bounds");
	for (unsigned i = 0; stats_rows[i].name; i++)
		if (strncmp(stats_rows[i].help, bound_mark, strlen(bound_mark)) == 0)
			write_bound(j, stats_rows[i].help + strlen(bound_mark),
				stats_value(&f->sum.stats, i));
	write_bound(j, "queries dropped by the kernel: a socket was full", f->sum.udp_drops);
	write_bound(j, "lines of the log dropped: its reader was slow", log_dropped());
	write_bound(j, "clients of this page had to wait", p->http_waits);
	json_end_array(j);
}

/* ------------------------------------------------------------------ the last hour */

static const struct {
	const char *name;
	size_t offset;
} series[] = {
	{ "queries", offsetof(struct hour_step, queries) },
	{ "cached", offsetof(struct hour_step, cached) },
	{ "local", offsetof(struct hour_step, local) },
	{ "asked", offsetof(struct hour_step, asked) },
	{ "failed", offsetof(struct hour_step, failed) },
	{ "p50", offsetof(struct hour_step, p50_us) },
	{ "p95", offsetof(struct hour_step, p95_us) },
	{ "p99", offsetof(struct hour_step, p99_us) },
};

static void write_series(struct json *j, const struct hour *h, size_t offset)
{
	for (size_t i = 0; i < h->count; i++) {
		const char *step = (const char *)hour_at(h, i);

		json_number(j, NULL, *(const uint32_t *)(const void *)(step + offset));
	}
}

static void write_hour(struct json *j, const struct hour *h)
{
	json_object(j, "history");
	json_number(j, "step_s", HOUR_STEP_S);
	for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
		json_array(j, series[i].name);
		write_series(j, h, series[i].offset);
		json_end_array(j);
	}
	json_end_object(j);
}

void page_json(struct json *j, const struct page_figures *p)
{
	const struct figures *f = p->figures;

	json_object(j, NULL);
	write_state(j, p);
	write_totals(j, &f->sum.stats);
	write_waited(j, &f->sum.stats.waited);
	write_cache(j, f);
	write_privacy(j, &f->sum.stats);
	write_bounds(j, p);
	page_json_upstreams(j, f);
	write_hour(j, p->hour);
	json_end_object(j);
}
