/*
 * The OPT record (RFC 6891) and its options.  OPT is hop-by-hop: the one that a client sent is read
 * and ends here, the one that we send is written fresh, in both directions (design 4).
 */
#ifndef COMMON_DNS_EDNS_H
#define COMMON_DNS_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/message.h"
#include "common/dns/wire.h"

enum edns_option_code {
	EDNS_NSID = 3,
	EDNS_DAU = 5,
	EDNS_DHU = 6,
	EDNS_N3U = 7,
	EDNS_CLIENT_SUBNET = 8,
	EDNS_COOKIE = 10,
	EDNS_KEEPALIVE = 11,
	EDNS_PADDING = 12,
	EDNS_KEY_TAG = 14,
	EDNS_EDE = 15,
};

#define EDNS_DO		   0x8000u
#define EDNS_OPT_MIN	   11u /* an OPT without options */
#define EDNS_OPTION_HEADER 4u

/*
 * Options that are copied from client to upstream: DAU, DHU, N3U (RFC 6975 4.2.2), key-tag (RFC
 * 8145).
 */
#define EDNS_COPIED 4
/* A longer one than this is not copied: 256 algorithms or key tags is all that they can say. */
#define EDNS_COPIED_MAX 512u

struct edns_option {
	uint16_t code;
	uint16_t len;
	const uint8_t *data; /* into the message */
};

/* What an OPT says.  Zeroed (present = false) when there was none. */
struct edns {
	bool present;
	bool dnssec_ok;
	bool bad_options; /* the option list does not parse: FORMERR with OPT (RFC 6891 6.1.2) */
	uint8_t version;
	uint8_t extended_rcode;	    /* upper 8 bits of the 12-bit RCODE */
	uint16_t udp_size;	    /* as sent, below 512 counts as 512 */
	bool keepalive;		    /* option 11 was there ... */
	bool keepalive_bad;	    /* ... with a length that its direction forbids */
	uint16_t keepalive_timeout; /* responses: units of 100 ms (RFC 7828) */
	bool padding;
	struct edns_option cookie; /* the first COOKIE (RFC 7873 5.2); data NULL: none */
	bool cookie_bad;	   /* it has an illegal length: FORMERR, or to be discarded */
	struct edns_option
		copied[EDNS_COPIED]; /* first of each code; len 0 and data NULL: absent */
};

/*
 * Reads the OPT of a message that parsed; from_upstream tells the direction (keepalive carries 0
 * octets in a query, 2 in a response).  Of an option that stands there several times the first
 * counts. Linear in the length of the option list.
 */
void edns_parse(const struct dns_message *m, bool from_upstream, struct edns *ret);

/* As if there had been no COOKIE: for those who do not do cookies. */
static inline void edns_ignore_cookie(struct edns *e)
{
	e->cookie = (struct edns_option){ 0 };
	e->cookie_bad = false;
}

/*
 * Iterates the options of a parsed message's OPT: *pos starts at 0; false at the end or where the
 * list is broken.
 */
bool edns_next_option(const struct dns_message *m, size_t *pos, struct edns_option *ret);

/*
 * Writing an OPT: edns_begin writes the fixed part and returns the offset of RDLENGTH, options
 * follow, edns_end fills RDLENGTH in.  A writer gone bad makes all three do nothing.
 */
size_t edns_begin(struct wire_writer *w, uint16_t udp_size, uint8_t extended_rcode, bool dnssec_ok);
void edns_option(struct wire_writer *w, uint16_t code, const void *data, size_t len);
void edns_end(struct wire_writer *w, size_t rdlen_at);

#endif
