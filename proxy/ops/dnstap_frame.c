#include "proxy/ops/dnstap_frame.h"

#include <assert.h>
#include <string.h>

/* Numbers of the schema's fields and of its values. */
enum { DNSTAP_VERSION = 2, DNSTAP_MESSAGE = 14, DNSTAP_TYPE = 15 };
enum {
	MESSAGE_TYPE = 1,
	MESSAGE_FAMILY = 2,
	MESSAGE_PROTOCOL = 3,
	MESSAGE_QUERY_ADDRESS = 4,
	MESSAGE_RESPONSE_ADDRESS = 5,
	MESSAGE_QUERY_PORT = 6,
	MESSAGE_RESPONSE_PORT = 7,
	MESSAGE_QUERY_SECONDS = 8,
	MESSAGE_QUERY_NANOSECONDS = 9,
	MESSAGE_QUERY = 10,
	MESSAGE_RESPONSE_SECONDS = 12,
	MESSAGE_RESPONSE_NANOSECONDS = 13,
	MESSAGE_RESPONSE = 14,
};
#define TYPE_MESSAGE 1u

/* How a value is written: the lower three bits of a key. */
enum { VARINT = 0, OCTETS = 2, BITS32 = 5 };

static const unsigned types[] = { [TAP_CLIENT_QUERY] = 5,
	[TAP_CLIENT_RESPONSE] = 6,
	[TAP_UPSTREAM_QUERY] = 7,
	[TAP_UPSTREAM_RESPONSE] = 8 };
/* The schema has no DTLS: it is datagrams. */
static const unsigned protocols[] = { [TAP_UDP] = 1, [TAP_TCP] = 2, [TAP_TLS] = 3, [TAP_DTLS] = 1 };

/* ------------------------------------------------------------------ the encoding */

static uint8_t *put_varint(uint8_t *p, uint64_t n)
{
	for (; n > 0x7f; n >>= 7)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t *put_number(uint8_t *p, unsigned field, uint64_t n)
{
	return put_varint(put_varint(p, field << 3 | VARINT), n);
}

static uint8_t *put_fixed(uint8_t *p, unsigned field, uint32_t n)
{
	p = put_varint(p, field << 3 | BITS32);
	for (unsigned i = 0; i < 4; i++)
		*p++ = (uint8_t)(n >> 8 * i);
	return p;
}

static uint8_t *put_octets(uint8_t *p, unsigned field, const void *data, size_t len)
{
	p = put_varint(put_varint(p, field << 3 | OCTETS), len);
	memcpy(p, data, len);
	return p + len;
}

/* ------------------------------------------------------------------ its parts */

static bool is_query(const struct tap_message *m)
{
	return m->event == TAP_CLIENT_QUERY || m->event == TAP_UPSTREAM_QUERY;
}

static bool is_of_client(const struct tap_message *m)
{
	return m->event == TAP_CLIENT_QUERY || m->event == TAP_CLIENT_RESPONSE;
}

/* An address with its family; IPv4 on a socket for both is IPv4. */
static size_t octets_of(const struct addr *a, uint8_t ip[16])
{
	if (a->sa.sa_family == AF_INET) {
		memcpy(ip, &a->in4.sin_addr, 4);
		return 4;
	}
	if (!addr_is_ipv6(a)) {
		memcpy(ip, a->in6.sin6_addr.s6_addr + 12, 4);
		return 4;
	}
	memcpy(ip, &a->in6.sin6_addr, 16);
	return 16;
}

/* A network has many clients: that much says where from, and not who. */
static void anonymise(uint8_t ip[16], size_t len)
{
	size_t kept = len == 4 ? 3 : 6;

	memset(ip + kept, 0, len - kept);
}

static uint8_t *put_peer(uint8_t *p, const struct tap_message *m, const struct dnstap_form *f)
{
	bool client = is_of_client(m), hidden = client && !f->client_addresses;
	uint8_t ip[16];
	size_t len = octets_of(m->peer, ip);

	if (hidden)
		anonymise(ip, len);
	p = put_number(p, MESSAGE_FAMILY, len == 4 ? 1 : 2);
	p = put_number(p, MESSAGE_PROTOCOL, protocols[m->over]);
	p = put_octets(p, client ? MESSAGE_QUERY_ADDRESS : MESSAGE_RESPONSE_ADDRESS, ip, len);
	if (!hidden)
		p = put_number(
			p, client ? MESSAGE_QUERY_PORT : MESSAGE_RESPONSE_PORT, addr_port(m->peer));
	return p;
}

static struct timespec before(struct timespec t, uint64_t us)
{
	uint64_t ns = (us % 1000000) * 1000;

	t.tv_sec -= (time_t)(us / 1000000);
	if ((uint64_t)t.tv_nsec < ns) {
		t.tv_sec--;
		t.tv_nsec += 1000000000;
	}
	t.tv_nsec -= (long)ns;
	return t;
}

static uint8_t *put_time(uint8_t *p, unsigned seconds, unsigned nanoseconds, struct timespec t)
{
	p = put_number(p, seconds, (uint64_t)t.tv_sec);
	return put_fixed(p, nanoseconds, (uint32_t)t.tv_nsec);
}

static uint8_t *put_times(uint8_t *p, const struct tap_message *m, struct timespec now)
{
	p = put_time(p, MESSAGE_QUERY_SECONDS, MESSAGE_QUERY_NANOSECONDS,
		is_query(m) ? now : before(now, m->took_us));
	if (is_query(m))
		return p;
	return put_time(p, MESSAGE_RESPONSE_SECONDS, MESSAGE_RESPONSE_NANOSECONDS, now);
}

/* All of Message but the octets of DNS, which come last. */
static size_t put_head(uint8_t *out, const struct tap_message *m, const struct dnstap_form *f)
{
	uint8_t *p = put_number(out, MESSAGE_TYPE, types[m->event]);

	p = put_peer(p, m, f);
	p = put_times(p, m, f->now);
	p = put_varint(p, (is_query(m) ? MESSAGE_QUERY << 3 : MESSAGE_RESPONSE << 3) | OCTETS);
	return (size_t)(put_varint(p, m->len) - out);
}

size_t dnstap_frame(const struct tap_message *m, const struct dnstap_form *f, uint8_t *out)
{
	uint8_t head[DNSTAP_FRAME_EXTRA / 2], *p = out;
	size_t head_len = put_head(head, m, f), version = strlen(f->version);

	assert(head_len <= sizeof head && version < 64);
	p = put_octets(p, DNSTAP_VERSION, f->version, version);
	p = put_varint(put_varint(p, DNSTAP_MESSAGE << 3 | OCTETS), head_len + m->len);
	memcpy(p, head, head_len);
	memcpy(p + head_len, m->data, m->len);
	p = put_number(p + head_len + m->len, DNSTAP_TYPE, TYPE_MESSAGE);
	return (size_t)(p - out);
}
