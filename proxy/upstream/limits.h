/*
 * What a server allows, learnt from how it closes (design 5, Pool and Loss): so many answers on a
 * connection, so long without a query.  One close proves nothing; two alike do.  What was learnt is
 * forgotten when a connection outlives it.
 */
#ifndef PROXY_UPSTREAM_LIMITS_H
#define PROXY_UPSTREAM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct limits {
	uint64_t answers; /* on one connection; 0: no limit known */
	uint64_t idle_us; /* without a query; 0: no limit known */
	/* Private: what the last close of each kind looked like. */
	uint64_t last_answers, last_idle_us;
};

/*
 * The server has closed a connection in good order or by RST, after `answers` of them (at least
 * one), idle_us after the last; busy: queries were out.
 */
void limits_closed(struct limits *l, uint64_t answers, uint64_t idle_us, bool busy);

/* A session over datagrams was forgotten without a word while it was idle for so long. */
void limits_forgotten(struct limits *l, uint64_t idle_us);

/* A connection lives on though it has had as many answers. */
void limits_outlived(struct limits *l, uint64_t answers);
/* A connection was idle for longer and lives. */
void limits_outslept(struct limits *l, uint64_t idle_us);


/* Another network: a limit of idle time may have been a router's.  That of answers is the server's own. */
void limits_renew(struct limits *l);

#endif
