#include "common/config/spelling.h"

#include <string.h>
#include <strings.h>

#include "common/base/hostmatch.h"

#define TLS_PORT   853u
#define PLAIN_PORT 53u
#define LETTERS	   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TRY	   "; write it like \"tls://9.9.9.9#dns.quad9.net\" or \"tls://dns.quad9.net\""

static const struct {
	const char *text;
	enum spelling_verdict verdict;
	enum spelling_scheme scheme;
} schemes[] = {
	{ "tls://", SPELLING_OK, SCHEME_TLS },
	{ "dns+tls://", SPELLING_OK, SCHEME_TLS },
	{ "dtls://", SPELLING_OK, SCHEME_DTLS },
	{ "udp://", SPELLING_OK, SCHEME_UDP },
	{ "tcp://", SPELLING_OK, SCHEME_TCP },
	{ "https://", SPELLING_HTTPS, 0 },
	{ "h3://", SPELLING_HTTPS, 0 },
	{ "quic://", SPELLING_QUIC, 0 },
	{ "sdns://", SPELLING_STAMP, 0 },
};

/* Steps over a scheme that we speak; else says what is to be said of it. */
static enum spelling_verdict skip_scheme(const char **text, enum spelling_scheme *ret)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i].text);

		if (strncasecmp(*text, schemes[i].text, len) == 0) {
			*text += len;
			*ret = schemes[i].scheme;
			return schemes[i].verdict;
		}
	}
	return strstr(*text, "://") ? SPELLING_SCHEME : SPELLING_OK;
}

/* Decimal digits only, no sign, no leading zero. */
static bool parse_port(const char *text, size_t len, uint16_t *ret)
{
	unsigned port = 0;

	if (len == 0 || len > 5 || text[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	if (port > 65535)
		return false;
	*ret = (uint16_t)port;
	return true;
}

size_t spelling_split_port(const char *text, size_t len, uint16_t *ret_port)
{
	size_t mark = len;

	while (mark > 0 && text[mark - 1] != ':' && text[mark - 1] != '@')
		mark--;
	if (mark == 0 || !parse_port(text + mark, len - mark, ret_port))
		return len;
	return mark - 1;
}

/*
 * A host name of len octets; at least one letter tells it from a mistyped address.  The final dot of a
 * full name has no place in SNI (RFC 6066 3).
 */
static bool copy_host(const char *text, size_t len, char ret[SPELLING_NAME_MAX])
{
	char name[SPELLING_NAME_MAX];

	if (len > 1 && text[len - 1] == '.')
		len--;
	if (len >= sizeof name)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	if (!hostname_valid(name) || name[strcspn(name, LETTERS)] == '\0')
		return false;
	memcpy(ret, name, sizeof name);
	return true;
}

/* What stands before the # and is no address. */
static enum spelling_verdict parse_host(
	const char *text, size_t len, bool has_scheme, struct spelling *s)
{
	size_t host_len = spelling_split_port(text, len, &s->port);

	if (memchr(text, '/', len) || memchr(text, '?', len))
		return has_scheme || memchr(text, '.', len) ? SPELLING_PATH : SPELLING_WORD;
	if (memchr(text, '%', len))
		return SPELLING_INTERFACE;
	if (!copy_host(text, host_len, s->host))
		return has_scheme || strpbrk(text, ".:@[") ? SPELLING_ADDRESS : SPELLING_WORD;
	return has_scheme || strchr(s->host, '.') ? SPELLING_OK : SPELLING_WORD;
}

enum spelling_verdict spelling_destination(const struct addr *addr)
{
	if (addr_is_destination(addr))
		return SPELLING_OK;
	return addr->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&addr->in6.sin6_addr)
		       ? SPELLING_LINK
		       : SPELLING_NOBODY;
}

/* Nobody is authenticated, so that a name behind a # says nothing; and nobody looks a name up. */
static enum spelling_verdict parse_plain(const char *text, struct spelling *s, struct spelling *ret)
{
	size_t len = strlen(text);
	enum spelling_verdict verdict;

	if (len == 0)
		return SPELLING_EMPTY;
	if (!addr_parse(text, len, PLAIN_PORT, false, &s->addr))
		return memchr(text, '%', len) ? SPELLING_INTERFACE : SPELLING_PLAIN;
	s->port = addr_port(&s->addr);
	verdict = spelling_destination(&s->addr);
	if (verdict == SPELLING_OK)
		*ret = *s;
	return verdict;
}

enum spelling_verdict spelling_parse(const char *text, struct spelling *ret)
{
	struct spelling s = { .port = TLS_PORT };
	const char *start = text, *hash;
	enum spelling_verdict verdict = skip_scheme(&text, &s.scheme);
	size_t len;

	if (verdict != SPELLING_OK)
		return verdict;
	if (s.scheme == SCHEME_UDP || s.scheme == SCHEME_TCP)
		return parse_plain(text, &s, ret);
	hash = strchrnul(text, '#');
	len = (size_t)(hash - text);
	if (len == 0)
		return SPELLING_EMPTY;
	if (addr_parse(text, len, TLS_PORT, false, &s.addr)) {
		s.port = addr_port(&s.addr);
		verdict = spelling_destination(&s.addr);
	} else {
		verdict = parse_host(text, len, text != start, &s);
	}
	if (verdict != SPELLING_OK)
		return verdict;
	if (!*hash)
		memcpy(s.auth_name, s.host, sizeof s.auth_name);
	else if (!copy_host(hash + 1, strlen(hash + 1), s.auth_name))
		return SPELLING_AUTH_NAME;
	*ret = s;
	return SPELLING_OK;
}

const char *spelling_error(enum spelling_verdict v)
{
	switch (v) {
	case SPELLING_OK:
		return "nothing is wrong";
	case SPELLING_EMPTY:
		return "no address and no name is written" TRY;
	case SPELLING_WORD:
		return "unknown preset or upstream (\"dnsfwd --list-presets\" shows the presets)";
	case SPELLING_PLAIN:
		return "behind udp:// and tcp:// an IP address is wanted, with a port where it is "
		       "not 53, and nothing else, like \"udp://192.168.1.1\"";
	case SPELLING_HTTPS:
		return "DNS over HTTPS is not spoken, write tls:// and the name of the server, "
		       "like \"tls://dns.quad9.net\"";
	case SPELLING_QUIC:
		return "DNS over QUIC is not spoken, write tls:// and the name of the server, "
		       "like \"tls://dns.quad9.net\"";
	case SPELLING_STAMP:
		return "DNS stamps (sdns://) are not read, write tls:// and the name of the "
		       "server, like \"tls://dns.quad9.net\"";
	case SPELLING_SCHEME:
		return "only tls:// and dtls:// are spoken" TRY;
	case SPELLING_ADDRESS:
		return "neither an IP address nor a host name, with a port of 1 to 65535 where one "
		       "is written; write it like \"9.9.9.9\", \"9.9.9.9:853\", "
		       "\"[2620:fe::fe]:853\" or \"dns.quad9.net\"";
	case SPELLING_INTERFACE:
		return "behind % stands an interface that this machine has (\"ip link\" shows them), "
		       "and before it a link-local IPv6 address, like \"fe80::1%eth0\"";
	case SPELLING_LINK:
		return "a link-local address needs the interface that it is reached by, like "
		       "\"fe80::1%eth0\" (\"ip link\" shows them)";
	case SPELLING_NOBODY:
		return "no server has such an address: it is multicast, broadcast or unspecified";
	case SPELLING_AUTH_NAME:
		return "behind the # stands the host name of the certificate, like "
		       "\"#dns.quad9.net\": letters, digits, '-', '_' and dots, no wildcard";
	case SPELLING_PATH:
		return "nothing may follow the address and its port but #NAME; a path has no "
		       "meaning in DNS over TLS";
	}
	return "not an upstream";
}
