/*
 * Three sessions that share requests, driven at random; what must hold is checked after every step.
 * Each flight given to a session is answered, returned or forgotten exactly once.
 */
#include "proxy/upstream/session.h"

#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDES	 3u
#define REQUESTS 40u
#define STEPS	 100000u
#define INFLIGHT 16u
#define LOOK	 (100 * MS)

/* A session as its owner knows it. */
struct side {
	struct session *session; /* NULL: none */
	struct fake *fake;
	bool ready, taken_back, suspect; /* as told */
	size_t late_due;		 /* calls of late() that must follow */
};

/* A request as its owner knows it. */
struct order {
	struct ask ask;
	struct side *at[REQUEST_SENDS_MAX]; /* who has the flight; NULL: nobody */
	unsigned paid;			    /* charges of flights that are over */
	bool done;			    /* answered: begun anew in the next step */
};

/* What has happened; each kind must happen often enough for the test to mean something. */
enum event {
	GIVEN,
	ANSWERED,
	RETURNED,
	FORGOTTEN,
	UNCHARGED,
	REFUSED_UNSENT,
	SUSPECTED,
	SUSPECTED_RETIRING,
	RECOVERED,
	LATE_BY_PATH,
	LATE_BY_NAME,
	LATE_BY_SILENCE,
	MOVED,
	ENDED_SILENT,
	ENDED_BY_ITSELF,
	ENDED_BY_PEER,
	ABORTED,
	ABORTED_READY,
	EVENTS
};

static const unsigned at_least[EVENTS] = {
	[GIVEN] = 10000,
	[ANSWERED] = 5000,
	[RETURNED] = 500,
	[FORGOTTEN] = 1000,
	[UNCHARGED] = 100,
	[REFUSED_UNSENT] = 50,
	[SUSPECTED] = 100,
	[SUSPECTED_RETIRING] = 5,
	[RECOVERED] = 50,
	[LATE_BY_PATH] = 200,
	[LATE_BY_NAME] = 50,
	[LATE_BY_SILENCE] = 20,
	[MOVED] = 100,
	[ENDED_SILENT] = 5,
	[ENDED_BY_ITSELF] = 50,
	[ENDED_BY_PEER] = 50,
	[ABORTED] = 20,
	[ABORTED_READY] = 10,
};

static struct fake_net net;
static struct session_setup setup;
static struct side sides[SIDES];
static struct order orders[REQUESTS];
static unsigned events[EVENTS], numbers;
static bool abort_when_ready;

static unsigned pick(unsigned n)
{
	return (unsigned)random() % n;
}

static bool one_in(unsigned n)
{
	return pick(n) == 0;
}

/* ------------------------------------------------------------------ flights */

static struct order *order_of(const struct request *r)
{
	return container_of((uintptr_t)r, struct order, ask.request);
}

static struct side *side_of(const struct session *s)
{
	for (unsigned i = 0; i < SIDES; i++)
		if (sides[i].session == s)
			return &sides[i];
	fail_msg("a session that nobody has");
	return NULL;
}

/* Its session has done with it: for the first time since it was given. */
static void settle(struct side *side, struct flight *f, enum event how)
{
	struct order *o = order_of(f->request);
	size_t k = (size_t)(f - f->request->flights);

	assert_in_range(k, 0, REQUEST_SENDS_MAX - 1);
	assert_non_null(side);
	assert_ptr_equal(o->at[k], side);
	assert_null(f->session);
	assert_false(list_linked(&f->node));
	o->at[k] = NULL;
	o->paid += f->charged;
	events[how]++;
}

static void forget(struct flight *f)
{
	struct side *side = side_of(f->session);

	session_forget(f);
	settle(side, f, FORGOTTEN);
}

static void forget_all(struct order *o)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (o->at[k])
			forget(&o->ask.request.flights[k]);
}

static bool has_flight_at(const struct order *o, const struct side *side)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (o->at[k] == side)
			return true;
	return false;
}

static bool give(struct order *o, struct side *side)
{
	size_t k = 0;

	while (k < REQUEST_SENDS_MAX && o->at[k])
		k++;
	if (k == REQUEST_SENDS_MAX || o->done || !side->session || has_flight_at(o, side) ||
		!session_has_room(side->session))
		return false;
	o->at[k] = side;
	o->ask.request.flights[k].request = &o->ask.request;
	session_submit(side->session, &o->ask.request.flights[k]);
	events[GIVEN]++;
	return true;
}

static void begin_anew(struct order *o)
{
	ask_init(&o->ask, numbers++);
	o->paid = 0;
	o->done = false;
	if (one_in(8))
		o->ask.request.returns = REQUEST_RETURNS_MAX - pick(3);
}

/* ------------------------------------------------------------------ the owner */

static void leave(struct side *side)
{
	assert_int_equal(side->late_due, 0);
	*side = (struct side){ 0 };
}

static void abort_session(struct side *side)
{
	session_abort(side->session);
	assert_int_equal(side->taken_back, side->ready);
	assert_int_equal(session_inflight(side->session), 0);
	leave(side);
	events[ABORTED]++;
}

static void on_ready(void *arg, struct session *s)
{
	struct side *side = side_of(s);

	(void)arg;
	assert_false(side->ready);
	side->ready = true;
	s->quota = one_in(4) ? 20 + pick(200) : 0;
	s->idle_learnt_us = one_in(4) ? SEC * pick(60) : 0;
	if (!abort_when_ready)
		return;
	abort_session(side);
	events[ABORTED_READY]++;
}

static void on_unready(void *arg, struct session *s)
{
	struct side *side = side_of(s);

	(void)arg;
	assert_true(side->ready);
	assert_false(side->taken_back);
	side->taken_back = true;
	assert_int_not_equal(s->state, SESSION_READY);
}

static void on_suspect(void *arg, struct session *s, const char *doubt)
{
	struct side *side = side_of(s);

	(void)arg;
	assert_non_null(doubt);
	assert_false(side->suspect);
	assert_true(s->sent_count > 0);
	side->suspect = true;
	side->late_due = s->sent_count;
	events[SUSPECTED]++;
	events[SUSPECTED_RETIRING] += s->state == SESSION_RETIRING;
}

static void on_recovered(void *arg, struct session *s)
{
	struct side *side = side_of(s);

	(void)arg;
	assert_true(side->suspect);
	side->suspect = false;
	events[RECOVERED]++;
}

static bool on_late(void *arg, struct session *s, struct flight *f, enum session_late why)
{
	struct side *side = side_of(s);
	uint64_t age = turn_now_us(&net.turn) - f->sent_us;

	(void)arg;
	assert_ptr_equal(f->session, s);
	assert_true(f->sent && list_linked(&f->node));
	assert_int_equal(why == LATE_PATH, side->suspect);
	if (why == LATE_PATH) {
		assert_true(side->late_due > 0);
		side->late_due--;
		events[LATE_BY_PATH]++;
	} else {
		assert_false(f->late);
		assert_true(age >= 1500 * MS);
		events[why == LATE_NAME ? LATE_BY_NAME : LATE_BY_SILENCE]++;
	}
	return !one_in(3);
}

static void on_returned(void *arg, struct session *s, struct flight *f)
{
	(void)arg;
	events[UNCHARGED] += f->sent && !f->charged;
	events[REFUSED_UNSENT] += !f->sent;
	settle(side_of(s), f, RETURNED);
}

static void on_answered(void *arg, struct session *s, struct flight *f)
{
	struct order *o = order_of(f->request);

	(void)arg;
	assert_false(o->done);
	assert_true(ask_is_answered_right(f->request, &f->request->answer));
	settle(side_of(s), f, ANSWERED);
	forget_all(o);
	o->done = true;
}

static void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	struct side *side = side_of(s);

	(void)arg;
	assert_int_equal(side->taken_back, side->ready);
	assert_int_equal(session_inflight(s), 0);
	if (!end)
		events[ENDED_BY_ITSELF]++;
	else if (side->fake->ended)
		events[ENDED_BY_PEER]++;
	else if (side->ready)
		events[ENDED_SILENT]++;
	leave(side);
}

static const struct session_owner noting_owner = {
	.ready = on_ready,
	.unready = on_unready,
	.suspect = on_suspect,
	.recovered = on_recovered,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ what must hold */

static size_t check_list(const struct session *s, const struct list *head, bool sent)
{
	uint64_t before_us = 0;
	size_t count = 0;

	list_for_each (n, head) {
		const struct flight *f = container_of(n, struct flight, node);
		const struct idmap_entry *e = idmap_find(&s->ids, f->id);

		assert_ptr_equal(f->session, s);
		assert_int_equal(f->sent, sent);
		assert_true(has_flight_at(order_of(f->request), side_of(s)));
		if (sent) {
			assert_ptr_equal(e ? e->owner : NULL, f);
			assert_true(f->sent_us >= before_us);
			before_us = f->sent_us;
		} else {
			assert_false(f->charged);
		}
		count++;
	}
	return count;
}

static void check_room(const struct session *s)
{
	bool spent = s->quota > 0 && s->asked + s->queued_count >= s->quota;

	assert_int_equal(session_is_spent(s), spent);
	assert_int_equal(session_has_room(s), s->state == SESSION_READY && !s->suspect && !spent &&
						      s->queued_count + s->sent_count < INFLIGHT);
	assert_true(s->quota == 0 || s->asked <= s->quota);
}

/* Nothing goes by unseen for longer than from one look to the next. */
static void check_watch(const struct session *s, const struct fake *f)
{
	uint64_t limit = 3 * f->rtt_us > 250 * MS ? 3 * f->rtt_us : 250 * MS;
	uint64_t since = container_of(s->sent.next, struct flight, node)->sent_us;

	if (s->suspect) {
		assert_true(net.clock_us - s->suspect_us < 10 * SEC);
		return;
	}
	if (s->sent_count == 0)
		return;
	if (s->answered_us > since)
		since = s->answered_us;
	assert_true(net.clock_us - since < SEC + LOOK);
	if (f->stuck_since_us && f->stuck_since_us + limit > since)
		since = f->stuck_since_us + limit;
	assert_true(!f->stuck_since_us || net.clock_us <= since + 2 * LOOK);
}

static size_t check_side(const struct side *side)
{
	const struct session *s = side->session;

	if (!s)
		return 0;
	assert_int_equal(check_list(s, &s->queued, false), s->queued_count);
	assert_int_equal(check_list(s, &s->sent, true), s->sent_count);
	assert_int_equal(s->ids.live, s->sent_count);
	assert_int_equal(side->ready, s->state != SESSION_CONNECTING);
	assert_int_equal(side->taken_back, side->ready && s->state != SESSION_READY);
	assert_int_equal(side->suspect, s->suspect);
	assert_int_equal(side->late_due, 0);
	assert_true(!s->suspect || s->queued_count == 0);
	check_room(s);
	if (side->ready)
		check_watch(s, side->fake);
	return session_inflight(s);
}

static size_t check_order(const struct order *o)
{
	const struct request *r = &o->ask.request;
	unsigned charged = o->paid;
	size_t live = 0;

	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++) {
		const struct flight *f = &r->flights[k];

		assert_ptr_equal(f->session, o->at[k] ? o->at[k]->session : NULL);
		assert_int_equal(list_linked(&f->node), f->session != NULL);
		charged += f->session && f->charged;
		live += f->session != NULL;
	}
	assert_int_equal(r->sends, charged);
	assert_true(r->returns <= REQUEST_RETURNS_MAX);
	assert_true(!o->done || live == 0);
	return live;
}

static void check_all(void)
{
	size_t inflight = 0, live = 0;

	for (unsigned i = 0; i < SIDES; i++)
		inflight += check_side(&sides[i]);
	for (unsigned i = 0; i < REQUESTS; i++)
		live += check_order(&orders[i]);
	assert_int_equal(inflight, live);
	assert_int_equal(
		events[GIVEN], events[ANSWERED] + events[RETURNED] + events[FORGOTTEN] + live);
	assert_int_equal(events[ANSWERED], net.stats.upstream_answers);
	assert_true(net.turn.timers.count <= 2 * SIDES);
}

/* ------------------------------------------------------------------ steps */

static struct side *some_side(void)
{
	return &sides[pick(SIDES)];
}

static bool is_up(const struct side *side)
{
	return side->session && side->ready;
}

static void connect_or_fail(struct side *side)
{
	struct transport_end end;

	if (!side->session) {
		side->session = session_open(&setup, &(struct addr){ 0 }, &end);
		assert_non_null(side->session);
		side->fake = fake_at(&net, -1);
	} else if (!side->ready && one_in(10)) {
		fake_end(side->fake, FAULT_RESET, STAGE_TCP);
	} else if (!side->ready) {
		abort_when_ready = one_in(10);
		fake_ready(side->fake);
		abort_when_ready = false;
	}
}

static void submit_some(struct side *side)
{
	for (unsigned n = 1 + pick(4); n > 0; n--)
		give(&orders[pick(REQUESTS)], side);
}

static bool is_late(const struct order *o)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (o->at[k] && o->ask.request.flights[k].late)
			return true;
	return false;
}

/* Those that are late get a flight elsewhere. */
static void move_late(struct side *side)
{
	for (unsigned i = 0; i < REQUESTS; i++)
		if (is_late(&orders[i]))
			events[MOVED] += give(&orders[i], side);
}

/* One of those last sent, that has no answer yet; again: or that has. -1: none. */
static long some_message(struct side *side, bool again)
{
	long at, count;

	if (!is_up(side) || side->fake->sent_count == 0)
		return -1;
	count = (long)side->fake->sent_count;
	at = count - 1 - pick(count < 50 ? (unsigned)count : 50);
	return again || !fake_sent(side->fake, at)->answered ? at : -1;
}

static void answer_some(struct side *side, bool again)
{
	for (unsigned n = 1 + pick(6); n > 0; n--) {
		long at = some_message(side, again);

		if (at >= 0)
			fake_answer_nth(side->fake, at);
	}
}

static void answer_badly(struct side *side)
{
	long at = some_message(side, false);
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len;

	if (at < 0)
		return;
	fake_sent(side->fake, at)->answered = true;
	len = fake_answer(
		fake_sent(side->fake, at), one_in(8) ? "000b 0002 0000" : "000b 0002 0064", out);
	if (one_in(2))
		len--;
	fake_deliver(side->fake, out, len);
}

static void forget_some(void)
{
	struct order *o = &orders[pick(REQUESTS)];
	size_t k = pick(REQUEST_SENDS_MAX);

	if (one_in(2))
		forget_all(o);
	else if (o->at[k])
		forget(&o->ask.request.flights[k]);
}

static void block(struct side *side)
{
	static uint8_t bytes[SIDES][4];
	uint8_t *part = bytes[side - sides];

	if (!is_up(side))
		return;
	side->fake->rtt_us = pick(300) * MS;
	side->fake->stuck_since_us = one_in(2) ? net.clock_us : 0;
	side->fake->partial = part;
	side->fake->partial_len = pick(5);
	if (side->session->sent_count > 0)
		wire_put16(
			part + 2, container_of(side->session->sent.prev, struct flight, node)->id);
}

static void unblock(struct side *side)
{
	if (!is_up(side))
		return;
	side->fake->stuck_since_us = 0;
	side->fake->partial_len = 0;
	fake_room(side->fake, one_in(3) ? pick(4) : SIZE_MAX);
}

static void break_send(struct side *side)
{
	if (is_up(side))
		side->fake->send_error = one_in(2) ? -ENOMEM : -ENOBUFS;
}

static void end_some(struct side *side)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT };
	uint8_t part[4] = { 0 };
	long at = some_message(side, true);

	if (!is_up(side))
		return;
	if (at >= 0)
		memcpy(part + 2, fake_sent(side->fake, at)->bytes, 2);
	fake_end_cut(side->fake, faults[pick(COUNT_OF(faults))], part, pick(5));
}

static void retire_some(struct side *side)
{
	if (side->session)
		session_retire(side->session);
}

static void abort_some(struct side *side)
{
	if (side->session)
		abort_session(side);
}

static void pass_time(void)
{
	if (one_in(3000))
		fake_wait(&net, 1800 * SEC);
	else if (one_in(300))
		fake_wait(&net, pick(12000) * MS);
	else if (one_in(20))
		fake_wait(&net, pick(1500) * MS);
	else
		fake_wait(&net, pick(100000));
}

static void drive(struct side *side)
{
	unsigned n = pick(1000);

	if (!side->ready && n < 300)
		connect_or_fail(side);
	else if (n < 350)
		submit_some(side);
	else if (n < 600)
		answer_some(side, false);
	else if (n < 620)
		answer_some(side, true);
	else if (n < 640)
		answer_badly(side);
	else if (n < 690)
		forget_some();
	else if (n < 740)
		move_late(side);
	else if (n < 750)
		block(side);
	else if (n < 780)
		unblock(side);
	else if (n < 790)
		break_send(side);
	else if (n < 796)
		retire_some(side);
	else if (n < 800)
		end_some(side);
	else if (n < 802)
		abort_some(side);
	else if (n < 900)
		fake_turn(&net);
	else
		pass_time();
}

static void step(void)
{
	drive(some_side());
	check_all();
	for (unsigned i = 0; i < REQUESTS; i++)
		if (orders[i].done || orders[i].ask.request.sends > 50) {
			forget_all(&orders[i]);
			begin_anew(&orders[i]);
		}
}

/* ------------------------------------------------------------------ the whole */

static void set_up(unsigned seed)
{
	srandom(seed);
	fake_net_init(&net, seed);
	setup = fake_setup(&net);
	setup.max_inflight = INFLIGHT;
	setup.owner = &noting_owner;
	memset(sides, 0, sizeof sides);
	memset(orders, 0, sizeof orders);
	memset(events, 0, sizeof events);
	for (unsigned i = 0; i < REQUESTS; i++)
		begin_anew(&orders[i]);
}

static void take_down(void)
{
	for (unsigned i = 0; i < SIDES; i++)
		abort_some(&sides[i]);
	check_all();
	assert_int_equal(events[GIVEN], events[ANSWERED] + events[RETURNED] + events[FORGOTTEN]);
	fake_turn(&net);
	assert_int_equal(net.turn.timers.count, 0);
	fake_net_deinit(&net);
}

static void run(unsigned seed)
{
	set_up(seed);
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		if (i % 1000 == 0)
			fake_sweep(&net);
	}
	for (unsigned e = 0; e < EVENTS; e++)
		if (events[e] < at_least[e])
			fail_msg("seed %u: event %u came %u times", seed, e, events[e]);
	assert_true(net.stats.upstream_late > 100);
	assert_true(net.stats.upstream_malformed > 50);
	assert_true(net.stats.upstream_unknown > 50);
	take_down();
}

static void test_random_1(void **state)
{
	(void)state;
	run(1);
}

static void test_random_2(void **state)
{
	(void)state;
	run(2);
}

static void test_random_3(void **state)
{
	(void)state;
	run(3);
}

static void test_random_4(void **state)
{
	(void)state;
	run(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_1),
		cmocka_unit_test(test_random_2),
		cmocka_unit_test(test_random_3),
		cmocka_unit_test(test_random_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
