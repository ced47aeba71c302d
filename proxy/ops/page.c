#include "proxy/ops/page.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proxy/ops/page_text.h"

#define NONCE_OCTETS 16u
static const char mark[] = "@NONCE@";

/* In hexadecimal, which is base64 too (CSP 3, nonce-source). */
static void make_nonce(char text[2 * NONCE_OCTETS + 1])
{
	uint8_t octets[NONCE_OCTETS];

	if (getrandom(octets, sizeof octets, 0) != sizeof octets)
		abort(); /* up to 256 octets come whole (getrandom(2)) */
	for (size_t i = 0; i < sizeof octets; i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
}

static void make_policy(const char *nonce, char policy[PAGE_POLICY_MAX])
{
	snprintf(policy, PAGE_POLICY_MAX,
		"default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'",
		nonce, nonce);
}

int page_write(struct evbuffer *out, char policy[PAGE_POLICY_MAX])
{
	const char *at = (const char *)page_text, *next;
	char nonce[2 * NONCE_OCTETS + 1];
	int failed = 0;

	make_nonce(nonce);
	make_policy(nonce, policy);
	while ((next = strstr(at, mark))) {
		failed |= evbuffer_add(out, at, (size_t)(next - at));
		failed |= evbuffer_add(out, nonce, strlen(nonce));
		at = next + strlen(mark);
	}
	failed |= evbuffer_add(out, at, strlen(at));
	return failed ? -ENOMEM : 0;
}
