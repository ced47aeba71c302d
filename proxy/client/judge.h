/* What of a client's query the listener answers itself: what can never be asked upstream. */
#ifndef PROXY_CLIENT_JUDGE_H
#define PROXY_CLIENT_JUDGE_H

#include <stdbool.h>

#include "common/dns/cookie_server.h"
#include "common/dns/ede.h"
#include "common/dns/edns.h"
#include "common/dns/message.h"

struct judgement {
	bool pass; /* it goes upstream; else rcode and ede */
	unsigned rcode;
	struct ede ede;
};

/*
 * v is message_parse's verdict on m (not MESSAGE_SHORT), e its OPT; cookie: what its COOKIE is worth; stream:
 * it came over TCP.
 */
struct judgement judge_query(enum message_verdict v, const struct dns_message *m,
	const struct edns *e, enum cookie_standing cookie, bool stream);

#endif
