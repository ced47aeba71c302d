#include "common/dns/reply.h"

#include <string.h>

#include "common/dns/ede_text.h"

#define KEEPALIVE_OPTION (EDNS_OPTION_HEADER + 2u)
#define EDE_OPTION	 (EDNS_OPTION_HEADER + 2u) /* without text */

size_t reply_record_room(const struct client_form *c)
{
	size_t limit = c->limit < DNS_MESSAGE_MAX ? c->limit : DNS_MESSAGE_MAX;
	size_t fixed = reply_head_len(c) + reply_opt_len(c);

	return limit > fixed ? limit - fixed : 0;
}

void reply_head(struct wire_writer *w, const struct client_form *c, uint16_t flags,
	const uint16_t counts[DNS_SECTIONS])
{
	uint8_t *p = wire_reserve(w, reply_head_len(c));

	if (!p)
		return;
	wire_put16(p, c->id);
	wire_put16(p + 2, flags);
	wire_put16(p + 4, c->has_question);
	wire_put16(p + 6, counts[DNS_ANSWER]);
	wire_put16(p + 8, counts[DNS_AUTHORITY]);
	wire_put16(p + 10, (uint16_t)(counts[DNS_ADDITIONAL] + c->edns));
	if (c->has_question)
		question_put(p + DNS_HEADER_LEN, &c->question);
}

size_t reply_opt(struct wire_writer *w, const struct client_form *c, unsigned rcode)
{
	size_t opt = edns_begin(w, c->udp_size, (uint8_t)(rcode >> 4), c->dnssec_ok);

	if (c->has_cookie)
		edns_option(w, EDNS_COOKIE, c->cookie, sizeof c->cookie);
	if (c->keepalive >= 0 && wire_room(w) >= KEEPALIVE_OPTION) {
		uint8_t timeout[2];

		wire_put16(timeout, (uint16_t)c->keepalive);
		edns_option(w, EDNS_KEEPALIVE, timeout, sizeof timeout);
	}
	return opt;
}

void reply_ede(
	struct wire_writer *w, unsigned code, const char *prefix, const uint8_t *text, size_t len)
{
	size_t room = wire_room(w), prefix_len = strlen(prefix), used;
	uint8_t *p;

	if (room < EDE_OPTION)
		return;
	room -= EDE_OPTION;
	if (room > EDE_TEXT_MAX)
		room = EDE_TEXT_MAX;
	if (prefix_len > room)
		prefix_len = room;
	p = w->data + w->pos;
	memcpy(p + EDE_OPTION, prefix, prefix_len);
	used = prefix_len +
	       ede_text_copy(p + EDE_OPTION + prefix_len, room - prefix_len, text, len);
	wire_put16(p, EDNS_EDE);
	wire_put16(p + 2, (uint16_t)(2 + used));
	wire_put16(p + 4, (uint16_t)code);
	w->pos += EDE_OPTION + used;
}
