#include "common/base/json.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/page_json.h"
#include "proxy/ops/status.h"

static const char *transport_of(const struct config_upstream *u)
{
	static const char *const texts[] = { [TRANSPORT_TLS] = "tls",
		[TRANSPORT_DTLS] = "dtls",
		[TRANSPORT_AUTO] = "auto",
		[TRANSPORT_UDP] = "udp",
		[TRANSPORT_TCP] = "tcp" };

	return texts[u->transport];
}

static const char *profile_of(const struct config_upstream *u)
{
	if (config_is_plain(u->transport))
		return NULL;
	return u->profile == PROFILE_STRICT ? "strict" : "opportunistic";
}

/* Sessions of all addresses, and what is known of the first that has one. */
static void write_sessions(struct json *j, const struct upstream_look *l)
{
	const struct address_look *shown = NULL;
	uint64_t ready = 0, connecting = 0, retiring = 0, suspect = 0, inflight = 0;
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < l->count; i++) {
		const struct address_look *a = &l->address[i];

		ready += a->ready;
		connecting += a->connecting;
		retiring += a->retiring;
		suspect += a->suspect;
		inflight += a->inflight;
		if (!shown && a->ready > 0)
			shown = a;
	}
	json_number(j, "ready", ready);
	json_number(j, "connecting", connecting);
	json_number(j, "retiring", retiring);
	json_number(j, "suspect", suspect);
	json_number(j, "inflight", inflight);
	json_text(j, "address", shown ? addr_text(&shown->addr, text) : NULL);
	json_text(j, "protocol", shown ? shown->protocol : NULL);
	json_text(j, "cipher", shown && *shown->cipher ? shown->cipher : NULL);
	if (shown && !shown->clear)
		json_bool(j, "authenticated", shown->authenticated);
	else
		json_null(j, "authenticated");
}

static void write_times(struct json *j, const struct histogram *h)
{
	json_number(j, "p50", histogram_quantile_us(h, 0.5));
	json_number(j, "p95", histogram_quantile_us(h, 0.95));
	json_number(j, "p99", histogram_quantile_us(h, 0.99));
	json_array(j, "times"); /* a column for each power of two */
	json_number(j, NULL, h->bucket[0]);
	for (unsigned i = 1; i + 1 < HISTOGRAM_BUCKETS; i += 2)
		json_number(j, NULL, h->bucket[i] + h->bucket[i + 1]);
	json_number(j, NULL, h->bucket[HISTOGRAM_BUCKETS - 1]);
	json_end_array(j);
}

static void write_counters(struct json *j, const struct stats *s)
{
	json_number(j, "queries", s->upstream_queries);
	json_number(j, "answers", s->upstream_answers);
	json_number(j, "repeats", s->upstream_repeats);
	json_number(j, "full", s->handshakes_full);
	json_number(j, "resumed", s->handshakes_resumed);
	json_number(j, "failed", s->connects_failed);
	json_number(j, "padded", s->upstream_padded);
	json_number(j, "cookies", s->upstream_cookies);
	json_number(j, "cookies_right", s->upstream_cookies_right);
}

static void write_trouble(struct json *j, const struct upstream_look *l)
{
	json_text(j, "reason", l->reason[0] ? l->reason : NULL);
	if (l->retry_us != UINT64_MAX)
		json_decimal(j, "retry_s", (double)l->retry_us / 1e6, 1);
	else
		json_null(j, "retry_s");
	if (look_expiry(l) > 0)
		json_number(j, "expires", (uint64_t)look_expiry(l));
}

void page_json_upstreams(struct json *j, const struct figures *f)
{
	json_array(j, "upstreams");
	for (size_t i = 0; i < f->config->upstream_count && f->sum.knows_upstreams; i++) {
		const struct config_upstream *u = &f->config->forward[i];
		const struct upstream_report *r = &f->sum.upstreams[i];

		json_object(j, NULL);
		json_text(j, "name", u->name);
		json_text(j, "zone", status_zone_of(f, i));
		json_text(j, "transport", transport_of(u));
		json_text(j, "profile", profile_of(u));
		json_bool(j, "encrypted", !config_is_plain(u->transport));
		json_text(j, "state", status_upstream_text(f, i));
		write_sessions(j, &r->look);
		write_times(j, &r->stats.rtt);
		write_counters(j, &r->stats);
		write_trouble(j, &r->look);
		json_end_object(j);
	}
	json_end_array(j);
}
