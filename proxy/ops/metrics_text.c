#include "proxy/ops/metrics_text.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/dns/ede.h"
#include "proxy/ops/figures.h"

#define BOUND "bound_"

/* One sample of a family: a counter of struct stats. */
struct row {
	const char *labels;
	size_t offset;
};

#define ROW(labels, member)                                                                        \
	{                                                                                          \
		labels, offsetof(struct stats, member)                                             \
	}

struct family {
	const char *name, *help;
	const struct row *rows;
	size_t count;
};

#define ONE(name, help, member)                                                                    \
	{                                                                                          \
		name, help, (const struct row[]){ ROW(NULL, member) }, 1                           \
	}
#define SOME(name, help, rows)                                                                     \
	{                                                                                          \
		name, help, rows, sizeof rows / sizeof *(rows)                                     \
	}

static const struct row local_rows[] = {
	ROW("source=\"records\"", local_records),
	ROW("source=\"special-names\"", local_special),
	ROW("source=\"any-over-udp\"", local_any),
	ROW("source=\"block-lists\"", blocked),
};

static const struct row dropped_rows[] = {
	ROW("reason=\"short\"", dropped_short),
	ROW("reason=\"response\"", dropped_response),
	ROW("reason=\"access\"", dropped_access),
	ROW("reason=\"rate\"", dropped_rate),
	ROW("reason=\"late\"", dropped_late),
	ROW("reason=\"client-gone\"", replies_gone),
};

static const struct row cookie_rows[] = {
	ROW("side=\"client\",result=\"fresh\"", client_cookies_fresh),
	ROW("side=\"client\",result=\"valid\"", client_cookies_valid),
	ROW("side=\"client\",result=\"renewed\"", client_cookies_renewed),
	ROW("side=\"client\",result=\"invalid\"", client_cookies_invalid),
	ROW("side=\"client\",result=\"malformed\"", client_cookies_malformed),
	ROW("side=\"client\",result=\"demanded\"", client_cookies_demanded),
	ROW("side=\"upstream\",result=\"sent\"", upstream_cookies),
	ROW("side=\"upstream\",result=\"right\"", upstream_cookies_right),
	ROW("side=\"upstream\",result=\"missing\"", upstream_cookies_missing),
	ROW("side=\"upstream\",result=\"discarded\"", upstream_cookies_discarded),
	ROW("side=\"upstream\",result=\"badcookie\"", upstream_badcookie),
};

static const struct row discarded_rows[] = {
	ROW("reason=\"late\"", upstream_late),
	ROW("reason=\"unknown-id\"", upstream_unknown),
	ROW("reason=\"other-question\"", upstream_mismatch),
	ROW("reason=\"malformed\"", upstream_malformed),
	ROW("reason=\"private-address\"", refused_private),
};

static const struct row fallback_rows[] = {
	ROW("reason=\"truncated\"", fallback_truncated),
	ROW("reason=\"size\"", fallback_size),
	ROW("reason=\"silence\"", fallback_silence),
	ROW("reason=\"cookies\"", fallback_cookies),
};

static const struct family counters[] = {
	SOME("dnsfwd_local_responses_total", "Queries answered here, by what knew.", local_rows),
	ONE("dnsfwd_own_servfails_total", "SERVFAILs of dnsfwd's own, each with a reason.",
		replies_servfail),
	ONE("dnsfwd_truncated_total", "Replies cut to the client's limit (TC=1).",
		replies_truncated),
	ONE("dnsfwd_timeouts_total", "Queries given up at their deadline.", timeouts),
	ONE("dnsfwd_cache_hits_total", "Queries answered from the cache.", cache_hits),
	ONE("dnsfwd_cache_misses_total", "Queries that the cache could not answer.", cache_misses),
	ONE("dnsfwd_cache_stale_total", "Queries answered with what had outlived its TTL.",
		cache_stale),
	ONE("dnsfwd_cache_cuts_total", "Queries answered because a name above does not exist.",
		cache_cuts),
	ONE("dnsfwd_cache_prefetches_total", "Questions asked ahead of the end of a TTL.",
		cache_prefetches),
	ONE("dnsfwd_joined_total", "Queries that joined an equal one in flight.", joined),
	SOME("dnsfwd_dropped_total", "Messages and queries without a reply.", dropped_rows),
	SOME("dnsfwd_cookies_total", "DNS cookies (RFC 7873) of both sides.", cookie_rows),
	SOME("dnsfwd_discarded_answers_total", "Answers of upstreams that were not used.",
		discarded_rows),
	SOME("dnsfwd_fallbacks_total", "Queries moved from datagrams to a stream.", fallback_rows),
	ONE("dnsfwd_padding_bytes_total", "Padding in the queries sent upstream.",
		upstream_padding),
	ONE("dnsfwd_tcp_accepted_total", "TCP clients accepted.", tcp_accepted),
};

static uint64_t value_at(const struct stats *s, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)s + offset);
}

static void write_counters(struct exposition *e, const struct stats *s)
{
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		const struct family *f = &counters[i];

		exposition_family(e, f->name, "counter", f->help);
		for (size_t k = 0; k < f->count; k++)
			exposition_count(e, f->rows[k].labels, value_at(s, f->rows[k].offset));
	}
}

static void write_queries(struct exposition *e, const struct stats *s)
{
	exposition_family(e, "dnsfwd_queries_total", "counter", "Queries received.");
	exposition_count(e, "proto=\"udp\",family=\"ipv4\"", s->queries_udp - s->queries_udp6);
	exposition_count(e, "proto=\"udp\",family=\"ipv6\"", s->queries_udp6);
	exposition_count(e, "proto=\"tcp\",family=\"ipv4\"", s->queries_tcp - s->queries_tcp6);
	exposition_count(e, "proto=\"tcp\",family=\"ipv6\"", s->queries_tcp6);
}

/* Those that anybody would look for are there from the start. */
static bool is_usual(unsigned rcode)
{
	return rcode <= RCODE_REFUSED;
}

static void write_rcodes(struct exposition *e, const struct stats *s)
{
	exposition_family(e, "dnsfwd_responses_total", "counter", "Replies given to clients.");
	for (unsigned i = 0; i < STATS_RCODES; i++) {
		char labels[EXPOSITION_LABELS_MAX] = "";

		if (s->rcodes[i] == 0 && !is_usual(i))
			continue;
		exposition_count(e,
			exposition_label(
				labels, "rcode", i == STATS_RCODE_OTHER ? "other" : rcode_text(i)),
			s->rcodes[i]);
	}
}

/* What was given at once waited for nothing, and is in the first bucket. */
static void write_times(struct exposition *e, const struct stats *s)
{
	struct histogram all = s->waited;
	uint64_t waited = histogram_count(&s->waited);

	all.bucket[0] += s->replies > waited ? s->replies - waited : 0;
	exposition_family(e, "dnsfwd_response_seconds", "histogram",
		"From reading a query to its reply; what is at hand counts as 0.");
	exposition_histogram(e, NULL, &all);
}

/* Every bound of the program has a counter of this name. */
static void write_bounds(struct exposition *e, const struct figures *f, uint64_t http_waits)
{
	exposition_family(e, "dnsfwd_bounds_hit_total", "counter",
		"How often a bound was hit: something waited, or was refused.");
	for (unsigned i = 0; stats_rows[i].name; i++) {
		char labels[EXPOSITION_LABELS_MAX] = "";

		if (strncmp(stats_rows[i].name, BOUND, strlen(BOUND)) == 0)
			exposition_count(e,
				exposition_label(
					labels, "bound", stats_rows[i].name + strlen(BOUND)),
				stats_value(&f->sum.stats, i));
	}
	exposition_count(e, "bound=\"cache_answer\"", f->has_cache ? f->cache.too_large : 0);
	exposition_count(e, "bound=\"turn\"", f->sum.long_turns);
	exposition_count(e, "bound=\"mailbox\"", f->sum.mails_refused);
	exposition_count(e, "bound=\"udp_receive\"", f->sum.udp_drops);
	exposition_count(e, "bound=\"log\"", log_dropped());
	exposition_count(e, "bound=\"http_clients\"", http_waits);
}

static void gauge(struct exposition *e, const char *name, const char *help, uint64_t value)
{
	exposition_family(e, name, "gauge", help);
	exposition_count(e, NULL, value);
}

static void counter(struct exposition *e, const char *name, const char *help, uint64_t value)
{
	exposition_family(e, name, "counter", help);
	exposition_count(e, NULL, value);
}

static void write_cache(struct exposition *e, const struct figures *f)
{
	if (!f->has_cache)
		return;
	gauge(e, "dnsfwd_cache_entries", "Answers in the cache.", f->cache.entries);
	gauge(e, "dnsfwd_cache_bytes", "Memory that they take.", f->cache.octets);
	gauge(e, "dnsfwd_cache_max_bytes", "Memory that they may take (cache-size).",
		f->config->cache_size);
	counter(e, "dnsfwd_cache_stored_total", "Answers stored.", f->cache.stored);
	counter(e, "dnsfwd_cache_evictions_total", "Answers that had to go for others.",
		f->cache.evicted);
}

static void write_now(struct exposition *e, const struct figures *f)
{
	gauge(e, "dnsfwd_inflight", "Queries of clients that wait for an answer.",
		f->sum.queries_inflight);
	gauge(e, "dnsfwd_tcp_clients", "TCP clients.", f->sum.tcp_clients);
	gauge(e, "dnsfwd_workers", "Threads that handle queries.", f->workers);
	gauge(e, "dnsfwd_workers_heard", "Of these, that have told their figures in time.",
		f->heard);
}

static void write_blocked(struct exposition *e, const struct figures *f)
{
	if (f->config->block.count == 0)
		return;
	exposition_family(
		e, "dnsfwd_blocked_total", "counter", "Replies about names of a block list.");
	for (size_t i = 0; i < f->config->block.count; i++) {
		char labels[EXPOSITION_LABELS_MAX] = "";

		exposition_count(e, exposition_label(labels, "list", f->config->block.text[i]),
			f->sum.blocked[i]);
	}
}

static void write_process(struct exposition *e, const struct metrics_more *more)
{
	exposition_family(e, "process_start_time_seconds", "gauge",
		"When dnsfwd was started, in seconds since 1970.");
	exposition_decimal(e, NULL, more->started_s);
	exposition_family(e, "process_cpu_seconds_total", "counter", "Processor time used.");
	exposition_decimal(e, NULL, more->cpu_s);
	if (more->rss > 0)
		gauge(e, "process_resident_memory_bytes", "Memory in use.", more->rss);
}

static void write_build(struct exposition *e, const struct metrics_versions *v)
{
	char labels[EXPOSITION_LABELS_MAX] = "";

	exposition_label(labels, "version", v->dnsfwd);
	exposition_label(labels, "gnutls", v->gnutls);
	exposition_label(labels, "libevent", v->libevent);
	exposition_label(labels, "cares", v->cares);
	exposition_family(e, "dnsfwd_build_info", "gauge", "Versions; always 1.");
	exposition_count(e, labels, 1);
}

void metrics_text(struct exposition *e, const struct figures *f, const struct metrics_more *more)
{
	write_build(e, &more->versions);
	write_process(e, more);
	gauge(e, "dnsfwd_healthy", "Whether some upstream can be asked, as /healthz says.",
		more->healthy);
	write_queries(e, &f->sum.stats);
	write_rcodes(e, &f->sum.stats);
	write_times(e, &f->sum.stats);
	write_counters(e, &f->sum.stats);
	write_blocked(e, f);
	write_cache(e, f);
	write_now(e, f);
	write_bounds(e, f, more->http_waits);
	metrics_text_upstreams(e, f);
}
