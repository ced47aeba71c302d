/*
 * Records for people, as master files have them (RFC 1035 5.1, RFC 3597 5 for types that are not known here).  What
 * does not fit is cut; control characters and what is no ASCII stand as \DDD.
 */
#ifndef COMMON_DNS_RECORD_TEXT_H
#define COMMON_DNS_RECORD_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/dns/message.h"

/* Room for any name. */
#define RECORD_NAME_TEXT_MAX DNS_NAME_TEXT_MAX

/* The owner of a record of a message that parsed, with its final dot. */
const char *record_owner_text(const struct dns_message *m, const struct dns_record *r,
	char text[RECORD_NAME_TEXT_MAX]);
uint32_t record_ttl(const struct dns_message *m, const struct dns_record *r);
/* What it says; size at least 1. */
const char *record_data_text(
	const struct dns_message *m, const struct dns_record *r, char *text, size_t size);

/* The number of a type: "A", "aaaa", "TYPE65"; 0: it is none. */
uint16_t type_from_text(const char *text);

#endif
