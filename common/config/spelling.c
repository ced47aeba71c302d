#include "common/config/spelling.h"

#include <string.h>
#include <strings.h>

#include "common/base/hostmatch.h"

#define TLS_PORT 853u

/* Steps over a scheme that we speak; false at one that we do not. */
static bool skip_scheme(const char **text)
{
	static const char *const known[] = { "tls://", "dns+tls://" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strncasecmp(*text, known[i], strlen(known[i])) == 0) {
			*text += strlen(known[i]);
			return true;
		}
	}
	return !strstr(*text, "://");
}

/* "dns.quad9.net" or "dns.quad9.net:853"; a letter tells it from a mistyped address. */
static bool is_name(const char *host, size_t len)
{
	char name[SPELLING_NAME_MAX];
	size_t name_len = 0;

	while (name_len < len && host[name_len] != ':' && host[name_len] != '@')
		name_len++;
	if (name_len >= sizeof name ||
		memchr(host + name_len, ':', len - name_len) != memrchr(host, ':', len))
		return false;
	memcpy(name, host, name_len);
	name[name_len] = '\0';
	return hostname_valid(name) &&
	       strcspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < name_len;
}

/* The final dot of a full name has no place in SNI (RFC 6066 3). */
static bool copy_auth_name(const char *name, char ret[SPELLING_NAME_MAX])
{
	size_t len = strlen(name);

	if (!hostname_valid(name))
		return false;
	if (name[len - 1] == '.')
		len--;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return true;
}

enum spelling_verdict spelling_parse(const char *text, struct spelling *ret)
{
	struct spelling s = { 0 };
	const char *hash;
	size_t len;

	if (!skip_scheme(&text))
		return SPELLING_SCHEME;
	hash = strchrnul(text, '#');
	len = (size_t)(hash - text);
	if (len == 0)
		return SPELLING_EMPTY;
	if (memchr(text, '/', len) || memchr(text, '?', len))
		return SPELLING_PATH;
	if (!addr_parse(text, len, TLS_PORT, false, &s.addr))
		return is_name(text, len) ? SPELLING_NAME_ONLY : SPELLING_ADDRESS;
	if (addr_is_any(&s.addr))
		return SPELLING_ADDRESS;
	if (*hash && !copy_auth_name(hash + 1, s.auth_name))
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
		return "no address is written; write it like \"tls://9.9.9.9#dns.quad9.net\"";
	case SPELLING_SCHEME:
		return "only tls:// is spoken; write it like \"tls://9.9.9.9#dns.quad9.net\"";
	case SPELLING_NAME_ONLY:
		return "a host name cannot be looked up by this version; write the address before "
		       "it, "
		       "like \"tls://9.9.9.9#dns.quad9.net\"";
	case SPELLING_ADDRESS:
		return "not an IP address with an optional port of 1 to 65535; write it like "
		       "\"9.9.9.9\", \"9.9.9.9:853\" or \"[2620:fe::fe]:853\"";
	case SPELLING_AUTH_NAME:
		return "behind the # stands the host name of the certificate, like "
		       "\"#dns.quad9.net\": "
		       "letters, digits, '-', '_' and dots, no wildcard";
	case SPELLING_PATH:
		return "nothing may follow the address and its port but #NAME; a path has no "
		       "meaning "
		       "in DNS over TLS";
	}
	return "not an upstream";
}
