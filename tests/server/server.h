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
#include "tests/server/options.h"
#include "tests/server/random.h"
#include "tests/server/record.h"
#include "tests/server/reply.h"
#include "tests/server/rules.h"
#include "tests/server/stats.h"

struct event;
struct event_base;
struct tls_server;

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
	struct list conns; /* open ones */
	struct list dead;  /* connections to be freed by the reaper */
	struct event *reaper;
	uint64_t conn_count; /* ever accepted: the number of the last one */
	uint64_t udp_count;
	bool muted, paused, coalesce, accepting;
	char last_error[160]; /* of a TLS connection */
	struct reply reply;   /* the one being written */
};

/* NULL after a message on stderr. */
struct server *server_new(const struct options *options);
void server_free(struct server *s);

/* Stop or go on reading from all sockets that queries come from. */
void server_pause(struct server *s, bool on);

#endif
