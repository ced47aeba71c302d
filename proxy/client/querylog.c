#include "proxy/client/querylog.h"

#include <stdio.h>

#include "common/base/log.h"

#define WHAT_MAX (DNS_NAME_TEXT_MAX + 128u)

/* "example.com. A from 127.0.0.1:4711 udp" */
static const char *what(const struct client_form *f, const struct origin *o, char text[WHAT_MAX])
{
	char name[DNS_NAME_TEXT_MAX] = "(no question)", peer[ADDR_TEXT_MAX];

	if (f->has_question)
		name_text(f->question.name, name, sizeof name);
	snprintf(text, WHAT_MAX, "%s %s%s%s from %s %s", name,
		f->has_question && f->question.class != DNS_CLASS_IN ? class_text(f->question.class)
								     : "",
		f->has_question && f->question.class != DNS_CLASS_IN ? " " : "",
		f->has_question ? type_text(f->question.type) : "-", addr_text(&o->peer, peer),
		o->stream ? "tcp" : "udp");
	return text;
}

void querylog_answer(const struct client_form *f, const struct origin *o, const struct request *r,
	const uint8_t *reply, uint64_t took_us)
{
	char text[WHAT_MAX];

	log_info("query %s: %s, %u answers, %.2f ms, upstream=%s %s sent=%zu received=%zu",
		what(f, o, text), rcode_text(reply[3] & DNS_RCODE_MASK), wire_get16(reply + 6),
		(double)took_us / 1e3, r->upstream, r->protocol, r->sent_len, r->answer.len);
}

void querylog_hit(const struct client_form *f, const struct origin *o, const struct cache_hit *hit,
	const uint8_t *reply, uint64_t took_us)
{
	char text[WHAT_MAX];

	log_info("query %s: %s, %u answers, %.2f ms, cache%s ttl=%u", what(f, o, text),
		rcode_text(reply[3] & DNS_RCODE_MASK), wire_get16(reply + 6), (double)took_us / 1e3,
		hit->stale ? " (stale)" : "", hit->ttl_s);
}

void querylog_failure(const struct client_form *f, const struct origin *o, unsigned rcode,
	struct ede why, uint64_t took_us)
{
	char text[WHAT_MAX];

	log_info("query %s: %s by ourselves, %.2f ms%s%s", what(f, o, text), rcode_text(rcode),
		(double)took_us / 1e3, why.text ? ", " : "", why.text ? why.text : "");
}
