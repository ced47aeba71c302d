/*
 * All there is in one server: what was configured, what was counted, who is connected.  One thread,
 * one event base.
 */
#ifndef TESTS_SERVER_SERVER_H
#define TESTS_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "tests/server/answer.h"
#include "tests/server/line.h"
#include "tests/server/options.h"
#include "tests/server/random.h"
#include "tests/server/record.h"
#include "tests/server/reply.h"
#include "tests/server/rules.h"
#include "tests/server/stats.h"

struct event;
struct event_base;
struct tls_server;

#define SERVER_DTLS_MTU 1232u /* RFC 8094 5: IPv6 in 1280 octets, where the path is not known */

struct server {
	struct event_base *base;
	const struct options *options; /* borrowed */
	struct tls_server *tls;	       /* NULL without TLS listeners */
	struct answer_policy policy;
	struct stats stats;
	struct record_ring ring;
	struct rules rules;
	struct random random;
	struct list listeners;
	struct list conns;		 /* open ones */
	struct list assocs, dead_assocs; /* of DTLS, likewise */
	struct list dead;		 /* connections to be freed by the reaper */
	struct event *reaper;
	uint64_t conn_count; /* ever accepted: the number of the last one */
	uint64_t udp_count;
	struct line_faults line_in, line_out; /* what datagrams of DTLS meet on their way */
	unsigned dtls_mtu;		      /* of associations to come */
	bool dtls_alerts;		      /* said to records of no association */
	bool muted, paused, coalesce, accepting;
	char last_error[160]; /* of a TLS connection or a DTLS association */
	struct reply reply;   /* the one being written */
};

/* NULL after a message on stderr. */
struct server *server_new(const struct options *options);
void server_free(struct server *s);

/* Stop or go on reading from all sockets that queries come from. */
void server_pause(struct server *s, bool on);

#endif
