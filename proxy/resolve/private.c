#include "proxy/resolve/private.h"

#include <string.h>

#define V4_OCTETS 4u
#define V6_OCTETS 16u

enum svc_param { SVC_IPV4HINT = 4, SVC_IPV6HINT = 6 };

struct ranges {
	const struct prefix *prefixes;
	size_t count;
};

static bool in_ranges(const struct ranges *r, const struct addr *a)
{
	for (size_t i = 0; i < r->count; i++)
		if (prefix_match(&r->prefixes[i], a))
			return true;
	return false;
}

static bool is_private4(const struct ranges *r, const uint8_t *ip)
{
	struct addr a = { .in4 = { .sin_family = AF_INET } };

	memcpy(&a.in4.sin_addr, ip, V4_OCTETS);
	return in_ranges(r, &a);
}

static bool is_private6(const struct ranges *r, const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t six_to_four[2] = { 0x20, 0x02 };
	struct addr a = { .in6 = { .sin6_family = AF_INET6 } };

	memcpy(&a.in6.sin6_addr, ip, V6_OCTETS);
	if (in_ranges(r, &a))
		return true;
	if (memcmp(ip, mapped, sizeof mapped) == 0 || memcmp(ip, nat64, sizeof nat64) == 0)
		return is_private4(r, ip + 12);
	return memcmp(ip, six_to_four, sizeof six_to_four) == 0 && is_private4(r, ip + 2);
}

static bool any_private(const struct ranges *r, const uint8_t *ips, size_t len, size_t each)
{
	for (; len >= each; ips += each, len -= each)
		if (each == V4_OCTETS ? is_private4(r, ips) : is_private6(r, ips))
			return true;
	return false;
}

/* SvcPriority, TargetName (never compressed), then key, length, value. */
static bool svcb_is_private(const struct ranges *r, const uint8_t *rdata, size_t len)
{
	struct wire_reader w = wire_reader(rdata, len);

	wire_read16(&w);
	name_read_plain(&w);
	while (wire_left(&w) > 0) {
		unsigned key = wire_read16(&w);
		size_t value_len = wire_read16(&w);
		const uint8_t *value = wire_read(&w, value_len);

		if (!value)
			return false;
		if ((key == SVC_IPV4HINT && any_private(r, value, value_len, V4_OCTETS)) ||
			(key == SVC_IPV6HINT && any_private(r, value, value_len, V6_OCTETS)))
			return true;
	}
	return false;
}

static bool record_is_private(
	const struct ranges *r, const struct dns_message *m, const struct dns_record *rec)
{
	const uint8_t *rdata = m->data + rec->rdata;
	size_t len = rec->end - rec->rdata;

	switch (rec->type) {
	case DNS_TYPE_A:
		return len == V4_OCTETS && is_private4(r, rdata);
	case DNS_TYPE_AAAA:
		return len == V6_OCTETS && is_private6(r, rdata);
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		return svcb_is_private(r, rdata, len);
	default:
		return false;
	}
}

bool private_in_answer(
	const struct prefix *prefixes, size_t count, const struct dns_message *answer)
{
	struct ranges r = { prefixes, count };
	struct record_walk walk = record_walk(answer);
	struct dns_record rec;

	while (record_next(&walk, &rec))
		if (record_is_private(&r, answer, &rec))
			return true;
	return false;
}
