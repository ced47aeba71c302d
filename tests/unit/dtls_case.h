/*
 * A client and a server of DTLS that talk in memory, over a path that a test makes worse.  The clock that
 * the library sees is the test's: see dtls_clock.c.
 */
#ifndef TESTS_UNIT_DTLS_CASE_H
#define TESTS_UNIT_DTLS_CASE_H

#include "tests/unit/dtls_clock.h"
#include "tests/unit/dtls_peer.h"
#include "tests/unit/tls_case.h"

#include "common/dns/wire.h"
#include "proxy/upstream/dtls_engine.h"

#define PAYLOAD 1232u /* of IPv6 with 1280 octets */

/* What happens to the n-th datagram that is sent, of both sides. */
enum mishap { MISHAP_NONE, MISHAP_LOST, MISHAP_TWICE, MISHAP_LATE, MISHAP_DAMAGED };

struct dlink {
	struct policy_case policy;
	struct addr addr;
	struct dtls_engine engine;
	struct transport_end end;
	struct dtls_peer peer;
	enum tls_progress progress;
	enum mishap mishap;
	unsigned mishap_at, sent; /* datagrams so far */
	uint8_t late[2048];	  /* behind the next datagram of its side */
	size_t late_len;
	bool late_to_server;
	/* Called before each datagram that the client gets; NULL: nothing. */
	void (*before)(struct dlink *l, const uint8_t *data, size_t len);
};

static inline void make_dtls_policy(struct policy_case *c, const struct policy_form *f)
{
	char error[256];
	struct tls_policy *tls;

	make_policy(c, f);
	tls = c->policy;
	c->policy = dtls_policy_new(&c->upstream, f->priority ? f->priority : "",
		tls_policy_trusts(&c->upstream) ? trust : NULL, error, sizeof error);
	tls_policy_free(tls);
	if (!c->policy)
		fail_msg("%s", error);
}

static inline void dlink_open_at(struct dlink *l, const struct policy_form *policy,
	const struct peer_form *peer, const struct ticket *ticket, bool cookies, const char *addr)
{
	*l = (struct dlink){ .progress = TLS_PROGRESS_MORE };
	assert_true(addr_parse(addr, strlen(addr), 853, false, &l->addr));
	make_dtls_policy(&l->policy, policy);
	assert_true(
		dtls_engine_init(&l->engine, l->policy.policy, ticket, &l->addr, &l->end, PAYLOAD));
	dtls_peer_init(&l->peer, peer, cookies);
}

static inline void dlink_close(struct dlink *l)
{
	dtls_engine_deinit(&l->engine);
	tls_policy_free(l->policy.policy);
	dtls_peer_deinit(&l->peer);
}

/* From memory of its size. */
static inline void client_gets(struct dlink *l, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (l->before)
		l->before(l, data, len);
	if (l->progress != TLS_PROGRESS_END)
		l->progress = dtls_engine_feed(&l->engine, copy, len);
	free(copy);
}

static inline void deliver(struct dlink *l, bool to_server, const uint8_t *data, size_t len)
{
	if (to_server)
		dtls_peer_feed(&l->peer, data, len);
	else
		client_gets(l, data, len);
}

static inline void deliver_damaged(struct dlink *l, bool to_server, const uint8_t *data, size_t len)
{
	uint8_t copy[2048];

	memcpy(copy, data, len);
	copy[len - 1] ^= 1;
	deliver(l, to_server, copy, len);
}

static inline void carry(struct dlink *l, bool to_server, const uint8_t *data, size_t len)
{
	enum mishap m = l->sent++ == l->mishap_at ? l->mishap : MISHAP_NONE;

	assert_true(len <= sizeof l->late);
	if (m == MISHAP_LATE) {
		memcpy(l->late, data, len);
		l->late_len = len;
		l->late_to_server = to_server;
		return;
	}
	if (m == MISHAP_DAMAGED)
		deliver_damaged(l, to_server, data, len);
	else if (m != MISHAP_LOST)
		deliver(l, to_server, data, len);
	if (m == MISHAP_TWICE)
		deliver(l, to_server, data, len);
	if (l->late_len > 0 && l->late_to_server == to_server) {
		len = l->late_len;
		l->late_len = 0;
		deliver(l, to_server, l->late, len);
	}
}

/* All that one side has to send; false: nothing. */
static inline bool carry_all(struct dlink *l, struct datagrams *out, bool to_server)
{
	bool any = out->count > 0;

	while (out->count > 0) {
		uint8_t copy[2048];
		size_t len = out->len[0];

		assert_true(len <= sizeof copy);
		memcpy(copy, bytes_front(&out->octets), len);
		datagrams_consume(out, 1);
		carry(l, to_server, copy, len);
	}
	return any;
}

/* Until nothing is on the way. */
static inline void dlink_pass(struct dlink *l)
{
	bool any;

	do {
		any = carry_all(l, &l->engine.out, true);
		any |= carry_all(l, &l->peer.out, false);
	} while (any);
}

/* Both ends look at their timers. */
static inline void dlink_tick(struct dlink *l, unsigned ms)
{
	dtls_clock_advance(ms);
	if (l->progress == TLS_PROGRESS_MORE)
		l->progress = dtls_engine_handshake(&l->engine);
	dtls_peer_tick(&l->peer);
	dlink_pass(l);
}

/* Shakes hands; waits for `seconds` where something is lost. */
static inline enum tls_progress dlink_shake(struct dlink *l, unsigned seconds)
{
	l->progress = dtls_engine_handshake(&l->engine);
	dlink_pass(l);
	for (unsigned i = 0; i < 10 * seconds && l->progress != TLS_PROGRESS_END &&
			     !(l->engine.tls.ready && l->peer.tls.ready);
		i++)
		dlink_tick(l, 100);
	if (l->progress == TLS_PROGRESS_END)
		assert_true(l->end.text[0]);
	return l->progress;
}

static inline void dlink_ready(struct dlink *l, const struct policy_form *policy,
	const struct peer_form *peer, const struct ticket *ticket)
{
	dlink_open_at(l, policy, peer, ticket, true, LINK_ADDR);
	if (dlink_shake(l, 0) != TLS_PROGRESS_DONE)
		fail_msg("%s", l->end.text);
	assert_true(l->peer.tls.ready);
}

/* The next message that was opened is this one. */
static inline void assert_message(struct dlink *l, const void *data, size_t len)
{
	struct bytes *plain = &l->engine.tls.plain;

	assert_true(bytes_len(plain) >= DTLS_PLAIN_PREFIX + len);
	assert_int_equal(wire_get16(bytes_front(plain)), len);
	assert_memory_equal(bytes_front(plain) + DTLS_PLAIN_PREFIX, data, len);
	bytes_consume(plain, DTLS_PLAIN_PREFIX + len);
}

/* A message there and one back. */
static inline void assert_dlink_talks(struct dlink *l)
{
	static const char query[] = "a query of ours", answer[] = "an answer";
	char got[64];

	assert_int_equal(dtls_engine_seal(&l->engine, (const uint8_t *)query, sizeof query), 0);
	carry_all(l, &l->engine.out, true);
	assert_int_equal(dtls_peer_read(&l->peer, got, sizeof got), sizeof query);
	assert_memory_equal(got, query, sizeof query);
	dtls_peer_write(&l->peer, answer, sizeof answer);
	dlink_pass(l);
	assert_message(l, answer, sizeof answer);
	assert_int_equal(bytes_len(&l->engine.tls.plain), 0);
	assert_int_equal(l->progress, TLS_PROGRESS_DONE);
}

#endif
