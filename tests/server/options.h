/* The command line. */
#ifndef TESTS_SERVER_OPTIONS_H
#define TESTS_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/stats.h"

#define OPTIONS_LISTENERS 32u

struct listen_option {
	enum transport transport;
	const char *address;
	bool both; /* TLS and DTLS, on the same port */
};

struct options {
	struct listen_option listeners[OPTIONS_LISTENERS];
	size_t listener_count;
	const char *cert, *key, *priority;
	const char *dtls_priority; /* NULL: the usual one */
	const char *ticket_key;	   /* NULL: a random one */
	const char *control;	   /* NULL: none */
	const char *script;	   /* NULL: none */
	uint64_t seed;
	size_t ring;
	int keepalive; /* -1: not told */
	bool pad, coalesce, log;
};

/* False after a message on stderr. */
bool options_parse(int argc, char **argv, struct options *ret);

#endif
