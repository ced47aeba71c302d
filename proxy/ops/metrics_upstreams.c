/* The metrics that have a sample for each upstream. */
#include <stdio.h>

#include "proxy/ops/figures.h"
#include "proxy/ops/metrics_text.h"
#include "proxy/ops/status.h"

/* One upstream with its labels, made once. */
struct sample {
	const struct upstream_report *report;
	char labels[EXPOSITION_LABELS_MAX];
};

/* Writes the samples of one upstream into the family that was begun. */
typedef void write_sample(struct exposition *e, const struct sample *s);

/* A name may stand in several zones; a series must be one upstream. */
static void label(const struct figures *f, size_t i, struct sample *ret)
{
	const char *zone = status_zone_of(f, i);

	ret->report = &f->sum.upstreams[i];
	ret->labels[0] = '\0';
	exposition_label(ret->labels, "upstream", f->config->forward[i].name);
	if (zone)
		exposition_label(ret->labels, "zone", zone);
}

static void with_label(struct exposition *e, const struct sample *s, const char *name,
	const char *value, uint64_t n)
{
	char labels[EXPOSITION_LABELS_MAX];

	snprintf(labels, sizeof labels, "%s", s->labels);
	exposition_count(e, exposition_label(labels, name, value), n);
}

/* ------------------------------------------------------------------ what was counted */

#define COUNTER(member)                                                                            \
	static void write_##member(struct exposition *e, const struct sample *s)                   \
	{                                                                                          \
		exposition_count(e, s->labels, s->report->stats.member);                           \
	}
COUNTER(upstream_queries)
COUNTER(upstream_answers)
COUNTER(upstream_repeats)
COUNTER(upstream_hedges)
COUNTER(upstream_octets)
COUNTER(upstream_padded)
COUNTER(sessions_ended)

static void write_connects(struct exposition *e, const struct sample *s)
{
	const struct stats *c = &s->report->stats;

	with_label(e, s, "result", "failed", c->connects_failed);
	with_label(e, s, "result", "begun", c->connects - c->connects_failed);
}

static void write_handshake(struct exposition *e, const struct sample *s, const char *kind,
	const char *result, uint64_t n)
{
	char labels[EXPOSITION_LABELS_MAX];

	snprintf(labels, sizeof labels, "%s", s->labels);
	exposition_label(labels, "kind", kind);
	exposition_count(e, exposition_label(labels, "result", result), n);
}

/* Whether one that failed would have been full or resumed, nobody knows. */
static void write_handshakes(struct exposition *e, const struct sample *s)
{
	write_handshake(e, s, "full", "ok", s->report->stats.handshakes_full);
	write_handshake(e, s, "resumed", "ok", s->report->stats.handshakes_resumed);
	write_handshake(e, s, "unknown", "failed", s->report->stats.handshakes_failed);
}

static void write_rtt(struct exposition *e, const struct sample *s)
{
	exposition_histogram(e, s->labels, &s->report->stats.rtt);
}

static void write_handshake_times(struct exposition *e, const struct sample *s)
{
	exposition_histogram(e, s->labels, &s->report->stats.handshake);
}

/* ------------------------------------------------------------------ how it is now */

static void write_up(struct exposition *e, const struct sample *s)
{
	exposition_count(e, s->labels, s->report->look.standing != UPSTREAM_DOWN);
}

static void write_doubtful(struct exposition *e, const struct sample *s)
{
	exposition_count(e, s->labels, s->report->look.doubtful);
}

static void write_smoothed(struct exposition *e, const struct sample *s)
{
	exposition_decimal(e, s->labels, (double)s->report->look.srtt_us / 1e6);
}

static void write_connections(struct exposition *e, const struct sample *s)
{
	const struct upstream_look *l = &s->report->look;
	uint64_t connecting = 0, ready = 0, retiring = 0, suspect = 0;

	for (size_t i = 0; i < l->count; i++) {
		connecting += l->address[i].connecting;
		ready += l->address[i].ready;
		retiring += l->address[i].retiring;
		suspect += l->address[i].suspect;
	}
	with_label(e, s, "state", "connecting", connecting);
	with_label(e, s, "state", "ready", ready);
	with_label(e, s, "state", "retiring", retiring);
	with_label(e, s, "state", "suspect", suspect);
}

static void write_inflight(struct exposition *e, const struct sample *s)
{
	const struct upstream_look *l = &s->report->look;
	uint64_t sum = 0;

	for (size_t i = 0; i < l->count; i++)
		sum += l->address[i].inflight;
	exposition_count(e, s->labels, sum);
}

/* Unknown until one was shown. */
static void write_expiry(struct exposition *e, const struct sample *s)
{
	int64_t expiry = look_expiry(&s->report->look);

	if (expiry > 0)
		exposition_count(e, s->labels, (uint64_t)expiry);
}

/* ------------------------------------------------------------------ all of them */

static const struct {
	const char *name, *type, *help;
	write_sample *write;
} families[] = {
	{ "dnsfwd_upstream_up", "gauge",
		"Whether it can be asked, as far as is known; 0 from a failure until the next "
		"answer.",
		write_up },
	{ "dnsfwd_upstream_doubtful", "gauge", "Whether it takes queries and answers badly.",
		write_doubtful },
	{ "dnsfwd_upstream_queries_total", "counter", "Queries sent to it, repeated ones too.",
		write_upstream_queries },
	{ "dnsfwd_upstream_answers_total", "counter", "Its answers that fit a query.",
		write_upstream_answers },
	{ "dnsfwd_upstream_repeats_total", "counter", "Queries sent again after a loss.",
		write_upstream_repeats },
	{ "dnsfwd_upstream_hedges_total", "counter", "Queries sent again because a name was slow.",
		write_upstream_hedges },
	{ "dnsfwd_upstream_sent_bytes_total", "counter", "Queries sent to it, with padding.",
		write_upstream_octets },
	{ "dnsfwd_upstream_padded_answers_total", "counter", "Answers that it had padded.",
		write_upstream_padded },
	{ "dnsfwd_upstream_inflight", "gauge", "Queries that wait for its answer.",
		write_inflight },
	{ "dnsfwd_upstream_rtt_seconds", "histogram",
		"From the first sending of a query to its answer.", write_rtt },
	{ "dnsfwd_upstream_smoothed_rtt_seconds", "gauge",
		"The response time that dnsfwd goes by; 0: none yet.", write_smoothed },
	{ "dnsfwd_upstream_connections", "gauge",
		"Connections by state; those that are suspect are in their other state, too.",
		write_connections },
	{ "dnsfwd_upstream_connects_total", "counter",
		"Connections by how they began: failed, or none of that.", write_connects },
	{ "dnsfwd_upstream_sessions_ended_total", "counter",
		"Sessions closed by it or by an error.", write_sessions_ended },
	{ "dnsfwd_upstream_handshake_seconds", "histogram",
		"From the first packet to a session that takes queries.", write_handshake_times },
	{ "dnsfwd_tls_handshakes_total", "counter", "TLS and DTLS handshakes.", write_handshakes },
	{ "dnsfwd_upstream_certificate_expiry_timestamp_seconds", "gauge",
		"When the certificate last shown expires, in seconds since 1970.", write_expiry },
};

void metrics_text_upstreams(struct exposition *e, const struct figures *f)
{
	struct sample s;

	if (!f->sum.knows_upstreams)
		return;
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		exposition_family(e, families[i].name, families[i].type, families[i].help);
		for (size_t k = 0; k < f->config->upstream_count; k++) {
			label(f, k, &s);
			families[i].write(e, &s);
		}
	}
}
