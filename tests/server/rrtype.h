/* Names of record types and classes that the test resolver knows. */
#ifndef TESTS_SERVER_RRTYPE_H
#define TESTS_SERVER_RRTYPE_H

#include <stdbool.h>
#include <stdint.h>

enum rrtype {
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_PTR = 12,
	RR_HINFO = 13,
	RR_MX = 15,
	RR_TXT = 16,
	RR_AAAA = 28,
	RR_SRV = 33,
	RR_OPT = 41,
	RR_DS = 43,
	RR_DNSKEY = 48,
	RR_SVCB = 64,
	RR_HTTPS = 65,
	RR_ANY = 255,
};

enum rcode {
	RC_NOERROR = 0,
	RC_FORMERR = 1,
	RC_SERVFAIL = 2,
	RC_NXDOMAIN = 3,
	RC_NOTIMP = 4,
	RC_REFUSED = 5,
	RC_BADVERS = 16,
	RC_BADCOOKIE = 23,
};

/* "A", "TYPE123", in any case. */
bool rrtype_parse(const char *text, uint16_t *ret);
/* Into a static buffer. */
const char *rrtype_text(uint16_t type);
/* A number or one of the common names. */
bool rcode_parse(const char *text, long *ret);

#endif
