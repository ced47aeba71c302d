#include "common/local/dns64.h"

#include <string.h>

#include "common/dns/message.h"

#define IP4	      4u
#define IP6	      16u
#define SKIPPED_OCTET 8u  /* bits 64 to 71 are zero (RFC 6052 2.2) */
#define SOA_FIXED     20u /* five numbers behind the names; the last one is the minimum */

#define RECORD_MAX (2 * DNS_NAME_MAX + 10) /* two names and what stands between */

static const uint8_t lengths[] = { 96, 64, 56, 48, 40, 32 };

/* ------------------------------------------------------------------ reading */

static uint32_t ttl_of(const struct dns_message *m, const struct dns_record *r)
{
	uint32_t ttl = wire_get32(m->data + r->fixed + 4);

	return ttl & 0x80000000u ? 0 : ttl; /* RFC 2181 8 */
}

static size_t rdata_len(const struct dns_record *r)
{
	return r->end - r->rdata;
}

static bool is_mapped(const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip, mapped, sizeof mapped) == 0;
}

static bool is_address(const struct dns_message *m, const struct dns_record *r)
{
	return r->section == DNS_ANSWER && r->class == DNS_CLASS_IN && r->type == DNS_TYPE_AAAA &&
	       rdata_len(r) == IP6 && !is_mapped(m->data + r->rdata);
}

/* How long it is known that there is nothing (RFC 2308 5). */
static uint32_t negative_ttl(const struct dns_message *m, const struct dns_record *soa)
{
	uint32_t ttl = ttl_of(m, soa), minimum = wire_get32(m->data + soa->end - sizeof(uint32_t));

	return ttl < minimum ? ttl : minimum;
}

bool dns64_wanted(const struct dns_message *answer, uint32_t *ret_ttl)
{
	struct record_walk walk = record_walk(answer);
	struct dns_record r;
	uint32_t ttl = DNS64_TTL_MAX;

	if (message_rcode(answer) == RCODE_NXDOMAIN)
		return false;
	while (record_next(&walk, &r)) {
		if (is_address(answer, &r))
			return false;
		if (r.section == DNS_AUTHORITY && r.type == DNS_TYPE_SOA &&
			rdata_len(&r) > SOA_FIXED)
			ttl = negative_ttl(answer, &r);
	}
	*ret_ttl = ttl;
	return true;
}

/* ------------------------------------------------------------------ addresses */

void dns64_embed(const struct prefix *prefix, const uint8_t ip4[4], uint8_t ret_ip6[16])
{
	size_t at = prefix->bits / 8u;

	memset(ret_ip6, 0, IP6);
	memcpy(ret_ip6, prefix->net, at);
	for (size_t i = 0; i < IP4; i++) {
		at += at == SKIPPED_OCTET;
		ret_ip6[at++] = ip4[i];
	}
}

/* Those that mean nothing to whoever runs a NAT64 for all (RFC 6890, as RFC 5735 was updated). */
static bool is_global(const uint8_t ip[4])
{
	static const struct {
		uint8_t net[4], bits;
	} others[] = { { { 0 }, 8 }, { { 10 }, 8 }, { { 100, 64 }, 10 }, { { 127 }, 8 },
		{ { 169, 254 }, 16 }, { { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 },
		{ { 192, 0, 2 }, 24 }, { { 192, 168 }, 16 }, { { 198, 18 }, 15 },
		{ { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 }, { { 224 }, 3 } };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if ((wire_get32(ip) ^ wire_get32(others[i].net)) >> (32 - others[i].bits) == 0)
			return false;
	return true;
}

/* The well-known prefix is for addresses of all the world alone (RFC 6052 3.1). */
static bool may_embed(const struct prefix *prefix, const uint8_t ip4[4])
{
	static const uint8_t well_known[12] = { 0x00, 0x64, 0xff, 0x9b };

	return prefix->bits != 96 || memcmp(prefix->net, well_known, sizeof well_known) != 0 ||
	       is_global(ip4);
}

static void extract(const struct prefix *prefix, const uint8_t ip6[16], uint8_t ret_ip4[4])
{
	size_t at = prefix->bits / 8u;

	for (size_t i = 0; i < IP4; i++) {
		at += at == SKIPPED_OCTET;
		ret_ip4[i] = ip6[at++];
	}
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The address of a full name below ip6.arpa: 32 labels of one digit, the last one first. */
static bool parse_reverse(const struct suffixes *x, uint8_t ret_ip6[16])
{
	static const uint8_t zone[] = "\3ip6\4arpa";
	const uint8_t *p = x->name;

	if (x->len != 64 + sizeof zone || memcmp(p + 64, zone, sizeof zone) != 0)
		return false;
	for (size_t i = IP6; i-- > 0; p += 4) {
		int low = nibble(p[1]), high = nibble(p[3]);

		if (p[0] != 1 || p[2] != 1 || low < 0 || high < 0)
			return false;
		ret_ip6[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t dns64_reverse(
	const struct prefix *prefix, const struct suffixes *name, uint8_t ret_name[DNS_NAME_MAX])
{
	uint8_t ip6[IP6], ip4[IP4], made[IP6];

	if (!parse_reverse(name, ip6))
		return 0;
	extract(prefix, ip6, ip4);
	dns64_embed(prefix, ip4, made);
	return memcmp(made, ip6, IP6) == 0 ? records_reverse(ip4, IP4, ret_name) : 0;
}

/* RFC 7050 3: one of the two well-known addresses, somewhere in the answer's. */
static bool find_prefix(const uint8_t *ip6, struct prefix *ret)
{
	static const uint8_t known[][IP4] = { { 192, 0, 0, 170 }, { 192, 0, 0, 171 } };
	uint8_t made[IP6];

	for (size_t i = 0; i < 2 * sizeof lengths; i++) {
		struct prefix p = { .family = AF_INET6, .bits = lengths[i / 2] };

		memcpy(p.net, ip6, p.bits / 8u);
		dns64_embed(&p, known[i % 2], made);
		if (memcmp(made, ip6, IP6) != 0)
			continue;
		*ret = p;
		return true;
	}
	return false;
}

bool dns64_discover(const struct dns_message *answer, struct prefix *ret_prefix, uint32_t *ret_ttl)
{
	struct record_walk walk = record_walk(answer);
	struct dns_record r;

	while (record_next(&walk, &r)) {
		if (!is_address(answer, &r) || !find_prefix(answer->data + r.rdata, ret_prefix))
			continue;
		*ret_ttl = ttl_of(answer, &r);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ making */

/* A name of the message, expanded; returns its length, 0: it can't be read. */
static size_t expand(const struct dns_message *m, size_t at, uint8_t ret[DNS_NAME_MAX])
{
	struct wire_reader r = { .data = m->data, .len = m->len, .pos = at };
	unsigned budget = DNS_POINTER_BUDGET;

	return name_read(&r, &budget, ret);
}

/* An address that is made one of IPv6. */
static bool is_embedded(
	const struct prefix *prefix, const struct dns_message *m, const struct dns_record *r)
{
	return r->section == DNS_ANSWER && r->type == DNS_TYPE_A && rdata_len(r) == IP4 &&
	       may_embed(prefix, m->data + r->rdata);
}

/* Of the answer section; without prefix aliases only. */
static void make_record(struct local_reply *reply, const struct prefix *prefix,
	const struct dns_message *m, const struct dns_record *r, uint32_t ttl_max)
{
	uint8_t owner[DNS_NAME_MAX], target[DNS_NAME_MAX], ip6[IP6];
	uint32_t ttl = ttl_of(m, r);
	size_t len;

	if (r->section != DNS_ANSWER || expand(m, r->start, owner) == 0)
		return;
	if (wire_room(&reply->records) < RECORD_MAX)
		return; /* there are a hundred addresses and more in it */
	if (prefix && is_embedded(prefix, m, r)) {
		dns64_embed(prefix, m->data + r->rdata, ip6);
		local_reply_put(reply, DNS_ANSWER, owner, DNS_TYPE_AAAA,
			ttl < ttl_max ? ttl : ttl_max, ip6, sizeof ip6);
	} else if (r->type == DNS_TYPE_CNAME || r->type == DNS_TYPE_DNAME) {
		len = expand(m, r->rdata, target);
		local_reply_put(reply, DNS_ANSWER, owner, r->type, ttl, target, len);
	}
}

static bool has_address(const struct prefix *prefix, const struct dns_message *m)
{
	struct record_walk walk = record_walk(m);
	struct dns_record r;

	while (record_next(&walk, &r))
		if (is_embedded(prefix, m, &r))
			return true;
	return false;
}

/* The SOA says how long there is nothing; its names are expanded. */
static void copy_soa(
	struct local_reply *reply, const struct dns_message *m, const struct dns_record *r)
{
	uint8_t owner[DNS_NAME_MAX], rdata[2 * DNS_NAME_MAX + SOA_FIXED];
	struct wire_reader in = { .data = m->data, .len = m->len, .pos = r->rdata };
	unsigned budget = DNS_POINTER_BUDGET;
	size_t len = name_read(&in, &budget, rdata);

	len += name_read(&in, &budget, rdata + len);
	if (in.bad || expand(m, r->start, owner) == 0 || r->end - in.pos != SOA_FIXED)
		return;
	memcpy(rdata + len, m->data + in.pos, SOA_FIXED);
	local_reply_put(
		reply, DNS_AUTHORITY, owner, DNS_TYPE_SOA, ttl_of(m, r), rdata, len + SOA_FIXED);
}

const struct local_reply *dns64_none(const struct dns_message *a_answer, struct local_reply *ret)
{
	struct record_walk walk = record_walk(a_answer);
	struct dns_record r;

	if (message_rcode(a_answer) != RCODE_NOERROR)
		return NULL;
	local_reply_init(ret);
	while (record_next(&walk, &r)) {
		if (r.section == DNS_ANSWER)
			make_record(ret, NULL, a_answer, &r, 0);
		else if (r.section == DNS_AUTHORITY && r.type == DNS_TYPE_SOA)
			copy_soa(ret, a_answer, &r);
	}
	return ret;
}

bool dns64_make(const struct prefix *prefix, const struct dns_message *a_answer, uint32_t ttl_max,
	struct local_reply *ret)
{
	struct record_walk walk = record_walk(a_answer);
	struct dns_record r;

	if (message_rcode(a_answer) != RCODE_NOERROR || !has_address(prefix, a_answer))
		return false;
	local_reply_init(ret);
	while (record_next(&walk, &r))
		make_record(ret, prefix, a_answer, &r, ttl_max);
	ret->ede = (struct ede){ EDE_SYNTHESIZED, "DNS64" };
	return true;
}
