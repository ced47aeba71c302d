#include "tests/server/cookie.h"

#include <string.h>

#include "tests/server/query.h"

enum { OPTION_COOKIE = 10, CLIENT_LEN = 8, SERVER_LEN = 16 };

/* FNV-1a of 64 bits: nobody here wants to forge it. */
static void make(uint32_t secret, const uint8_t *client, uint8_t ret[SERVER_LEN])
{
	uint64_t h = 14695981039346656037u;

	wire_put32(ret, 0xc00c1e00);
	wire_put32(ret + 4, secret);
	for (size_t i = 0; i < 16; i++)
		h = (h ^ (i < 8 ? ret[i] : client[i - 8])) * 1099511628211u;
	wire_put32(ret + 8, (uint32_t)(h >> 32));
	wire_put32(ret + 12, (uint32_t)h);
}

bool cookie_is_answered(const struct cookie_policy *p, const struct query *q)
{
	return p->mode != COOKIES_OFF && q->cookie && q->cookie_len >= CLIENT_LEN;
}

bool cookie_is_refused(const struct cookie_policy *p, const struct query *q)
{
	uint8_t good[SERVER_LEN];

	if (p->mode != COOKIES_STRICT)
		return false;
	if (!q->cookie || q->cookie_len != CLIENT_LEN + SERVER_LEN)
		return true;
	make(p->secret, q->cookie, good);
	return memcmp(q->cookie + CLIENT_LEN, good, SERVER_LEN) != 0;
}

void cookie_write(const struct cookie_policy *p, const struct query *q, struct wire_writer *w)
{
	uint8_t server[SERVER_LEN];

	make(p->secret, q->cookie, server);
	wire_write16(w, OPTION_COOKIE);
	wire_write16(w, CLIENT_LEN + SERVER_LEN);
	wire_write(w, q->cookie, CLIENT_LEN);
	wire_write(w, server, SERVER_LEN);
}
