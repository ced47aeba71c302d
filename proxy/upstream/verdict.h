/*
 * Whether an answer is an upstream's last word on a question, or its own trouble, with which the
 * question goes to the next upstream of the group (design 5).
 */
#ifndef PROXY_UPSTREAM_VERDICT_H
#define PROXY_UPSTREAM_VERDICT_H

#include <stdbool.h>

#include "common/dns/message.h"

/*
 * True for an RCODE above 15, which speaks of our hop (BADVERS, and BADCOOKIE where none was sent), and for
 * SERVFAIL and REFUSED, unless an Extended DNS Error says that the name itself was judged:
 * DNSSEC-bogus or blocked.  Another upstream that does not validate, or filters less, must not
 * overrule that.
 */
bool verdict_moves_on(const struct dns_message *answer);

#endif
