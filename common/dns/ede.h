/* RCODEs, and the Extended DNS Errors (RFC 8914) that we give reasons with. */
#ifndef COMMON_DNS_EDE_H
#define COMMON_DNS_EDE_H

enum dns_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23,
};

enum ede_code {
	EDE_NONE = -1,
	EDE_OTHER = 0,
	EDE_STALE_ANSWER = 3,
	EDE_CACHED_ERROR = 13,
	EDE_NOT_READY = 14,
	EDE_BLOCKED = 15,
	EDE_PROHIBITED = 18,
	EDE_STALE_NXDOMAIN = 19,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
	EDE_INVALID_DATA = 24,
	EDE_SYNTHESIZED = 29,
	EDE_INVALID_QUERY_TYPE = 30,
};

/* A reason; text may be NULL and is borrowed for the call it is passed to. */
struct ede {
	enum ede_code code; /* EDE_NONE: no reason given */
	const char *text;
};

/* Longest text that we write, in octets; more is cut. */
#define EDE_TEXT_MAX 200u

/*
 * "NOERROR", "SERVFAIL", ...; "RCODE17" and the like for the rest, in a static buffer per thread.
 */
const char *rcode_text(unsigned rcode);
/* "A", "AAAA", ...; "TYPE1234" for the rest (RFC 3597 5), in a static buffer per thread. */
const char *type_text(unsigned type);
/* "Stale Answer", ...: what the registry calls an Extended DNS Error; "unassigned" for the rest; static. */
const char *ede_meaning(unsigned code);
const char *class_text(unsigned class);

#endif
