/*
 * Files of names and addresses: hosts(5), and what the DHCP servers dnsmasq and odhcpd write of their
 * leases.  Names of leases are what the clients say they are, so they get no more than one label below the
 * domain, and never one that means something to others (wpad, isatap: VU#598349).
 */
#ifndef COMMON_LOCAL_HOSTS_H
#define COMMON_LOCAL_HOSTS_H

#include "common/local/records.h"
#include "common/local/text.h"

#define HOSTS_TTL 60u

/* Where names go, and what they get behind them. */
struct hosts_form {
	struct records *records;
	enum records_source source;
	const uint8_t *domain; /* wire form, borrowed; for names of one label besides; NULL: none */
	uint64_t now_s;	       /* leases that ended before are left out; seconds since 1970 */
};

/* ADDRESS NAME... lines; names at and below localhost are left out (RFC 6761 6.3 says what they are). */
void hosts_parse(struct text *t, const struct hosts_form *f, const char *part, size_t len);

/* Leases of dnsmasq, or of odhcpd ("# ..." lines and hosts(5) lines). */
void lease_parse(struct text *t, const struct hosts_form *f, const char *part, size_t len);

#endif
