#include "tests/server/aside.h"

#include <stddef.h>
#include <string.h>

#include "tests/server/tls.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

static const char *const words[] = {
	[ASIDE_NONE] = "none",
	[ASIDE_KEYUPDATE] = "keyupdate",
	[ASIDE_KEYUPDATE_ASK] = "keyupdate-ask",
	[ASIDE_TICKET] = "ticket",
	[ASIDE_WARNING] = "warning",
	[ASIDE_EMPTY] = "empty",
	[ASIDE_HELLO_REQUEST] = "hello-request",
	[ASIDE_CERT_REQUEST] = "cert-request",
};

bool aside_parse(const char *word, enum aside *ret)
{
	for (size_t i = 1; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(words[i], word)) {
			*ret = (enum aside)i;
			return true;
		}
	}
	return false;
}

/* RFC 8446 4.3.2: a context of one octet and signature_algorithms. */
static const uint8_t cert_request[] = { 13, 0, 0, 14, 1, 'x', 0, 10, 0, 13, 0, 6, 0, 4, 4, 3, 8,
	4 };
static const uint8_t user_canceled[] = { 1, 90 };
static const uint8_t hello_request[] = { 0, 0, 0, 0 };

static bool send_once(struct tls *t, enum aside what)
{
	switch (what) {
	case ASIDE_KEYUPDATE:
		return tls_key_update(t, false);
	case ASIDE_KEYUPDATE_ASK:
		return tls_key_update(t, true);
	case ASIDE_TICKET:
		return tls_send_tickets(t, 1);
	case ASIDE_WARNING:
		return tls_record(t, ALERT, user_canceled, sizeof(user_canceled));
	case ASIDE_EMPTY:
		return tls_record(t, DATA, NULL, 0);
	case ASIDE_HELLO_REQUEST:
		return tls_record(t, HANDSHAKE, hello_request, sizeof(hello_request));
	case ASIDE_CERT_REQUEST:
		return tls_record(t, HANDSHAKE, cert_request, sizeof(cert_request));
	case ASIDE_NONE:
		break;
	}
	return false;
}

bool aside_send(struct tls *t, enum aside what, unsigned times)
{
	while (times && send_once(t, what))
		times--;
	return times == 0;
}
