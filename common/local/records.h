/*
 * Local records: names with what is known of them, built once and then only read (several threads may).
 * Names and records stand in one piece of memory, 40 octets and the name for a name with one address.
 *
 * Sources go in order: the first that speaks of a name has it to itself.  "*.name" stands for all names
 * below that have no records of their own; the nearest one counts.
 */
#ifndef COMMON_LOCAL_RECORDS_H
#define COMMON_LOCAL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/local/nameset.h"
#include "common/local/suffix.h"

/* What one name may have in all, so that an answer always fits in LOCAL_REPLY_MAX (answer.h). */
#define RECORDS_NAME_OCTETS 12288u
#define RECORDS_RDATA_MAX   1024u
/* Octets of a store. */
#define RECORDS_MAX (1u << 30)

enum records_source { RECORDS_CONFIG = 0, RECORDS_HOSTS, RECORDS_LEASE };

/* Offsets into the store; 0: none. */
struct record_node {
	uint32_t next; /* in its bucket */
	uint32_t hash;
	uint32_t first, last;
	uint16_t octets; /* of its records on the wire */
	uint8_t source;
	uint8_t name_len;
	uint8_t name[];
};

struct record {
	uint32_t next;
	uint32_t ttl;
	uint16_t type;
	uint16_t len;
	uint8_t rdata[]; /* names in it are plain */
};

struct records {
	uint8_t key[SUFFIX_KEY];
	uint8_t *memory; /* owned */
	size_t used, size;
	uint32_t *buckets; /* owned */
	size_t bucket_count;
	size_t count;		/* names */
	bool wildcards;		/* there is one */
	struct nameset parents; /* names above those that have records */
};

enum records_result {
	RECORDS_OK = 0,
	RECORDS_KNOWN,	 /* it is there already, or another source has the name */
	RECORDS_CLASH,	 /* CNAME beside other records (RFC 1034 3.6.2) */
	RECORDS_NO_ROOM, /* RECORDS_NAME_OCTETS, RECORDS_RDATA_MAX or RECORDS_MAX */
	RECORDS_NO_MEMORY,
};

void records_init(struct records *r, const uint8_t key[SUFFIX_KEY]);
void records_deinit(struct records *r);

/* name: plain, in any case.  rdata: uncompressed, of at most RECORDS_RDATA_MAX. */
enum records_result records_add(struct records *r, enum records_source source, const uint8_t *name,
	size_t name_len, uint16_t type, uint32_t ttl, const void *rdata, size_t len);

/*
 * An address (4 or 16 octets) of a name, and the name of the address where none is known yet, 0.0.0.0, ::
 * and the loopback addresses excepted.
 */
enum records_result records_add_host(struct records *r, enum records_source source,
	const uint8_t *name, size_t name_len, const uint8_t *ip, size_t ip_len, uint32_t ttl);

/* Gives back what growing took too much, after the last name. */
void records_fit(struct records *r);

/* What is known of a name: its own records, or those of a wildcard; NULL: nothing. */
const struct record_node *records_find(const struct records *r, const struct suffixes *name);

/* Names below it have records. */
bool records_is_parent(const struct records *r, const struct suffixes *name);

static inline const struct record *records_at(const struct records *r, uint32_t offset)
{
	return offset ? (const struct record *)(const void *)(r->memory + offset) : NULL;
}

/* The name of the address below in-addr.arpa or ip6.arpa; returns its length. */
size_t records_reverse(const uint8_t *ip, size_t ip_len, uint8_t ret_name[DNS_NAME_MAX]);

#endif
