/* A client engine and a server that talk in memory, and what both need. */
#ifndef TESTS_UNIT_TLS_CASE_H
#define TESTS_UNIT_TLS_CASE_H

#include "tests/unit/cm.h"
#include "tests/unit/tls_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"

#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

static const char *const both[] = { TLS13, TLS12 };

/* Made once for all tests: an authority, one below it, and a leaf of each. */
static struct identity ca, between, leaf, leaf_below;
static struct trust *trust;
static char trust_path[] = "/tmp/dnsfwd-tls-XXXXXX";

static inline int make_identities(void **state)
{
	static const struct identity *const anchors[] = { &ca };
	int fd = mkstemp(trust_path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	identity_make(&ca, &(struct identity_form){ .cn = "the CA", .ca = true }, NULL);
	identity_make(&between, &(struct identity_form){ .cn = "between", .ca = true }, &ca);
	identity_make(
		&leaf, &(struct identity_form){ .dns = "resolver.test", .ip = "192.0.2.1" }, &ca);
	identity_make(&leaf_below, &(struct identity_form){ .dns = "resolver.test" }, &between);
	identity_write(trust_path, anchors, 1);
	trust = trust_new(trust_path);
	return trust ? 0 : -1;
}

static inline int free_identities(void **state)
{
	(void)state;
	trust_free(trust);
	identity_free(&ca);
	identity_free(&between);
	identity_free(&leaf);
	identity_free(&leaf_below);
	return unlink(trust_path);
}

/* ------------------------------------------------------------------ the policy */

struct policy_form {
	const char *auth_name;
	const struct identity *pinned[4]; /* up to the first NULL */
	bool opportunistic, no_tickets;
	const char *priority;
};

/* What a policy borrows; lives as long as it. */
struct policy_case {
	struct config_upstream upstream;
	uint8_t pins[4][CONFIG_PIN_OCTETS];
	struct tls_policy *policy;
};

static inline void make_policy(struct policy_case *c, const struct policy_form *f)
{
	struct config_upstream *u = &c->upstream;
	char error[256];

	*u = (struct config_upstream){ .profile = f->opportunistic ? PROFILE_OPPORTUNISTIC
								   : PROFILE_STRICT,
		.auth_name = (char *)(uintptr_t)f->auth_name,
		.pins = c->pins,
		.session_tickets = !f->no_tickets };
	while (u->pin_count < 4 && f->pinned[u->pin_count]) {
		identity_pin(f->pinned[u->pin_count], c->pins[u->pin_count]);
		u->pin_count++;
	}
	c->policy = tls_policy_new(u, f->priority ? f->priority : "",
		tls_policy_trusts(u) ? trust : NULL, error, sizeof error);
	if (!c->policy)
		fail_msg("%s", error);
}

/* ------------------------------------------------------------------ the two ends */

struct link {
	struct policy_case policy;
	struct addr addr;
	struct tls_engine engine;
	struct transport_end end;
	struct peer peer;
	size_t given; /* octets that the client got */
};

/* Where nothing else is said the server is at this address. */
#define LINK_ADDR "192.0.2.1"

static inline void link_open_at(struct link *l, const struct policy_form *policy,
	const struct peer_form *peer, const struct ticket *ticket, const char *addr)
{
	*l = (struct link){ .given = 0 };
	assert_true(addr_parse(addr, strlen(addr), 853, false, &l->addr));
	make_policy(&l->policy, policy);
	assert_true(tls_engine_init(&l->engine, l->policy.policy, ticket, &l->addr, &l->end));
	peer_init(&l->peer, peer);
}

static inline void link_open(
	struct link *l, const struct policy_form *policy, const struct peer_form *peer)
{
	link_open_at(l, policy, peer, NULL, LINK_ADDR);
}

static inline void link_close(struct link *l)
{
	tls_engine_deinit(&l->engine);
	tls_policy_free(l->policy.policy);
	peer_deinit(&l->peer);
}

/* What the client has to send goes to the server. */
static inline void to_server(struct link *l)
{
	struct bytes *out = &l->engine.out;

	assert_int_equal(bytes_append(&l->peer.in, bytes_front(out), bytes_len(out)), 0);
	bytes_consume(out, bytes_len(out));
}

/* Runs one call over at most `chunk` octets of what the server has to send; fed from memory of that size. */
static inline enum tls_progress to_client(
	struct link *l, size_t chunk, enum tls_progress (*call)(struct tls_engine *e))
{
	struct bytes *out = &l->peer.out;
	size_t len = bytes_len(out) < chunk ? bytes_len(out) : chunk;
	uint8_t *copy = malloc(len + 1);
	enum tls_progress progress;

	assert_non_null(copy);
	memcpy(copy, bytes_front(out), len);
	tls_engine_feed(&l->engine, copy, len);
	progress = call(&l->engine);
	if (progress == TLS_PROGRESS_MORE)
		assert_int_equal(l->engine.in_len, 0); /* nothing is left lying */
	len -= l->engine.in_len;
	tls_engine_feed(&l->engine, NULL, 0);
	bytes_consume(out, len);
	l->given += len;
	free(copy);
	return progress;
}

/*
 * Shakes hands; the client gets `chunk` octets at a time and `limit` in all.  MORE: it would wait
 * for ever.
 */
static inline enum tls_progress link_shake(struct link *l, size_t chunk, size_t limit)
{
	enum tls_progress progress = tls_engine_handshake(&l->engine);

	while (progress == TLS_PROGRESS_MORE) {
		size_t room = limit - l->given < chunk ? limit - l->given : chunk;

		to_server(l);
		peer_handshake(&l->peer);
		if (bytes_len(&l->peer.out) == 0 || room == 0)
			break;
		progress = to_client(l, room, tls_engine_handshake);
	}
	assert_int_equal(progress == TLS_PROGRESS_DONE, l->engine.ready);
	if (progress == TLS_PROGRESS_END)
		assert_true(l->end.text[0]);
	to_server(l);
	peer_handshake(&l->peer);
	return progress;
}

static inline enum tls_progress link_shake_all(struct link *l)
{
	return link_shake(l, SIZE_MAX, SIZE_MAX);
}

/* A link whose handshake has gone well. */
static inline void link_ready(
	struct link *l, const struct policy_form *policy, const struct peer_form *peer)
{
	link_open(l, policy, peer);
	if (link_shake_all(l) != TLS_PROGRESS_DONE)
		fail_msg("%s", l->end.text);
	assert_true(l->peer.ready);
}

static inline enum tls_progress link_read(struct link *l, size_t chunk)
{
	enum tls_progress progress;

	do
		progress = to_client(l, chunk, tls_engine_open);
	while (progress == TLS_PROGRESS_DONE && bytes_len(&l->peer.out) > 0);
	return progress;
}

static inline void assert_plain(struct link *l, const void *data, size_t len)
{
	struct bytes *plain = &l->engine.plain;

	assert_int_equal(bytes_len(plain), len);
	assert_memory_equal(bytes_front(plain), data, len);
	bytes_consume(plain, len);
}

#endif
