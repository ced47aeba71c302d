/*
 * Upstreams of two ways under bad weather: datagrams are lost, doubled, late and out of order,
 * handshakes are swallowed, sessions forgotten, answers cut; the stream beside works.  Every query is
 * answered once, rightly, and in time: none is lost that the stream would have answered.
 */
#include "tests/unit/pool_case.h"

#define ACTORS	 96u
#define DEADLINE (4 * SEC)
#define ROUND	 (20 * MS) /* of the path */
#define PARCELS	 4096u

static struct {
	unsigned loss;		 /* of 100 datagrams */
	unsigned doubled, cut;	 /* of 100 answers */
	unsigned alerts;	 /* of 1000 datagrams */
	bool swallows_hello;	 /* no handshake gets through */
	bool swallows_queries;	 /* handshakes do, and nothing else */
	uint64_t forgets_us;	 /* a session that was quiet for so long */
	unsigned slow;		 /* of 100 answers are looked for, which takes up to 300 ms */
} weather;

static struct {
	uint64_t submitted, answered, over_datagrams, cut, slowest_us;
	unsigned serial;
} tally;

static uint64_t asked_us[ACTORS];

static unsigned dice(unsigned sides)
{
	return (unsigned)random() % sides;
}

static bool chance(unsigned of_100)
{
	return dice(100) < of_100;
}

/* ------------------------------------------------------------------ what is on the way */

enum kind { EMPTY = 0, HELLO_DONE, QUERY, ANSWER, ALERT, GOODBYE };

struct parcel {
	struct timer timer;
	enum kind kind;
	struct fake *fake;
	uint8_t bytes[FAKE_ANSWER_MAX];
	size_t len;
};

static struct parcel parcels[PARCELS];

static bool is_alive(const struct fake *f)
{
	return !f->freed && !f->closed && !f->ended;
}

static void arrive(struct timer *t);

static struct parcel *post(struct fake *f, enum kind kind, uint64_t after_us)
{
	for (size_t i = 0; i < PARCELS; i++) {
		struct parcel *p = &parcels[i];

		if (p->kind != EMPTY)
			continue;
		*p = (struct parcel){ .kind = kind, .fake = f };
		p->timer.fire = arrive;
		assert_int_equal(timer_start(&net.turn.timers, &p->timer, net.clock_us + after_us), 0);
		return p;
	}
	fail_msg("too many parcels");
	return NULL;
}

/* A stream keeps its order; datagrams do not. */
static uint64_t travel(const struct fake *f)
{
	return f->stream ? ROUND / 2 : ROUND / 4 + dice(ROUND / 2);
}

/* ------------------------------------------------------------------ the servers */

/* When it was heard last; kept where nobody else looks. */
static uint64_t *quiet_since(struct fake *f)
{
	return &f->opened_us;
}

static void send_back(struct parcel *query, uint64_t after_us)
{
	struct fake_message m = { query->bytes, query->len, false };
	struct fake *f = query->fake;
	struct parcel *p;

	if (!f->stream && chance(weather.loss))
		return;
	p = post(f, ANSWER, after_us + travel(f));
	p->len = fake_answer(&m, FAKE_NO_OPT, p->bytes);
	if (!f->stream && chance(weather.cut)) {
		p->bytes[2] |= DNS_TC >> 8;
		tally.cut++;
	}
}

static void serve(struct parcel *query)
{
	struct fake *f = query->fake;
	uint64_t after = chance(weather.slow) ? dice(300 * MS) : 0;

	if (!f->stream && (weather.swallows_queries ||
				  net.clock_us - *quiet_since(f) >= weather.forgets_us))
		return;
	*quiet_since(f) = net.clock_us;
	send_back(query, after);
	if (!f->stream && chance(weather.doubled))
		send_back(query, after);
}

static void arrive(struct timer *t)
{
	struct parcel *p = container_of(t, struct parcel, timer);
	struct fake *f = p->fake;

	if (!is_alive(f))
		p->kind = EMPTY;
	else if (p->kind == QUERY)
		serve(p);
	else if (p->kind == HELLO_DONE)
		fake_ready(f);
	else if (p->kind == ANSWER)
		fake_deliver(f, p->bytes, p->len);
	else if (p->kind == ALERT)
		fake_doubt(f);
	else if (p->kind == GOODBYE)
		fake_end(f, FAULT_CLOSED, STAGE_DNS);
	p->kind = EMPTY;
}

/* ------------------------------------------------------------------ the network */

static void on_sending(struct fake *f, const uint8_t *msg, int err)
{
	struct parcel *p;

	assert_int_equal(err, 0);
	if (!f->stream && dice(1000) < weather.alerts)
		post(f, ALERT, travel(f));
	if (!f->stream && chance(weather.loss))
		return;
	p = post(f, QUERY, travel(f));
	p->len = f->sent[f->sent_count - 1].len;
	if (p->len > sizeof p->bytes)
		fail_msg("a long query");
	memcpy(p->bytes, msg, p->len);
}

/* Those opened since the last look shake hands. */
static void look_for_attempts(void)
{
	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (f->matched || !is_alive(f))
			continue;
		f->matched = 1;
		*quiet_since(f) = net.clock_us;
		if (f->stream || (!weather.swallows_hello && !chance(weather.loss)))
			post(f, HELLO_DONE, (1 + dice(3)) * ROUND);
		else if (!weather.swallows_hello)
			post(f, HELLO_DONE, SEC + 2 * ROUND); /* repeated */
	}
}

/* Records of transports that are gone, with what is on the way to them. */
static void sweep(void)
{
	for (size_t i = 0; i < PARCELS; i++) {
		if (parcels[i].kind == EMPTY || !parcels[i].fake->freed)
			continue;
		timer_stop(&net.turn.timers, &parcels[i].timer);
		parcels[i].kind = EMPTY;
	}
	fake_sweep(&net);
}

static void stop_the_post(void)
{
	for (size_t i = 0; i < PARCELS; i++) {
		timer_stop(&net.turn.timers, &parcels[i].timer);
		parcels[i].kind = EMPTY;
	}
}

/* ------------------------------------------------------------------ the clients */

static void note_end(unsigned i)
{
	uint64_t took = net.clock_us - asked_us[i];

	assert_int_equal(fates[i].done, 1);
	if (fates[i].failed)
		fail_msg("query %u after %llu us: %s", i, (unsigned long long)took, fates[i].text);
	assert_int_equal(fates[i].answered, 1);
	tally.answered++;
	tally.over_datagrams += fates[i].from[0] == 'd';
	if (took > tally.slowest_us)
		tally.slowest_us = took;
}

static void ask_some(void)
{
	for (unsigned n = dice(6); n > 0; n--) {
		unsigned i = dice(ACTORS);

		if (fates[i].inside)
			continue;
		ask_init(&asks[i], tally.serial++);
		memset(&fates[i], 0, sizeof fates[i]);
		asked_us[i] = net.clock_us;
		submit(i);
		tally.submitted++;
	}
}

static void check_deadlines(void)
{
	for (unsigned i = 0; i < ACTORS; i++)
		if (fates[i].inside && net.clock_us - asked_us[i] >= DEADLINE)
			fail_msg("query %u is not answered: %s", i,
				pool_reason(&pool, &asks[i].request).text);
}

/* No more sessions than there can be a use for. */
static void check_sessions(void)
{
	assert_true(fake_open_count(&net) <= 2 * 8 * pool.count);
}

/* ------------------------------------------------------------------ the weather */

/* All begins anew; or the streams end first, as the machine hears of it. */
static void change_network(void)
{
	for (size_t i = 0; i < net.count && dice(2); i++)
		if (is_alive(net.fakes[i]) && net.fakes[i]->stream)
			fake_end(net.fakes[i], FAULT_RESET,
				net.fakes[i]->ready ? STAGE_DNS : STAGE_TCP);
	for (size_t u = 0; u < pool.count; u++)
		ways_renew(&ups[u], NULL, NULL);
	pool_renewed(&pool);
}

static void change_weather(void)
{
	static const unsigned losses[] = { 0, 0, 1, 5, 30, 30, 60, 100 };

	weather.loss = losses[dice(COUNT_OF(losses))];
	weather.doubled = dice(3) ? 0 : 30;
	weather.cut = dice(3) ? 0 : dice(2) ? 5 : 100;
	weather.alerts = dice(3) ? 0 : dice(300);
	weather.swallows_hello = dice(6) == 0;
	weather.swallows_queries = dice(6) == 0;
	weather.forgets_us = dice(2) ? UINT64_MAX : (2 + dice(8)) * SEC;
	weather.slow = dice(2) ? 0 : 10;
	if (dice(2))
		change_network();
}

/* The servers' streams are closed when they are quiet, and now and then before. */
static void close_streams(void)
{
	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];
		uint64_t quiet = net.clock_us - *quiet_since(f);

		if (is_alive(f) && f->stream && f->ready &&
			(quiet > 8 * SEC || (dice(2000) == 0 && f->sent_count > 0)))
			fake_end(f, FAULT_CLOSED, STAGE_DNS);
	}
}

static void run_for(uint64_t us, bool asking)
{
	for (uint64_t until = net.clock_us + us; net.clock_us < until;) {
		if (asking)
			ask_some();
		turn();
		look_for_attempts();
		pass(1 + dice(asking ? 20 * MS : 300 * MS));
		look_for_attempts();
		close_streams();
		check_deadlines();
		check_sessions();
		if (dice(50) == 0)
			sweep();
	}
}

static void run(unsigned seed, size_t count, bool races, unsigned changes)
{
	two_ways = true;
	racing = races;
	init(seed, count, POLICY_FAILOVER, 2, 1000);
	net.sending = on_sending;
	then = note_end;
	memset(&tally, 0, sizeof tally);
	memset(parcels, 0, sizeof parcels);
	srandom(seed);
	for (unsigned n = 0; n < changes; n++) {
		change_weather();
		run_for(dice(6) * SEC + SEC, true);
		run_for(dice(4) ? 2 * SEC : dice(20) * SEC, false);
	}
	weather.loss = 100;
	run_for(5 * SEC, false);
	assert_int_equal(tally.answered, tally.submitted);
	assert_true(tally.submitted > changes * 200);
	assert_true(tally.over_datagrams > tally.submitted / 10);
	assert_true(tally.over_datagrams < tally.submitted);
	assert_true(tally.slowest_us < DEADLINE);
	assert_true(net.stats.datagram_repeats > 100);
	assert_true(net.stats.fallback_silence > 20);
	assert_true(net.stats.fallback_truncated > 20);
	assert_true(net.stats.upstream_unknown > 20);
	assert_true(net.stats.sessions_suspect > 3);
	stop_the_post();
	sweep();
	deinit();
}

static void test_one(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++)
		run(seed, 1, false, 60);
}

static void test_racing(void **state)
{
	(void)state;
	for (unsigned seed = 11; seed <= 14; seed++)
		run(seed, 1, true, 60);
}

static void test_two(void **state)
{
	(void)state;
	for (unsigned seed = 21; seed <= 24; seed++)
		run(seed, 2, false, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_racing),
		cmocka_unit_test(test_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
