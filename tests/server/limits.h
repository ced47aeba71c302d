/* What a rule imposes on a connection, or on an association of DTLS, from its beginning on. */
#ifndef TESTS_SERVER_LIMITS_H
#define TESTS_SERVER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/server/reply.h"

/* 0 or CLOSE_NOT: nothing. */
struct limits {
	/* at once */
	enum close_how refuse_how;
	uint32_t garbage; /* octets */
	bool plaintext;	  /* streams only */
	bool stall;
	uint32_t stall_ms; /* 0: for ever; valid with stall */
	/* later */
	uint64_t answers, queries;
	enum close_how answers_how, queries_how;
	uint32_t life_ms;
	enum close_how life_how;
	bool idle; /* life_ms counts from the last query or answer */
	enum close_how handshake_how;
};

#endif
