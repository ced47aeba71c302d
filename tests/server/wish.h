/*
 * What a name asks for by its leading labels: ttl-N, many-N, size-N, cname-K, ede-N, rcode-N,
 * a-N-N-N-N, any of them one after another, and nxdomain; a name under nx.test does not exist
 * either.
 */
#ifndef TESTS_SERVER_WISH_H
#define TESTS_SERVER_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;

struct wish {
	uint32_t ttl;
	uint32_t many;	/* address records */
	uint32_t size;	/* octets of the whole message; 0: no wish */
	uint32_t cname; /* length of the chain */
	bool has_address;
	uint32_t address; /* of the first record; valid with has_address: then there is no AAAA */
	int ede;	  /* -1: no wish */
	int rcode;	  /* -1: no wish */
	bool missing;	  /* NXDOMAIN */
	size_t rest;	  /* offset, in the message, of the first label that is no wish */
};

void wish_read(const struct query *q, struct wish *ret);

#endif
