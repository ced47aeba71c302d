#include "common/dns/edns.h"

#include "common/dns/cookie.h"

/* Where the option list begins; the owner is one octet (RFC 6891 6.1.2). */
static const uint8_t *option_list(const struct dns_message *m)
{
	return m->data + m->opt + EDNS_OPT_MIN;
}

static size_t option_list_len(const struct dns_message *m)
{
	return m->opt_len - EDNS_OPT_MIN;
}

bool edns_next_option(const struct dns_message *m, size_t *pos, struct edns_option *ret)
{
	const uint8_t *p;
	size_t left, len;

	if (!m->opt)
		return false;
	p = option_list(m) + *pos;
	left = option_list_len(m) - *pos;
	if (left < EDNS_OPTION_HEADER)
		return false;
	len = wire_get16(p + 2);
	if (len > left - EDNS_OPTION_HEADER)
		return false;
	ret->code = wire_get16(p);
	ret->len = (uint16_t)len;
	ret->data = p + EDNS_OPTION_HEADER;
	*pos += EDNS_OPTION_HEADER + len;
	return true;
}

static void note_keepalive(struct edns *e, const struct edns_option *o, bool from_upstream)
{
	if (e->keepalive)
		return;
	e->keepalive = true;
	e->keepalive_bad = o->len != (from_upstream ? 2 : 0);
	if (from_upstream && !e->keepalive_bad)
		e->keepalive_timeout = wire_get16(o->data);
}

static void note_cookie(struct edns *e, const struct edns_option *o)
{
	if (e->cookie.data)
		return;
	e->cookie = *o;
	e->cookie_bad = !cookie_len_is_legal(o->len);
}

static void note_copied(struct edns_option *slot, const struct edns_option *o)
{
	if (!slot->data)
		*slot = *o;
}

static void note_option(struct edns *e, const struct edns_option *o, bool from_upstream)
{
	switch (o->code) {
	case EDNS_KEEPALIVE:
		note_keepalive(e, o, from_upstream);
		break;
	case EDNS_COOKIE:
		note_cookie(e, o);
		break;
	case EDNS_PADDING:
		e->padding = true;
		break;
	case EDNS_DAU:
	case EDNS_DHU:
	case EDNS_N3U:
		note_copied(&e->copied[o->code - EDNS_DAU], o);
		break;
	case EDNS_KEY_TAG:
		note_copied(&e->copied[EDNS_COPIED - 1], o);
		break;
	default: /* RFC 6891 6.1.2: ignored */
		break;
	}
}

void edns_parse(const struct dns_message *m, bool from_upstream, struct edns *ret)
{
	const uint8_t *fixed = m->data + m->opt + 3; /* CLASS, TTL */
	struct edns_option o;
	size_t pos = 0;

	*ret = (struct edns){ .present = m->opt != 0 };
	if (!m->opt)
		return;
	ret->udp_size = wire_get16(fixed);
	if (ret->udp_size < 512)
		ret->udp_size = 512; /* RFC 6891 6.2.3 */
	ret->extended_rcode = fixed[2];
	ret->version = fixed[3];
	ret->dnssec_ok = wire_get16(fixed + 4) & EDNS_DO;
	while (edns_next_option(m, &pos, &o))
		note_option(ret, &o, from_upstream);
	ret->bad_options = pos != option_list_len(m);
}

size_t edns_begin(struct wire_writer *w, uint16_t udp_size, uint8_t extended_rcode, bool dnssec_ok)
{
	uint8_t *p = wire_reserve(w, EDNS_OPT_MIN);

	if (!p)
		return 0;
	p[0] = 0;
	wire_put16(p + 1, DNS_TYPE_OPT);
	wire_put16(p + 3, udp_size);
	p[5] = extended_rcode;
	p[6] = 0; /* version */
	wire_put16(p + 7, dnssec_ok ? EDNS_DO : 0);
	wire_put16(p + 9, 0);
	return w->pos - 2;
}

void edns_option(struct wire_writer *w, uint16_t code, const void *data, size_t len)
{
	if (len > UINT16_MAX) {
		w->bad = true;
		return;
	}
	wire_write16(w, code);
	wire_write16(w, (uint16_t)len);
	wire_write(w, data, len);
}

void edns_end(struct wire_writer *w, size_t rdlen_at)
{
	size_t len;

	if (w->bad)
		return;
	len = w->pos - rdlen_at - 2;
	if (len > UINT16_MAX)
		w->bad = true;
	else
		wire_put16(w->data + rdlen_at, (uint16_t)len);
}
