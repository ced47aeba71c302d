/* A pool over a fake network, lookups on it, and those who wait. */
#ifndef TESTS_UNIT_LOOKUP_CASE_H
#define TESTS_UNIT_LOOKUP_CASE_H

#include "proxy/resolve/lookup.h"

#include "proxy/upstream/pool.h"
#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL	"tls://192.0.2.1:853#dns.test"
#define WAITERS 8u
#define MAX	6u
#define POLICY	77u

struct waiter {
	struct lookup_waiter waiter;
	unsigned done, answered, cached;
	unsigned rcode; /* of the answer, or of the cached one */
	bool stale;
	enum ede_code code;
	char text[300];
	uint16_t id; /* of the answer, as it came */
};

static struct fake_net net;
static struct pool pool;
static struct upstream upstream;
static struct lookups lookups;
static struct cache *cache; /* NULL: none */
static struct waiter waiters[WAITERS];
static bool turning;
static uint32_t asleep_s; /* the machine was, so much in all */
static void (*then)(struct waiter *w);

static inline void on_done(struct lookup_waiter *lw, const struct request *result)
{
	struct waiter *w = container_of(lw, struct waiter, waiter);

	assert_true(turning);
	assert_null(lw->lookup);
	assert_false(list_linked(&lw->node));
	w->done++;
	if (result->answered) {
		w->answered++;
		w->id = result->answer.id;
		w->rcode = message_rcode(&result->answer);
		if (w->rcode == 0)
			assert_true(ask_is_answered_right(result, &result->answer));
	} else {
		w->code = result->failure.code;
		snprintf(w->text, sizeof w->text, "%s", result->failure.text);
	}
	if (then)
		then(w);
}

/* The shard is locked during the call: nothing but reading is done here. */
static inline void on_cached(struct lookup_waiter *lw, struct cache_hit *hit)
{
	struct waiter *w = container_of(lw, struct waiter, waiter);
	struct client_form form = { .limit = 65535, .keepalive = -1 };
	uint8_t out[2000];

	assert_true(turning);
	assert_null(lw->lookup);
	assert_false(list_linked(&lw->node));
	assert_false(list_linked(&lw->stale));
	assert_true(cache_write(hit, &form, out, sizeof out) >= DNS_HEADER_LEN);
	w->cached++;
	w->stale = hit->stale;
	w->rcode = out[3] & DNS_RCODE_MASK;
	if (then)
		then(w);
}

/* Answers that clients do not get: those of this name. */
static const char *refused_name;
static unsigned refused;

static inline bool is_refused(
	void *arg, const struct dns_question *q, const struct dns_message *answer)
{
	uint8_t name[DNS_NAME_MAX];
	size_t len;

	(void)arg;
	if (!refused_name || answer->count[DNS_ANSWER] == 0)
		return false;
	len = name_from_text(refused_name, name);
	if (len != q->name_len || !name_equal(name, q->name, len))
		return false;
	refused++;
	return true;
}

static inline uint32_t boottime_s(void *arg)
{
	(void)arg;
	return (uint32_t)(net.clock_us / SEC) + 1000 + asleep_s;
}

static inline void begin_lookups(void)
{
	struct lookups_setup setup = { .max = MAX,
		.turn = &net.turn,
		.stats = &net.stats,
		.random = &net.random,
		.routes = { .forward = &pool },
		.cache = cache,
		.boottime_s = boottime_s,
		.timeout_us = 4 * SEC,
		.prefetch = true,
		.refused = is_refused };

	lookups_init(&lookups, &setup);
	for (unsigned i = 0; i < WAITERS; i++) {
		waiters[i].waiter.done = on_done;
		waiters[i].waiter.cached = on_cached;
	}
}

static inline int begin(void **state)
{
	struct addr address;

	(void)state;
	fake_net_init(&net, 7);
	memset(&pool, 0, sizeof pool);
	memset(waiters, 0, sizeof waiters);
	turning = false;
	then = NULL;
	memset(&upstream, 0, sizeof upstream);
	upstream.session = fake_setup(&net);
	upstream.session.max_inflight = 3;
	upstream.connections = 1;
	upstream.label = LABEL;
	pool.upstreams[0] = &upstream;
	pool.count = 1;
	pool_init(&pool);
	assert_true(addr_parse("192.0.2.1:853", 13, 853, false, &address));
	upstream_set_addresses(&upstream, &address, 1);
	pool.cache_policy = POLICY;
	asleep_s = 0;
	begin_lookups();
	return 0;
}

/* All have left by now, or leave here; nothing of them is left over. */
static inline int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WAITERS; i++)
		lookup_leave(&lookups, &waiters[i].waiter, NULL);
	lookups_deinit(&lookups);
	assert_int_equal(lookups.slab.used, 0);
	assert_int_equal(pool.waiting_count, 0);
	pool_deinit(&pool);
	fake_net_deinit(&net);
	return 0;
}

static inline void turn(void)
{
	turning = true;
	fake_turn(&net);
	turning = false;
}

/* 0: waits; 1: the cache had it; negative errno. */
static inline int find_or_start(struct lookup_ask *ask, struct waiter *w)
{
	struct cache_hit hit;

	if (!lookup_find(&lookups, ask, &hit))
		return lookup_start(&lookups, ask, &w->waiter);
	w->cached++;
	w->stale = hit.stale;
	lookup_given(&lookups, ask, &hit);
	return 1;
}

/* The client's bytes are gone when the call has returned. */
static inline int start_bytes(unsigned i, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = exact_copy(bytes, len);
	struct dns_message m;
	struct edns e;
	struct lookup_ask ask;
	bool before = turning;
	int err;

	assert_int_equal(message_parse(copy, len, &m), MESSAGE_OK);
	edns_parse(&m, false, &e);
	turning = false;
	lookup_prepare(&lookups, &m, &e, &ask);
	err = find_or_start(&ask, &waiters[i]);
	turning = before;
	memset(copy, 0xdd, len);
	memset(&m, 0xdd, sizeof m);
	memset(&e, 0xdd, sizeof e);
	memset(&ask, 0xdd, sizeof ask);
	free(copy);
	assert_int_equal(waiters[i].waiter.lookup != NULL, err == 0);
	return err;
}

static inline int start_hex(unsigned i, const char *hex)
{
	uint8_t bytes[3000];

	return start_bytes(i, bytes, hex_bytes(hex, bytes, sizeof bytes));
}

/* Asks a question of its own. */
static inline int start(unsigned i)
{
	uint8_t bytes[100];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	char name[30];

	snprintf(name, sizeof name, "q%u.example.com", i);
	put_header(&w, (uint16_t)(100 + i), 0x0100, 1);
	put_question(&w, name, DNS_TYPE_A);
	return start_bytes(i, bytes, w.pos);
}

static inline struct fake *connect_up(void)
{
	struct fake *f;

	assert_int_equal(start(WAITERS - 1), 0);
	f = fake_at(&net, -1);
	fake_ready(f);
	turn();
	fake_answer_nth(f, 0);
	turn();
	assert_int_equal(waiters[WAITERS - 1].answered, 1);
	assert_int_equal(lookups.slab.used, 0);
	return f;
}

/* The next attempt is opened, whenever that is. */
static inline struct fake *await_attempt(void)
{
	turning = true;
	while (upstream.connecting == 0)
		assert_true(fake_next_timer(&net));
	turning = false;
	return fake_at(&net, -1);
}

#endif
