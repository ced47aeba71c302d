#include <string.h>

#include "common/dns/padding.h"
#include "common/dns/rewrite.h"

/* RFC 8945 5.5, RFC 5625 4.5: a signed message may change its id and nothing else. */
static size_t copy_signed(const struct upstream_query *q, uint16_t id, uint8_t *out, size_t cap)
{
	if (q->signed_len < DNS_HEADER_LEN || cap < q->signed_len)
		return 0;
	memcpy(out, q->signed_message, q->signed_len);
	wire_put16(out, id);
	return q->signed_len;
}

static uint16_t query_flags(const struct upstream_query *q)
{
	return (uint16_t)(DNS_RD | (q->checking_disabled ? DNS_CD : 0) |
			  (q->authentic_data ? DNS_AD : 0));
}

static void write_head(struct wire_writer *w, const struct upstream_query *q, uint16_t id)
{
	uint8_t *p = wire_reserve(w, DNS_HEADER_LEN + question_wire_len(&q->question));

	if (!p)
		return;
	wire_put16(p, id);
	wire_put16(p + 2, query_flags(q));
	wire_put16(p + 4, 1);
	wire_put16(p + 6, 0);
	wire_put16(p + 8, 0);
	wire_put16(p + 10, 1); /* the OPT */
	question_put(p + DNS_HEADER_LEN, &q->question);
}

static void write_copied(struct wire_writer *w, const struct edns_option *copied)
{
	for (unsigned i = 0; i < EDNS_COPIED; i++)
		if (copied[i].len > 0 && copied[i].len <= EDNS_COPIED_MAX)
			edns_option(w, copied[i].code, copied[i].data, copied[i].len);
}

/* SOURCE 0: the resolver must not add bits of our address (RFC 7871 7.1.2). */
static void write_subnet(struct wire_writer *w, uint8_t family)
{
	const uint8_t data[4] = { 0, family, 0, 0 };

	edns_option(w, EDNS_CLIENT_SUBNET, data, sizeof data);
}

/* RFC 8467 3: applied last, when the length of everything else is known. */
static size_t write_padding(struct wire_writer *w, size_t block)
{
	size_t max = w->cap < DNS_MESSAGE_MAX ? w->cap : DNS_MESSAGE_MAX;
	long len = w->bad ? -1 : padding_len(w->pos, block, max);

	if (len < 0)
		return 0;
	wire_write16(w, EDNS_PADDING);
	wire_write16(w, (uint16_t)len);
	wire_zero(w, (size_t)len);
	return EDNS_OPTION_HEADER + (size_t)len;
}

size_t rewrite_query(const struct upstream_query *q, const struct upstream_form *form, uint16_t id,
	uint8_t *out, size_t cap)
{
	struct wire_writer w = wire_writer(out, cap);
	size_t opt, padding = 0;

	if (q->signed_message)
		return copy_signed(q, id, out, cap);
	write_head(&w, q, id);
	opt = edns_begin(&w, form->udp_size, 0, q->dnssec_ok);
	if (q->copied)
		write_copied(&w, q->copied);
	if (form->subnet_family)
		write_subnet(&w, form->subnet_family);
	if (form->keepalive)
		edns_option(&w, EDNS_KEEPALIVE, NULL, 0); /* empty in a query: RFC 7828 3.2.1 */
	if (form->cookie_len)
		edns_option(&w, EDNS_COOKIE, form->cookie, form->cookie_len);
	if (form->pad_block)
		padding = write_padding(&w, form->pad_block);
	edns_end(&w, opt);
	if (form->ret_padding)
		*form->ret_padding = padding;
	return w.bad ? 0 : w.pos;
}
