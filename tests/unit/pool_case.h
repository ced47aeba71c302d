/*
 * A pool on scripted transports with a virtual clock: up to three upstreams, each with one address,
 * and requests whose every end is noted.  done() is expected from the end of a turn only.
 */
#ifndef TESTS_UNIT_POOL_CASE_H
#define TESTS_UNIT_POOL_CASE_H

#include "proxy/upstream/pool.h"
#include "proxy/upstream/ways.h"
#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <stdio.h>
#include <string.h>

#define UPSTREAMS_MAX 3u
#define ASKS	      160u

#define A_LABEL "tls://192.0.2.1:853#dns.test"
#define B_LABEL "tls://192.0.2.2:853#dns.test"
#define C_LABEL "tls://192.0.2.3:853#dns.test"

/* What became of a request. */
struct fate {
	bool inside;
	unsigned done, answered, failed;
	unsigned rcode;	     /* of the last answer */
	unsigned additional; /* records in it */
	const char *from;    /* whose it was */
	enum ede_code code;
	char text[2 * HEALTH_TEXT_MAX];
};

static struct fake_net net;
static struct pool pool;
static struct upstream ups[UPSTREAMS_MAX];
/* With two ways: ups are those over datagrams, and beside each is its stream. */
static struct upstream streams[UPSTREAMS_MAX];
static bool two_ways, racing; /* for the next init */
static struct ask asks[ASKS];
static struct fate fates[ASKS];
static bool turning;		 /* a turn is ending: the only time for done() */
static void (*then)(unsigned i); /* what the owner does inside done() */

static const char *const labels[UPSTREAMS_MAX] = { A_LABEL, B_LABEL, C_LABEL };
static const char *const datagram_labels[UPSTREAMS_MAX] = { "d" A_LABEL, "d" B_LABEL, "d" C_LABEL };

/* ------------------------------------------------------------------ where a request is */

enum stands {
	IDLE,
	WAITING,  /* in the pool's queue, with or without flights */
	QUEUED,	  /* in a session, not sent yet */
	SENT,	  /* in a session */
	RETURNED, /* lost: the pool decides at the end of the turn */
	DONE,	  /* done() comes at the end of the turn */
};

static inline unsigned index_of(const struct request *r)
{
	return (unsigned)(container_of((uintptr_t)r, struct ask, request) - asks);
}

static inline unsigned count_flights(const struct request *r, bool sent)
{
	unsigned n = 0;

	for (size_t k = 0; k < REQUEST_FLIGHTS_MAX; k++)
		n += r->flights[k].session && r->flights[k].sent == sent;
	return n;
}

static inline enum stands stands(unsigned i)
{
	const struct request *r = &asks[i].request;

	if (r->state != REQUEST_ACTIVE)
		return r->state == REQUEST_DONE ? DONE : IDLE;
	if (list_linked(&r->node))
		return WAITING;
	if (count_flights(r, true))
		return SENT;
	return count_flights(r, false) ? QUEUED : RETURNED;
}

/* The flight of this request on that transport's session; NULL: none. */
static inline struct flight *flight_on(unsigned i, const struct fake *f)
{
	struct request *r = &asks[i].request;

	for (size_t k = 0; k < REQUEST_FLIGHTS_MAX; k++)
		if (r->state == REQUEST_ACTIVE && r->flights[k].session &&
			r->flights[k].session == f->handler_arg)
			return &r->flights[k];
	return NULL;
}

static inline struct upstream *upstream_of(const struct fake *f)
{
	for (size_t i = 0; i < pool.count; i++)
		if (addr_equal(&ups[i].race.list[0].addr, &f->to))
			return &ups[i];
	fail_msg("an address of nobody");
	return NULL;
}

/* ------------------------------------------------------------------ the owner of the requests */

static inline void note_answer(struct fate *fate, const struct request *r)
{
	fate->answered++;
	fate->rcode = message_rcode(&r->answer);
	fate->additional = r->answer.count[DNS_ADDITIONAL];
	fate->from = r->upstream;
	if (fate->rcode == RCODE_NOERROR && r->answer.count[DNS_ANSWER] > 0)
		assert_true(ask_is_answered_right(r, &r->answer));
	else
		assert_true(question_equal(&r->answer.question, &r->query.question));
	assert_string_equal(r->protocol, FAKE_PROTOCOL);
	assert_true(r->trusted);
}

static inline void note_failure(struct fate *fate, const struct request *r)
{
	fate->failed++;
	fate->code = r->failure.code;
	assert_non_null(r->failure.text);
	snprintf(fate->text, sizeof fate->text, "%s", r->failure.text);
}

static inline void on_done(struct request *r)
{
	unsigned i = index_of(r);
	struct fate *fate = &fates[i];

	assert_true(turning);
	assert_true(fate->inside);
	assert_int_equal(r->state, REQUEST_IDLE);
	assert_false(list_linked(&r->node));
	assert_int_equal(count_flights(r, true) + count_flights(r, false), 0);
	fate->inside = false;
	fate->done++;
	if (r->answered)
		note_answer(fate, r);
	else
		note_failure(fate, r);
	if (then)
		then(i);
}

static inline void turn(void)
{
	turning = true;
	fake_turn(&net);
	turning = false;
}

static inline void pass(uint64_t us)
{
	turning = true;
	fake_wait(&net, us);
	turning = false;
}

static inline struct request *submit(unsigned i)
{
	struct request *r = &asks[i].request;
	bool before = turning;

	assert_false(fates[i].inside);
	r->done = on_done;
	fates[i].inside = true;
	turning = false;
	pool_submit(&pool, r);
	turning = before;
	assert_true(fates[i].inside);
	return r;
}

static inline void cancel(unsigned i)
{
	bool before = turning;

	turning = false;
	pool_cancel(&pool, &asks[i].request);
	turning = before;
	fates[i].inside = false;
	assert_int_equal(stands(i), IDLE);
}

/* ------------------------------------------------------------------ the stage */

static inline void set_up(size_t i, unsigned connections, unsigned max_inflight)
{
	ups[i].session = fake_setup(&net);
	ups[i].session.max_inflight = max_inflight;
	ups[i].connections = connections;
	ups[i].label = labels[i];
	if (!two_ways)
		return;
	streams[i].session = ups[i].session;
	streams[i].connections = connections;
	streams[i].label = labels[i];
	ups[i].session.opener = fake_datagram_opener(&net);
	ups[i].session.form.keepalive = false;
	ups[i].session.form.udp_size = 1232;
	ups[i].connections = 1;
	ups[i].label = datagram_labels[i];
	ups[i].stream = &streams[i];
	ups[i].races = racing;
}

static inline struct addr address_of(size_t i)
{
	struct addr a = { 0 };
	char text[ADDR_TEXT_MAX];

	snprintf(text, sizeof text, "192.0.2.%zu", i + 1);
	assert_true(addr_parse_ip(text, &a));
	addr_set_port(&a, 853);
	return a;
}

static inline void init(
	uint64_t seed, size_t count, enum config_policy policy, unsigned connections, unsigned room)
{
	fake_net_init(&net, seed);
	memset(&pool, 0, sizeof pool);
	memset(ups, 0, sizeof ups);
	memset(streams, 0, sizeof streams);
	memset(fates, 0, sizeof fates);
	turning = false;
	then = NULL;
	pool.count = count;
	pool.policy = policy;
	for (size_t i = 0; i < count; i++) {
		set_up(i, connections, room);
		pool.upstreams[i] = &ups[i];
	}
	pool_init(&pool);
	for (size_t i = 0; i < count; i++) {
		struct addr a = address_of(i);

		ways_set_addresses(&ups[i], &a, 1);
	}
	for (unsigned i = 0; i < ASKS; i++)
		ask_init(&asks[i], i);
}

/* Whatever is still inside is cancelled; nothing is left, nobody hears any more. */
static inline void deinit(void)
{
	for (unsigned i = 0; i < ASKS; i++)
		if (fates[i].inside)
			cancel(i);
	assert_int_equal(pool.waiting_count, 0);
	pool_deinit(&pool);
	assert_int_equal(net.turn.timers.count, 0);
	for (size_t i = 0; i < pool.count; i++)
		assert_true(list_empty(&ups[i].sessions) &&
			    (!two_ways || list_empty(&streams[i].sessions)));
	/* Nobody looks at them any more. */
	memset(&pool, 0xdd, sizeof pool);
	memset(ups, 0xdd, sizeof ups);
	memset(streams, 0xdd, sizeof streams);
	fake_net_deinit(&net);
}

static inline int end(void **state)
{
	(void)state;
	deinit();
	return 0;
}

/* ------------------------------------------------------------------ transports */

static inline struct fake *newest(void)
{
	return fake_at(&net, -1);
}

/* The newest transport to the upstream that has not ended; NULL: none. */
static inline struct fake *to(size_t upstream)
{
	for (size_t i = net.count; i-- > 0;) {
		struct fake *f = net.fakes[i];

		if (!f->ended && !f->closed && !f->freed && upstream_of(f) == &ups[upstream])
			return f;
	}
	return NULL;
}

/* How many were opened to it, all in all; a test that counts must not sweep. */
static inline size_t opened_to(size_t upstream)
{
	size_t n = 0;

	for (size_t i = 0; i < net.count; i++)
		n += upstream_of(net.fakes[i]) == &ups[upstream];
	return n;
}

/* A ready session to it, which has answered a query; it must be the one that is asked. */
static inline struct fake *connect_to(size_t upstream)
{
	unsigned i = ASKS - 1;
	struct fake *f;

	submit(i);
	turn();
	f = to(upstream);
	assert_non_null(f);
	if (!f->ready)
		fake_ready(f);
	turn();
	assert_non_null(flight_on(i, f));
	fake_answer_nth(f, -1);
	turn();
	assert_int_equal(fates[i].answered, 1);
	memset(&fates[i], 0, sizeof fates[i]);
	return f;
}

static inline struct fake *connect_up(void)
{
	return connect_to(0);
}

static inline struct request *send_one(unsigned i)
{
	struct request *r = submit(i);

	turn();
	assert_int_equal(stands(i), SENT);
	return r;
}

/* The next attempt to it is opened, whenever that is. */
static inline struct fake *await_attempt_to(size_t upstream)
{
	turning = true;
	while (ups[upstream].connecting == 0)
		assert_true(fake_next_timer(&net));
	turning = false;
	return to(upstream);
}

static inline struct fake *await_attempt(void)
{
	return await_attempt_to(0);
}

/* ------------------------------------------------------------------ what servers say */

/* An answer without records; options: of an OPT, in hex. */
static inline size_t build_answer(
	const struct fake_message *query, unsigned rcode, const char *options, uint8_t *out)
{
	struct wire_writer w = wire_writer(out, FAKE_ANSWER_MAX);
	const uint8_t *name = query->bytes + DNS_HEADER_LEN;

	put_header(&w, wire_get16(query->bytes), (uint16_t)(0x8180 | rcode), 1);
	wire_write(&w, name, name_len(name) + 4);
	if (options)
		put_opt(&w, options);
	assert_false(w.bad);
	return w.pos;
}

static inline void answer_nth_with(struct fake *f, long i, unsigned rcode, const char *options)
{
	struct fake_message *query = fake_sent(f, i);
	uint8_t out[FAKE_ANSWER_MAX];

	query->answered = true;
	fake_deliver(f, out, build_answer(query, rcode, options, out));
}

/* The message with which this request was sent there; it must have been. */
static inline long message_of(unsigned i, struct fake *f)
{
	const struct flight *flight = flight_on(i, f);

	assert_non_null(flight);
	assert_true(flight->sent);
	for (size_t k = f->sent_count; k-- > 0;)
		if (wire_get16(f->sent[k].bytes) == flight->id &&
			ask_is_in(&asks[i].request, &f->sent[k]))
			return (long)k;
	fail_msg("request %u was not sent", i);
	return 0;
}

/* The pool's own copy of a query is out there. */
static inline bool copy_on(const struct fake *f)
{
	const struct flight *flight = &pool.probe.request.flights[0];

	return pool.probe.request.state == REQUEST_ACTIVE && flight->session &&
	       flight->session == f->handler_arg && flight->sent;
}

/* The message with which it was sent. */
static inline long copy_of(struct fake *f)
{
	long k = (long)f->sent_count - 1;

	assert_true(copy_on(f));
	while (wire_get16(fake_sent(f, k)->bytes) != pool.probe.request.flights[0].id)
		k--;
	assert_true(ask_is_in(&pool.probe.request, fake_sent(f, k)));
	return k;
}

static inline void answer(unsigned i, struct fake *f)
{
	fake_answer_nth(f, message_of(i, f));
}

static inline void answer_with(unsigned i, struct fake *f, unsigned rcode)
{
	answer_nth_with(f, message_of(i, f), rcode, FAKE_NO_OPT);
}

static inline void answer_malformed(struct fake *f, long i)
{
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len = fake_answer(fake_sent(f, i), FAKE_NO_OPT, out);

	fake_deliver(f, out, len - 1);
}

/* ------------------------------------------------------------------ failover between A and B */

/* A connects in vain, B is connected, and asked. */
static inline struct fake *connect_to_b_only(void)
{
	submit(0);
	fake_end(to(0), FAULT_RESET, STAGE_TCP);
	turn();
	fake_ready(to(1));
	turn();
	answer(0, to(1));
	turn();
	assert_int_equal(fates[0].answered, 1);
	memset(&fates[0], 0, sizeof fates[0]);
	return to(1);
}

/* While B answers, A is tried now and then, but only if somebody asks. */
static inline struct fake *await_a_while_b_answers(struct fake *b)
{
	unsigned i = ASKS - 2;

	while (!to(0)) {
		pass(100 * MS);
		send_one(i);
		answer(i, b);
		turn();
		memset(&fates[i], 0, sizeof fates[i]);
	}
	return to(0);
}

/* Both have sessions, and nothing to do. */
static inline void connect_both(void)
{
	struct fake *b = connect_to_b_only();

	await_a_while_b_answers(b);
	fake_ready(to(0));
	turn();
	connect_to(0);
	assert_ptr_equal(to(1), b);
}

/* A's session has had no answer for a second: it is suspect, and another one is opened. */
static inline struct fake *fall_silent(struct fake *a)
{
	unsigned before = net.stats.sessions_suspect;

	for (unsigned i = 0; i < 12 && net.stats.sessions_suspect == before; i++)
		pass(100 * MS);
	assert_int_equal(net.stats.sessions_suspect, before + 1);
	assert_false(a->ended || a->closed);
	return a;
}

/* ------------------------------------------------------------------ expectations */

static inline void assert_answered_by(unsigned i, size_t upstream)
{
	assert_int_equal(fates[i].done, 1);
	assert_int_equal(fates[i].answered, 1);
	assert_string_equal(fates[i].from, labels[upstream]);
}

static inline void assert_got(unsigned i, unsigned rcode, size_t upstream)
{
	assert_answered_by(i, upstream);
	assert_int_equal(fates[i].rcode, rcode);
}

static inline void assert_reason(unsigned i, enum ede_code code, const char *text)
{
	struct ede why = pool_reason(&pool, &asks[i].request);

	assert_int_equal(why.code, code);
	assert_string_equal(why.text, text);
}

#endif
