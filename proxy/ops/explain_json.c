#include "proxy/ops/explain_json.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "common/config/config.h"
#include "common/dns/cookie_client.h"
#include "common/dns/ede.h"
#include "common/dns/edns.h"
#include "common/dns/record_text.h"
#include "proxy/explain.h"

#define DATA_MAX 4096u
#define EDE_CODE 15u /* the option's (RFC 8914 2) */

static double milliseconds(uint64_t us)
{
	return (double)us / 1e3;
}

/* ------------------------------------------------------------------ the reply */

static void write_record(struct json *j, const struct dns_message *m, const struct dns_record *r)
{
	static char data[DATA_MAX];
	char owner[RECORD_NAME_TEXT_MAX];

	json_object(j, NULL);
	json_text(j, "name", record_owner_text(m, r, owner));
	json_text(j, "type", type_text(r->type));
	json_number(j, "ttl", record_ttl(m, r));
	json_text(j, "data", record_data_text(m, r, data, sizeof data));
	json_end_object(j);
}

static void write_section(
	struct json *j, const char *key, const struct dns_message *m, enum dns_section section)
{
	struct record_walk w = record_walk(m);
	struct dns_record r;

	json_array(j, key);
	while (record_next(&w, &r))
		if (r.section == section && r.type != DNS_TYPE_OPT)
			write_record(j, m, &r);
	json_end_array(j);
}

static void write_flags(struct json *j, uint16_t flags)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = { { DNS_AA, "aa" }, { DNS_TC, "tc" }, { DNS_RD, "rd" }, { DNS_RA, "ra" },
		{ DNS_AD, "ad" }, { DNS_CD, "cd" } };

	json_array(j, "flags");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (flags & names[i].bit)
			json_text(j, NULL, names[i].name);
	json_end_array(j);
}

static void write_error(struct json *j, const struct edns_option *o)
{
	char text[EDE_TEXT_MAX + 1];
	size_t len = o->len - 2u < EDE_TEXT_MAX ? o->len - 2u : EDE_TEXT_MAX;

	memcpy(text, o->data + 2, len);
	text[len] = '\0';
	json_object(j, NULL);
	json_number(j, "code", wire_get16(o->data));
	json_text(j, "meaning", ede_meaning(wire_get16(o->data)));
	json_text(j, "text", text);
	json_end_object(j);
}

static void write_errors(struct json *j, const struct dns_message *m)
{
	struct edns_option o;
	size_t pos = 0;

	json_array(j, "ede");
	while (m->opt && edns_next_option(m, &pos, &o))
		if (o.code == EDE_CODE && o.len >= 2)
			write_error(j, &o);
	json_end_array(j);
}

static void write_reply(struct json *j, const struct explain *x)
{
	struct dns_message m;
	struct edns e;

	if (x->reply_len == 0 || message_parse(x->reply, x->reply_len, &m) != MESSAGE_OK) {
		json_null(j, "reply");
		return;
	}
	edns_parse(&m, true, &e);
	json_object(j, "reply");
	json_text(j, "rcode", rcode_text((unsigned)e.extended_rcode << 4 | message_rcode(&m)));
	write_flags(j, m.flags);
	json_number(j, "octets", x->reply_len);
	write_errors(j, &m);
	write_section(j, "answer", &m, DNS_ANSWER);
	write_section(j, "authority", &m, DNS_AUTHORITY);
	json_end_object(j);
}

/* ------------------------------------------------------------------ where it came from */

static const char *source_text(enum explain_source s)
{
	static const char *const texts[] = { [EXPLAIN_UPSTREAM] = "upstream",
		[EXPLAIN_FAILURE] = "failure",
		[EXPLAIN_RECORD] = "local record",
		[EXPLAIN_SPECIAL] = "special-use name",
		[EXPLAIN_BLOCKED] = "block list",
		[EXPLAIN_LOCAL] = "dnsfwd itself",
		[EXPLAIN_CACHE] = "cache",
		[EXPLAIN_STALE] = "cache, stale",
		[EXPLAIN_CUT] = "cache, a name above does not exist",
		[EXPLAIN_DROPPED] = "dropped" };

	return texts[s];
}

static void write_source(struct json *j, const struct explain *x, const struct config *c)
{
	bool blocked = x->source == EXPLAIN_BLOCKED && x->list < c->block.count;

	json_text(j, "source", source_text(x->source));
	json_text(j, "list", blocked ? c->block.text[x->list] : NULL);
	json_text(j, "zone", x->zone[0] ? x->zone : NULL);
}

static void write_cache(struct json *j, const struct explain_cache *c)
{
	if (!c->used) {
		json_null(j, "cache");
		return;
	}
	json_object(j, "cache");
	json_text(j, "state", !c->known ? "unknown" : c->stale ? "stale" : "fresh");
	if (c->known) {
		json_number(j, "age_s", c->age_s);
		json_number(j, "ttl_s", c->ttl_s);
		json_number(j, "hits", c->hits);
		json_bool(j, "asked_without_ad", c->needs_ad);
	}
	json_end_object(j);
}

static void write_rivals(struct json *j, const struct trace *t)
{
	json_array(j, "upstreams");
	for (size_t i = 0; i < t->rivals; i++) {
		json_object(j, NULL);
		json_text(j, "name", t->rival[i].upstream);
		json_bool(j, "chosen", t->rival[i].chosen);
		json_text(j, "why", t->rival[i].why);
		json_end_object(j);
	}
	json_end_array(j);
}

/* ------------------------------------------------------------------ what happened */

static const char *kind_text(enum trace_kind k)
{
	static const char *const texts[] = { [TRACE_JOINED] = "joined",
		[TRACE_WAITS] = "waits",
		[TRACE_SENT] = "sent",
		[TRACE_LATE] = "late",
		[TRACE_RETURNED] = "returned",
		[TRACE_ANSWERED] = "answered" };

	return texts[k];
}

static void write_connection(struct json *j, const struct trace_event *e)
{
	char text[ADDR_TEXT_MAX];

	json_text(j, "upstream", e->upstream);
	json_text(j, "address", addr_text(&e->addr, text));
	json_text(j, "protocol", e->protocol[0] ? e->protocol : NULL);
	json_text(j, "cipher", e->cipher[0] ? e->cipher : NULL);
	json_bool(j, "encrypted", !e->clear);
	json_bool(j, "authenticated", e->authenticated);
	json_bool(j, "resumed", e->resumed);
	json_decimal(j, "session_age_ms", milliseconds(e->session_age_us), 3);
}

static const char *cookie_text(const struct trace_event *e)
{
	static const char *const sent[] = { [SENT_NO_COOKIE] = "none",
		[SENT_CLIENT_COOKIE] = "client",
		[SENT_BOTH_COOKIES] = "client and server" };

	if (e->kind == TRACE_ANSWERED)
		return e->cookie ? "came along" : "none";
	return sent[e->cookie];
}

static void write_message(struct json *j, const struct trace_event *e)
{
	json_number(j, "octets", e->len);
	json_number(j, "octets_unpadded", e->len - e->padding);
	json_text(j, "cookie", cookie_text(e));
	if (e->kind == TRACE_ANSWERED)
		json_text(j, "rcode", rcode_text(e->rcode));
}

static void write_event(struct json *j, const struct explain *x, const struct trace_event *e)
{
	json_object(j, NULL);
	json_decimal(j, "at_ms", milliseconds(e->at_us - x->begun_us), 3);
	json_text(j, "event", kind_text(e->kind));
	json_text(j, "why", e->why);
	if (e->upstream[0])
		write_connection(j, e);
	if (e->kind == TRACE_SENT || e->kind == TRACE_ANSWERED)
		write_message(j, e);
	json_end_object(j);
}

static const struct trace_event *find(const struct trace *t, enum trace_kind kind)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->event[i].kind == kind)
			return &t->event[i];
	return NULL;
}

/* Before it left, away, and after the answer had come; the whole where it never left. */
static void write_stages(struct json *j, const struct explain *x)
{
	const struct trace_event *sent = find(&x->trace, TRACE_SENT),
				 *back = find(&x->trace, TRACE_ANSWERED);
	uint64_t end = x->begun_us + x->took_us;

	json_object(j, "stages");
	json_decimal(j, "here_before_ms", milliseconds(sent ? sent->at_us - x->begun_us : 0), 3);
	if (sent)
		json_decimal(j, "upstream_ms",
			milliseconds((back ? back->at_us : end) - sent->at_us), 3);
	else
		json_null(j, "upstream_ms");
	json_decimal(j, "here_after_ms",
		milliseconds(back ? end - back->at_us : sent ? 0 : x->took_us), 3);
	json_decimal(j, "total_ms", milliseconds(x->took_us), 3);
	json_end_object(j);
}

void explain_write(struct json *j, const struct explain *x, const struct config *config)
{
	char name[DNS_NAME_TEXT_MAX];

	json_object(j, NULL);
	json_text(j, "name", name_text(x->name, name, sizeof name));
	json_text(j, "type", type_text(x->type));
	write_source(j, x, config);
	write_cache(j, &x->cache);
	write_rivals(j, &x->trace);
	json_array(j, "events");
	for (size_t i = 0; i < x->trace.count; i++)
		write_event(j, x, &x->trace.event[i]);
	json_end_array(j);
	write_stages(j, x);
	write_reply(j, x);
	json_end_object(j);
}
