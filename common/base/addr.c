#include "common/base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

uint16_t addr_port(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohs(a->in4.sin_port);
	if (a->sa.sa_family == AF_INET6)
		return ntohs(a->in6.sin6_port);
	return 0;
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in4.sin_port = htons(port);
	else if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
}

/* Decimal digits only, no sign, no leading zero. */
static bool parse_decimal(const char *text, unsigned max, unsigned *ret)
{
	unsigned value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return true;
}

/* An interface by name, or by number for one that comes later. */
static bool parse_scope(const char *text, uint32_t *ret)
{
	unsigned index = if_nametoindex(text);

	if (index == 0 && !parse_decimal(text, 0x7fffffff / 10, &index))
		return false;
	*ret = index;
	return index > 0;
}

static bool parse_ipv6(const char *text, struct addr *ret)
{
	const char *percent = strchrnul(text, '%');
	struct addr a = { .in6 = { .sin6_family = AF_INET6 } };
	char bare[INET6_ADDRSTRLEN];
	size_t len = (size_t)(percent - text);

	if (len >= sizeof bare)
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET6, bare, &a.in6.sin6_addr) != 1)
		return false;
	/*
	 * Elsewhere the kernel ignores a scope: whoever wrote one means something that does not
	 * happen.
	 */
	if (*percent && (!IN6_IS_ADDR_LINKLOCAL(&a.in6.sin6_addr) ||
				!parse_scope(percent + 1, &a.in6.sin6_scope_id)))
		return false;
	*ret = a;
	return true;
}

bool addr_parse_ip(const char *text, struct addr *ret)
{
	struct addr a = { .in4 = { .sin_family = AF_INET } };

	if (inet_pton(AF_INET, text, &a.in4.sin_addr) != 1)
		return parse_ipv6(text, ret);
	*ret = a;
	return true;
}

/*
 * Cuts "host<mark>port" or "[v6]<mark>port" apart in place.  *ret_port is NULL where none is
 * written. A colon is a mark only where it is the only one, or behind a bracket: else it belongs to
 * IPv6.
 */
static bool split_port(char *text, char **ret_host, char **ret_port)
{
	bool bracket = text[0] == '[';
	char *host = bracket ? text + 1 : text;
	char *mark = bracket ? strchr(host, ']') : strchr(host, '@');

	*ret_host = host;
	*ret_port = NULL;
	if (bracket) {
		if (!mark)
			return false;
		*mark++ = '\0';
		if (!*mark)
			return true;
		if (*mark != ':' && *mark != '@')
			return false;
	} else if (!mark) {
		mark = strchr(host, ':');
		if (!mark || strchr(mark + 1, ':'))
			return true;
	}
	*mark = '\0';
	*ret_port = mark + 1;
	return true;
}

bool addr_parse(
	const char *text, size_t len, uint16_t default_port, bool port_zero_ok, struct addr *ret)
{
	char copy[ADDR_TEXT_MAX], *host, *port_text;
	unsigned port = default_port;
	struct addr a;

	if (len >= sizeof copy || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!split_port(copy, &host, &port_text) || !addr_parse_ip(host, &a))
		return false;
	if (copy[0] == '[' && a.sa.sa_family != AF_INET6)
		return false;
	if (port_text && (!parse_decimal(port_text, 65535, &port) || (port == 0 && !port_zero_ok)))
		return false;
	addr_set_port(&a, (uint16_t)port);
	*ret = a;
	return true;
}

static void append_scope(uint32_t scope, char text[ADDR_TEXT_MAX])
{
	size_t len = strlen(text);
	char name[IF_NAMESIZE];

	if (if_indextoname(scope, name))
		snprintf(text + len, ADDR_TEXT_MAX - len, "%%%s", name);
	else
		snprintf(text + len, ADDR_TEXT_MAX - len, "%%%u", scope);
}

const char *addr_ip_text(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	snprintf(text, ADDR_TEXT_MAX, "(none)");
	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in4.sin_addr, text, ADDR_TEXT_MAX);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, ADDR_TEXT_MAX);
		if (a->in6.sin6_scope_id)
			append_scope(a->in6.sin6_scope_id, text);
	}
	return text;
}

const char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_ip_text(a, ip);
	if (a->sa.sa_family == AF_INET6)
		snprintf(text, ADDR_TEXT_MAX, "[%.70s]:%u", ip, addr_port(a));
	else if (a->sa.sa_family == AF_INET)
		snprintf(text, ADDR_TEXT_MAX, "%.70s:%u", ip, addr_port(a));
	else
		memcpy(text, ip, ADDR_TEXT_MAX);
	return text;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || addr_port(a) != addr_port(b))
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		       IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
	return true;
}

bool addr_is_among(const struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], a))
			return true;
	return false;
}

bool addr_lists_equal(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!addr_equal(&a[i], &b[i]))
			return false;
	return true;
}

bool addr_same_host(const struct addr *a, const struct addr *b)
{
	struct addr one = *a, other = *b;

	addr_set_port(&one, 0);
	addr_set_port(&other, 0);
	return addr_equal(&one, &other);
}

/* The octets of the address, an IPv4-mapped one as IPv4; returns its family. */
static int octets(const struct addr *a, const uint8_t **ret)
{
	if (a->sa.sa_family == AF_INET) {
		*ret = (const uint8_t *)&a->in4.sin_addr;
		return AF_INET;
	}
	if (a->sa.sa_family != AF_INET6)
		return AF_UNSPEC;
	*ret = a->in6.sin6_addr.s6_addr;
	if (memcmp(*ret, mapped_prefix, sizeof mapped_prefix) != 0)
		return AF_INET6;
	*ret += sizeof mapped_prefix;
	return AF_INET;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];
	const uint8_t *ip;
	int family = octets(a, &ip);

	return family != AF_UNSPEC && memcmp(ip, zero, family == AF_INET ? 4 : 16) == 0;
}

bool addr_is_destination(const struct addr *a)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
	const uint8_t *ip;
	int family = octets(a, &ip);

	if (family == AF_INET)
		return ip[0] != 0 && (ip[0] & 0xf0) != 224 && memcmp(ip, broadcast, 4) != 0;
	if (family != AF_INET6 || addr_is_any(a) || ip[0] == 0xff)
		return false;
	return !IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr) || a->in6.sin6_scope_id != 0;
}

bool addr_is_loopback(const struct addr *a)
{
	const uint8_t *ip;
	int family = octets(a, &ip);

	if (family == AF_INET)
		return ip[0] == 127;
	return family == AF_INET6 && memcmp(ip, &in6addr_loopback, 16) == 0;
}

bool addr_reaches(const struct addr *listen, const struct addr *to)
{
	const uint8_t *listen_ip, *to_ip;
	int family = octets(listen, &listen_ip);

	if (family == AF_UNSPEC || octets(to, &to_ip) != family ||
		addr_port(listen) != addr_port(to))
		return false;
	if (addr_is_any(listen))
		return addr_is_loopback(to) || addr_is_any(to);
	if (family == AF_INET)
		return memcmp(listen_ip, to_ip, 4) == 0;
	return addr_equal(listen, to);
}

/* Are the first `bits` of both equal? */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool host_bits_zero(const uint8_t *ip, unsigned bits, unsigned all)
{
	for (unsigned i = bits; i < all; i++) {
		if (ip[i / 8] & (0x80u >> i % 8))
			return false;
	}
	return true;
}

bool prefix_parse(const char *text, struct prefix *ret)
{
	const char *slash = strchrnul(text, '/');
	size_t len = (size_t)(slash - text);
	struct prefix p = { 0 };
	char ip_text[INET6_ADDRSTRLEN];
	unsigned all = 32, bits, mapped_bits = 8 * sizeof mapped_prefix;

	if (len >= sizeof ip_text)
		return false;
	memcpy(ip_text, text, len);
	ip_text[len] = '\0';
	p.family = AF_INET;
	if (inet_pton(AF_INET, ip_text, p.net) != 1) {
		if (inet_pton(AF_INET6, ip_text, p.net) != 1)
			return false;
		p.family = AF_INET6;
		all = 128;
	}
	bits = all;
	if (*slash && !parse_decimal(slash + 1, all, &bits))
		return false;
	if (!host_bits_zero(p.net, bits, all))
		return false;
	/* Such peers are looked at as IPv4, so a prefix written that way has to be IPv4, too. */
	if (p.family == AF_INET6 && bits >= mapped_bits &&
		memcmp(p.net, mapped_prefix, sizeof mapped_prefix) == 0) {
		memmove(p.net, p.net + sizeof mapped_prefix, 4);
		memset(p.net + 4, 0, 12);
		p.family = AF_INET;
		bits -= mapped_bits;
	}
	p.bits = (uint8_t)bits;
	*ret = p;
	return true;
}

bool prefix_match(const struct prefix *p, const struct addr *a)
{
	const uint8_t *ip = NULL;
	int family = octets(a, &ip);

	return ip && family == p->family && bits_equal(p->net, ip, p->bits);
}

struct addr prefix_first(const struct prefix *p)
{
	struct addr a = { .in6 = { .sin6_family = p->family } };

	if (p->family == AF_INET)
		memcpy(&a.in4.sin_addr, p->net, sizeof a.in4.sin_addr);
	else
		memcpy(&a.in6.sin6_addr, p->net, sizeof a.in6.sin6_addr);
	return a;
}

const char *prefix_text(const struct prefix *p, char text[ADDR_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "(none)";

	inet_ntop(p->family, p->net, ip, sizeof ip);
	snprintf(text, ADDR_TEXT_MAX, "%s/%u", ip, p->bits);
	return text;
}
