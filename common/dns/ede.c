#include "common/dns/ede.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The names stand in the rows: no pointers, which would have to be relocated. */
struct number_name {
	uint16_t number;
	char name[12];
};

#define NUMBER_TEXT_MAX 20u

static const struct number_name rcodes[] = {
	{ 0, "NOERROR" },
	{ 1, "FORMERR" },
	{ 2, "SERVFAIL" },
	{ 3, "NXDOMAIN" },
	{ 4, "NOTIMP" },
	{ 5, "REFUSED" },
	{ 6, "YXDOMAIN" },
	{ 7, "YXRRSET" },
	{ 8, "NXRRSET" },
	{ 9, "NOTAUTH" },
	{ 10, "NOTZONE" },
	{ 11, "DSOTYPENI" },
	{ 16, "BADVERS" },
	{ 23, "BADCOOKIE" },
};

static const struct number_name types[] = {
	{ 1, "A" },
	{ 2, "NS" },
	{ 3, "MD" },
	{ 4, "MF" },
	{ 5, "CNAME" },
	{ 6, "SOA" },
	{ 7, "MB" },
	{ 8, "MG" },
	{ 9, "MR" },
	{ 10, "NULL" },
	{ 11, "WKS" },
	{ 12, "PTR" },
	{ 13, "HINFO" },
	{ 14, "MINFO" },
	{ 15, "MX" },
	{ 16, "TXT" },
	{ 17, "RP" },
	{ 18, "AFSDB" },
	{ 21, "RT" },
	{ 24, "SIG" },
	{ 25, "KEY" },
	{ 26, "PX" },
	{ 28, "AAAA" },
	{ 29, "LOC" },
	{ 30, "NXT" },
	{ 33, "SRV" },
	{ 35, "NAPTR" },
	{ 37, "CERT" },
	{ 39, "DNAME" },
	{ 41, "OPT" },
	{ 43, "DS" },
	{ 44, "SSHFP" },
	{ 46, "RRSIG" },
	{ 47, "NSEC" },
	{ 48, "DNSKEY" },
	{ 50, "NSEC3" },
	{ 51, "NSEC3PARAM" },
	{ 52, "TLSA" },
	{ 53, "SMIMEA" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },
	{ 63, "ZONEMD" },
	{ 64, "SVCB" },
	{ 65, "HTTPS" },
	{ 99, "SPF" },
	{ 128, "NXNAME" },
	{ 249, "TKEY" },
	{ 250, "TSIG" },
	{ 251, "IXFR" },
	{ 252, "AXFR" },
	{ 253, "MAILB" },
	{ 254, "MAILA" },
	{ 255, "ANY" },
	{ 256, "URI" },
	{ 257, "CAA" },
};

static const struct number_name classes[] = {
	{ 1, "IN" },
	{ 3, "CH" },
	{ 4, "HS" },
	{ 254, "NONE" },
	{ 255, "ANY" },
};

static const char *find(const struct number_name *table, size_t count, unsigned number)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == number)
			return table[i].name;
	return NULL;
}

static const char *numbered(char *text, const char *prefix, unsigned number)
{
	snprintf(text, NUMBER_TEXT_MAX, "%s%u", prefix, number);
	return text;
}

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

const char *rcode_text(unsigned rcode)
{
	static _Thread_local char text[NUMBER_TEXT_MAX];
	const char *name = find(rcodes, COUNT(rcodes), rcode);

	return name ? name : numbered(text, "RCODE", rcode);
}

const char *ede_meaning(unsigned code)
{
	static const char *const meanings[] = { "Other Error", "Unsupported DNSKEY Algorithm",
		"Unsupported DS Digest Type", "Stale Answer", "Forged Answer", "DNSSEC Indeterminate",
		"DNSSEC Bogus", "Signature Expired", "Signature Not Yet Valid", "DNSKEY Missing",
		"RRSIGs Missing", "No Zone Key Bit Set", "NSEC Missing", "Cached Error", "Not Ready",
		"Blocked", "Censored", "Filtered", "Prohibited", "Stale NXDOMAIN Answer",
		"Not Authoritative", "Not Supported", "No Reachable Authority", "Network Error",
		"Invalid Data", "Signature Expired before Valid", "Too Early",
		"Unsupported NSEC3 Iterations Value", "Unable to conform to policy", "Synthesized",
		"Invalid Query Type" };

	return code < COUNT(meanings) ? meanings[code] : "unassigned";
}

const char *type_text(unsigned type)
{
	static _Thread_local char text[NUMBER_TEXT_MAX];
	const char *name = find(types, COUNT(types), type);

	return name ? name : numbered(text, "TYPE", type);
}

const char *class_text(unsigned class)
{
	static _Thread_local char text[NUMBER_TEXT_MAX];
	const char *name = find(classes, COUNT(classes), class);

	return name ? name : numbered(text, "CLASS", class);
}
