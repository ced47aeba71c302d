#include "proxy/upstream/verdict.h"

#include "common/dns/ede.h"
#include "common/dns/edns.h"

/* RFC 8914 4: 6 to 12 are DNSSEC's (Bogus to NSEC Missing), 15 to 17 Blocked, Censored, Filtered. */
static bool judges_the_name(unsigned code)
{
	return (code >= 6 && code <= 12) || (code >= 15 && code <= 17);
}

bool verdict_moves_on(const struct dns_message *answer)
{
	unsigned rcode = message_rcode(answer);
	struct edns_option option;
	size_t at = 0;

	if (answer->opt && answer->data[answer->opt + 5] > 0)
		return true;
	if (rcode != RCODE_SERVFAIL && rcode != RCODE_REFUSED)
		return false;
	while (edns_next_option(answer, &at, &option))
		if (option.code == EDNS_EDE && option.len >= 2 &&
			judges_the_name(wire_get16(option.data)))
			return false;
	return true;
}
