/* The honest answer to a query. */
#ifndef TESTS_SERVER_ANSWER_H
#define TESTS_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/cookie.h"

struct query;
struct reply;

struct answer_policy {
	bool pad;      /* to ANSWER_BLOCK, if the query was padded (RFC 8467) */
	int keepalive; /* units of 100 ms, told if asked for on a stream; -1: never */
	struct cookie_policy cookies;
};

#define ANSWER_BLOCK	468u
#define ANSWER_UDP_SIZE 1232u
#define ANSWER_STREAM	0u /* no datagram: no size limit but 65,535 */

/*
 * Writes the answer to q into r (which keeps q).  False: nothing is to be said (less than a header
 * was received, or it was no query).  room: octets that one datagram has; the client's own limit
 * counts too.
 */
bool answer_build(
	const struct answer_policy *policy, const struct query *q, size_t room, struct reply *r);

#endif
