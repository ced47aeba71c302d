#include "common/dns/cookie_server.h"

#include <string.h>

#include "common/base/siphash.h"
#include "common/dns/wire.h"

#define VERSION_1 1u
/* Offsets in the option. */
#define AT_VERSION   8u
#define AT_TIMESTAMP 12u
#define AT_HASH	     16u
/* Client cookie, version, reserved, timestamp, address. */
#define HASHED_MAX (AT_HASH + 16u)

/* ------------------------------------------------------------------ the hash */

/* RFC 9018 4.4: a peer of a dual-stack socket has the cookie that it would have over IPv4. */
static size_t put_address(const struct addr *a, uint8_t out[16])
{
	if (a->sa.sa_family != AF_INET6) {
		memcpy(out, &a->in4.sin_addr, 4);
		return 4;
	}
	if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		memcpy(out, a->in6.sin6_addr.s6_addr + 12, 4);
		return 4;
	}
	memcpy(out, &a->in6.sin6_addr, 16);
	return 16;
}

/* Of the first 16 octets of the option, Reserved as it stands there. */
static void put_hash(const uint8_t secret[COOKIE_SECRET_LEN], const uint8_t option[AT_HASH],
	const struct addr *peer, uint8_t out[8])
{
	uint8_t hashed[HASHED_MAX];
	uint64_t hash;
	size_t len;

	memcpy(hashed, option, AT_HASH);
	len = AT_HASH + put_address(peer, hashed + AT_HASH);
	hash = siphash(secret, hashed, len);
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(hash >> 8 * i);
}

/* How many octets are right must not show in the time it takes. */
static bool equal_in_constant_time(const uint8_t *a, const uint8_t *b, size_t len)
{
	volatile uint8_t differences = 0;

	for (size_t i = 0; i < len; i++)
		differences = (uint8_t)(differences | (a[i] ^ b[i]));
	return differences == 0;
}

/* ------------------------------------------------------------------ making and checking */

void cookie_make(const struct cookie_secrets *s, const uint8_t client[COOKIE_CLIENT_LEN],
	const struct addr *peer, uint32_t now_s, uint8_t ret[COOKIE_V1_LEN])
{
	memmove(ret, client, COOKIE_CLIENT_LEN);
	wire_put32(ret + AT_VERSION, VERSION_1 << 24); /* and Reserved, zero */
	wire_put32(ret + AT_TIMESTAMP, now_s);
	put_hash(s->secret[0], ret, peer, ret + AT_HASH);
}

/* The number of the secret that it was made with; COOKIE_SECRETS_MAX: none of ours. */
static unsigned find_secret(const struct cookie_secrets *s, const uint8_t option[COOKIE_V1_LEN],
	const struct addr *peer)
{
	unsigned found = COOKIE_SECRETS_MAX;

	for (unsigned i = s->count; i-- > 0;) {
		uint8_t hash[8];

		put_hash(s->secret[i], option, peer, hash);
		if (equal_in_constant_time(hash, option + AT_HASH, sizeof hash))
			found = i;
	}
	return found;
}

/*
 * Exactly this length, before anything is hashed: 36 octets from an IPv4 client could be read as what an
 * IPv6 client's hash is made of (RFC 9018 4.4).
 */
static enum cookie_standing judge(const struct cookie_secrets *s, const uint8_t *option, size_t len,
	const struct addr *peer, uint32_t now_s)
{
	unsigned secret;
	int32_t age;

	if (len == COOKIE_CLIENT_LEN)
		return COOKIE_FRESH;
	if (len != COOKIE_V1_LEN || option[AT_VERSION] != VERSION_1)
		return COOKIE_INVALID;
	age = (int32_t)(now_s - wire_get32(option + AT_TIMESTAMP));
	if (age > COOKIE_AGE_MAX_S || age < -COOKIE_AHEAD_MAX_S)
		return COOKIE_INVALID;
	secret = find_secret(s, option, peer);
	if (secret == COOKIE_SECRETS_MAX)
		return COOKIE_INVALID;
	return secret == 0 && age <= COOKIE_RENEW_S ? COOKIE_VALID : COOKIE_RENEWED;
}

enum cookie_standing cookie_check(const struct cookie_secrets *s, const uint8_t *option, size_t len,
	const struct addr *peer, uint32_t now_s, uint8_t ret[COOKIE_V1_LEN])
{
	enum cookie_standing standing = judge(s, option, len, peer, now_s);

	if (standing == COOKIE_VALID)
		memcpy(ret, option, COOKIE_V1_LEN);
	else
		cookie_make(s, option, peer, now_s, ret);
	return standing;
}

/* ------------------------------------------------------------------ secrets */

uint32_t cookie_secrets_step(
	struct cookie_secrets *s, const uint8_t fresh[COOKIE_SECRET_LEN], uint32_t random)
{
	uint32_t life = COOKIE_SECRET_LIFE_S - random % (COOKIE_SECRET_JITTER_S + 1);

	if (s->count == COOKIE_SECRETS_MAX) {
		explicit_bzero(s->secret[1], COOKIE_SECRET_LEN);
		s->count = 1;
		return life - COOKIE_SECRET_KEPT_S;
	}
	memcpy(s->secret[1], s->secret[0], COOKIE_SECRET_LEN);
	memcpy(s->secret[0], fresh, COOKIE_SECRET_LEN);
	s->count++;
	return s->count == COOKIE_SECRETS_MAX ? COOKIE_SECRET_KEPT_S : life;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits and nothing else. */
static bool parse_secret(const char *text, size_t len, uint8_t ret[COOKIE_SECRET_LEN])
{
	if (len != 2 * COOKIE_SECRET_LEN)
		return false;
	for (size_t i = 0; i < COOKIE_SECRET_LEN; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* The line without comment and blanks around it. */
static void trim(const char **line, size_t *len)
{
	const char *comment = memchr(*line, '#', *len);

	if (comment)
		*len = (size_t)(comment - *line);
	while (*len > 0 && strchr(" \t\r", (*line)[*len - 1]) && (*line)[*len - 1])
		--*len;
	while (*len > 0 && (**line == ' ' || **line == '\t')) {
		++*line;
		--*len;
	}
}

const char *cookie_secrets_parse(
	const char *text, size_t len, struct cookie_secrets *ret, unsigned *ret_line)
{
	*ret = (struct cookie_secrets){ 0 };
	*ret_line = 0;
	for (size_t at = 0; at < len;) {
		const char *line = text + at, *end = memchr(line, '\n', len - at);
		size_t line_len = end ? (size_t)(end - line) : len - at;

		at += line_len + 1;
		++*ret_line;
		trim(&line, &line_len);
		if (line_len == 0)
			continue;
		if (ret->count == COOKIE_SECRETS_MAX)
			return "a third secret: two are enough, the current one and one more that "
			       "is "
			       "accepted";
		if (!parse_secret(line, line_len, ret->secret[ret->count]))
			return "not a secret: 32 hexadecimal digits are wanted";
		ret->count++;
	}
	*ret_line = 0;
	if (ret->count == 2 && memcmp(ret->secret[0], ret->secret[1], COOKIE_SECRET_LEN) == 0)
		ret->count = 1;
	return ret->count ? NULL : "no secret in it: a line of 32 hexadecimal digits is wanted";
}
