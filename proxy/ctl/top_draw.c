#include "proxy/ctl/top.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/ctl/text.h"

#define LINE_MAX_LEN 1024
#define NAME_WIDTH   28

/* A page that is being drawn. */
struct page {
	FILE *out;
	size_t columns, lines; /* lines: that are left */
};

/* ------------------------------------------------------------------ lines */

/* What a terminal would obey is '?', and what has no room is left out. */
static void put_cut(FILE *out, const char *text, size_t columns)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool begins = (*p & 0xc0) != 0x80;

		if (begins && columns-- == 0)
			break;
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p++; /* C1 */
		else
			putc(*p < 0x20 || *p == 0x7f ? '?' : *p, out);
	}
}

static void __attribute__((format(printf, 3, 4))) line(
	struct page *p, enum ink colour, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;

	if (p->lines == 0)
		return;
	p->lines--;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fputs(colour == INK_NONE ? "" : ink(colour), p->out);
	put_cut(p->out, text, p->columns);
	fputs(colour == INK_NONE ? "" : ink(INK_NONE), p->out);
	putc('\n', p->out);
}

/* ------------------------------------------------------------------ figures */

static struct json_object *counters(const struct top_reading *r)
{
	return member(r->stats, "counters");
}

/* What came to a counter since the reading before, a second. */
static double rate_of(
	const struct top *t, struct json_object *now, struct json_object *before, const char *key)
{
	double s = t->now.at_s - t->before.at_s;
	uint64_t a = member_number(before, key), b = member_number(now, key);

	return before && s > 0 && b >= a ? (double)(b - a) / s : 0;
}

static double rate(const struct top *t, const char *key)
{
	return rate_of(t, counters(&t->now), counters(&t->before), key);
}

static double queries_rate(const struct top *t)
{
	return rate(t, "queries_udp") + rate(t, "queries_tcp");
}

/* ------------------------------------------------------------------ the parts of the page */

static enum ink ink_of(const char *state)
{
	if (strcmp(state, "healthy") == 0 || strcmp(state, "up") == 0)
		return INK_GOOD;
	return strcmp(state, "down") == 0 ? INK_BAD : INK_WARN;
}

static void draw_head(const struct top *t, struct page *p)
{
	struct json_object *s = t->now.status, *reasons = member(s, "reasons");
	const char *state = or_nothing(member_text(s, "state"));
	char up[TEXT_MAX];

	line(p, ink_of(state), "dnsfwd %s is %s: up for %s", or_nothing(member_text(s, "version")),
		state, text_duration(member_decimal(s, "up_s"), up));
	for (size_t i = 0; i < list_length(reasons); i++)
		line(p, INK_WARN, "! %s",
			or_nothing(json_object_get_string(json_object_array_get_idx(reasons, i))));
}

static void draw_queries(const struct top *t, struct page *p)
{
	struct json_object *q = member(t->now.status, "queries");
	double hits = rate(t, "cache_hits"), misses = rate(t, "cache_misses");
	char total[TEXT_MAX];

	line(p, INK_NONE, "queries   %8.1f/s   %s in all, %" PRIu64 " under way", queries_rate(t),
		text_count(member_number(q, "received"), total), member_number(q, "inflight"));
	line(p, INK_NONE, "cache     %8.0f %%   of %.1f/s looked for; %.1f/s old ones given",
		hits + misses > 0 ? 100 * hits / (hits + misses) : 0.0, hits + misses,
		rate(t, "cache_stale"));
	line(p, INK_NONE, "upstream  %8.1f/s   %.1f/s answered, %.1f/s sent again",
		rate(t, "upstream_queries"), rate(t, "upstream_answers"),
		rate(t, "upstream_repeats"));
	line(p, INK_NONE, "failed    %8.1f/s   %.1f/s after their deadline; %.1f/s blocked",
		rate(t, "replies_servfail"), rate(t, "timeouts"), rate(t, "blocked"));
}

/* One character for each reading, as high as it was busy. */
static void draw_past(const struct top *t, struct page *p)
{
	static const char *const bars[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char plain[] = " .:-=+*#@";
	size_t width = p->columns < TOP_PAST_MAX ? p->columns : TOP_PAST_MAX;
	size_t first = t->past_count > width ? t->past_count - width : 0;
	char text[TOP_PAST_MAX * 3 + 1] = "";
	size_t len = 0;
	double most = 1;

	for (size_t i = first; i < t->past_count; i++)
		most = t->past[i] > most ? t->past[i] : most;
	for (size_t i = first; i < t->past_count; i++) {
		unsigned level = (unsigned)(t->past[i] / most * 8 + 0.5);

		len += (size_t)snprintf(text + len, sizeof text - len, "%.*s", t->utf8 ? 3 : 1,
			t->utf8 ? bars[level] : &plain[level]);
	}
	line(p, INK_GOOD, "%s", text);
}

/* The counters of the upstream of this number. */
static struct json_object *counters_of(const struct top_reading *r, size_t i)
{
	struct json_object *list = member(r->stats, "upstreams");

	return i < list_length(list) ? member(json_object_array_get_idx(list, i), "counters") : NULL;
}

static void draw_upstream(const struct top *t, struct page *p, struct json_object *u, size_t i)
{
	struct json_object *now = counters_of(&t->now, i), *before = counters_of(&t->before, i);
	const char *state = or_nothing(member_text(u, "state"));
	char rtt[TEXT_MAX] = "-";

	if (member_is(u, "rtt_ms"))
		text_duration(member_decimal(u, "rtt_ms") / 1e3, rtt);
	line(p, strcmp(state, "up") == 0 ? INK_NONE : ink_of(state),
		"%-*.*s %-10s %10s %8.1f %9.1f %8" PRIu64, NAME_WIDTH, NAME_WIDTH,
		or_nothing(member_text(u, "name")), state, rtt,
		rate_of(t, now, before, "upstream_queries"),
		rate_of(t, now, before, "upstream_answers"), member_number(u, "sessions"));
}

static void draw_upstreams(const struct top *t, struct page *p)
{
	struct json_object *list = member(t->now.status, "upstreams");

	line(p, INK_DIM, "%-*s %-10s %10s %8s %9s %8s", NAME_WIDTH, "upstream", "state", "answers in",
		"asked/s", "answers/s", "sessions");
	for (size_t i = 0; i < list_length(list); i++)
		draw_upstream(t, p, json_object_array_get_idx(list, i), i);
}

void top_draw(const struct top *t, FILE *out, size_t columns, size_t lines)
{
	struct page p = { .out = out, .columns = columns, .lines = lines };

	if (!t->now.status) {
		line(&p, INK_BAD, "dnsfwd is not running; waiting for it");
		return;
	}
	draw_head(t, &p);
	draw_past(t, &p);
	draw_queries(t, &p);
	draw_upstreams(t, &p);
}

/* ------------------------------------------------------------------ readings */

static void let_go(struct top_reading *r)
{
	json_object_put(r->status);
	json_object_put(r->stats);
	*r = (struct top_reading){ .status = NULL };
}

void top_add(struct top *t, struct top_reading r)
{
	let_go(&t->before);
	t->before = t->now;
	t->now = r;
	if (!r.status || !t->before.status)
		return;
	if (t->past_count == TOP_PAST_MAX) {
		memmove(t->past, t->past + 1, (TOP_PAST_MAX - 1) * sizeof *t->past);
		t->past_count--;
	}
	t->past[t->past_count++] = queries_rate(t);
}

void top_free(struct top *t)
{
	let_go(&t->now);
	let_go(&t->before);
}
