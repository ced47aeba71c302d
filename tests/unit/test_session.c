#include "proxy/upstream/session.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ASKS 1100

/* What the owner was told, a letter for each call: r(eady) u(nready) + - x(ended). */
static char told[4 * ASKS];
static struct transport_end last_end;
static bool ended_by_itself;

static struct fake_net net;
static struct session_setup setup;
static struct session *session;
static struct fake *fake;
static struct ask asks[ASKS];
static unsigned answered[ASKS], returned[ASKS], spent[ASKS];

/* ------------------------------------------------------------------ the owner */

static void tell(char letter)
{
	size_t len = strlen(told);

	assert_true(len + 1 < sizeof told);
	told[len] = letter;
	told[len + 1] = '\0';
}

/* Fails if the owner was told anything else since the last call. */
static void assert_told(const char *row, const char *wanted)
{
	if (strcmp(told, wanted) != 0)
		fail_msg("%s: the owner was told \"%.60s\", not \"%s\"", row, told, wanted);
	told[0] = '\0';
}

static size_t index_of(const struct request *r)
{
	return (size_t)(container_of((uintptr_t)r, struct ask, request) - asks);
}

static void on_ready(void *arg, struct session *s)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(s, session);
	assert_int_equal(s->state, SESSION_READY);
	tell('r');
}

static void on_unready(void *arg, struct session *s)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(s, session);
	assert_false(session_has_room(s));
	tell('u');
}

static void on_returned(void *arg, struct session *s, struct request *r)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(s, session);
	assert_int_equal(r->state, REQUEST_RETURNED);
	assert_false(list_linked(&r->node));
	assert_null(r->session);
	returned[index_of(r)]++;
	spent[index_of(r)] += r->sends > 0;
	tell('-');
}

static void on_answered(void *arg, struct session *s, struct request *r)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(s, session);
	assert_int_equal(r->state, REQUEST_SENT);
	assert_false(list_linked(&r->node));
	assert_null(r->session);
	answered[index_of(r)]++;
	tell('+');
}

static void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(s, session);
	assert_int_equal(s->state, SESSION_ENDED);
	assert_false(list_linked(&s->node));
	assert_int_equal(session_inflight(s), 0);
	ended_by_itself = !end;
	if (end)
		last_end = *end;
	tell('x');
}

static const struct session_owner owner = {
	.ready = on_ready,
	.unready = on_unready,
	.returned = on_returned,
	.answered = on_answered,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ the stage */

static void open_session(void)
{
	struct transport_end end;

	session = session_open(&setup, &(struct addr){ 0 }, &end);
	assert_non_null(session);
	fake = fake_at(&net, -1);
}

static int begin(void **state)
{
	(void)state;
	fake_net_init(&net, 1);
	setup = fake_setup(&net);
	setup.max_inflight = ASKS;
	setup.owner = &owner;
	setup.owner_arg = &setup;
	told[0] = '\0';
	memset(&last_end, 0, sizeof last_end);
	memset(answered, 0, sizeof answered);
	memset(returned, 0, sizeof returned);
	memset(spent, 0, sizeof spent);
	for (unsigned i = 0; i < ASKS; i++)
		ask_init(&asks[i], i);
	open_session();
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (!fake->freed)
		session_abort(session);
	fake_net_deinit(&net);
	return 0;
}

static void get_ready(void)
{
	fake_ready(fake);
	assert_told("ready", "r");
}

static int begin_ready(void **state)
{
	begin(state);
	get_ready();
	return 0;
}

/* In the middle of a table: another session in place of this one. */
static void start_again(void)
{
	if (!fake->freed)
		session_abort(session);
	fake_turn(&net);
	assert_true(fake->freed);
	for (unsigned i = 0; i < 10; i++)
		ask_init(&asks[i], i);
	memset(answered, 0, sizeof answered);
	memset(returned, 0, sizeof returned);
	memset(spent, 0, sizeof spent);
	memset(&net.stats, 0, sizeof net.stats);
	told[0] = '\0';
	open_session();
	get_ready();
}

static struct request *submit(unsigned i)
{
	assert_true(session_has_room(session));
	session_submit(session, &asks[i].request);
	return &asks[i].request;
}

static struct request *send_one(unsigned i)
{
	struct request *r = submit(i);

	fake_turn(&net);
	assert_int_equal(r->state, REQUEST_SENT);
	return r;
}

/* The right answer, with an OPT that holds these options. */
static void answer_with(long i, const char *options)
{
	uint8_t out[FAKE_ANSWER_MAX];

	fake_deliver(fake, out, fake_answer(fake_sent(fake, i), options, out));
}

/* An answered query of now, whose OPT holds these options. */
static void hear(const char *options)
{
	send_one(0);
	answer_with(-1, options);
	fake_turn(&net);
	assert_told("answered", "+");
}

/* The session has ended and is freed in this turn, not before; the owner heard it once. */
static void assert_gone(const char *row, bool by_itself)
{
	expect_int(row, session->state, SESSION_ENDED);
	expect(row, !fake->freed);
	expect_int(row, ended_by_itself, by_itself);
	expect_int(row, fake->closed, by_itself);
	fake_turn(&net);
	expect(row, fake->freed);
	assert_int_equal(net.turn.timers.count, 0);
}

/* ------------------------------------------------------------------ the state table */

static void test_connecting_to_ready(void **state)
{
	(void)state;
	assert_int_equal(session->state, SESSION_CONNECTING);
	assert_false(session_has_room(session));
	assert_told("opened", "");
	fake_establish(fake);
	assert_int_equal(session->state, SESSION_CONNECTING);
	assert_true(session->established_us > 0);
	fake_ready(fake);
	assert_told("ready", "r");
	assert_int_equal(session->state, SESSION_READY);
	assert_true(session_has_room(session));
	fake_turn(&net);
	assert_told("nothing more", "");
	assert_int_equal(fake->sent_count, 0);
}

static void test_connecting_ends(void **state)
{
	(void)state;
	fake_end(fake, FAULT_RESET, STAGE_TCP);
	assert_told("ended", "x");
	assert_int_equal(last_end.fault, FAULT_RESET);
	assert_int_equal(last_end.stage, STAGE_TCP);
	assert_string_equal(last_end.text, "the test says so");
	assert_gone("connecting", false);
	assert_told("once", "");
}

static void test_open_fails(void **state)
{
	struct transport_end why = { 0 };

	(void)state;
	net.refuse = true;
	assert_null(session_open(&setup, &(struct addr){ 0 }, &why));
	assert_int_equal(why.fault, FAULT_LOCAL);
	assert_int_equal(why.stage, STAGE_ROUTE);
	assert_string_equal(why.text, "no route");
	assert_told("nothing", "");
}

/* Each way to retire, with one query sent and unanswered before. */
static void retire_by_call(void)
{
	session_retire(session);
	session_retire(session);
}

static void retire_by_age(void)
{
	fake_wait(&net, SEC - 1);
	assert_int_equal(session->state, SESSION_READY);
	fake_wait(&net, 1);
}

static void retire_by_keepalive_0(void)
{
	send_one(1);
	answer_with(-1, "000b 0002 0000");
	fake_turn(&net);
	assert_told("keepalive 0", "u+");
	tell('u'); /* as the other ways leave it */
}

static void retire_by_abandoned(void)
{
	for (unsigned i = 10; i < 10 + SESSION_ABANDONED_MAX; i++)
		submit(i);
	fake_turn(&net);
	for (unsigned i = 10; i < 10 + SESSION_ABANDONED_MAX; i++) {
		assert_int_equal(session->state, SESSION_READY);
		session_forget(session, &asks[i].request);
	}
}

static const struct {
	const char *name;
	void (*retire)(void);
	uint64_t age_us; /* when the query was sent */
} ways_to_retire[] = {
	{ "session_retire", retire_by_call, 0 },
	{ "an hour old", retire_by_age, 3599 * SEC },
	{ "keepalive 0", retire_by_keepalive_0, 0 },
	{ "abandoned ids", retire_by_abandoned, 0 },
};

/* Begins with another session that retires in the i-th way, query 0 unanswered. */
static struct request *retire_in_way(size_t i)
{
	struct request *r;

	start_again();
	fake_wait(&net, ways_to_retire[i].age_us);
	r = send_one(0);
	ways_to_retire[i].retire();
	return r;
}

static void test_retiring_then_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;

		retire_in_way(i);
		expect_int(row, session->state, SESSION_RETIRING);
		expect(row, !session_has_room(session));
		fake_turn(&net);
		expect_int(row, session->state, SESSION_RETIRING);
		assert_told(row, "u");
		fake_answer_nth(fake, 0);
		assert_told(row, "+"); /* its end comes later, from the deferred phase */
		expect_int(row, session->state, SESSION_RETIRING);
		turn_end(&net.turn);
		assert_told(row, "x");
		expect_int(row, ended_by_itself, true);
		expect(row, fake->closed && fake->freed);
	}
}

static void test_retiring_then_given_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;
		struct request *r = retire_in_way(i);

		session_forget(session, r);
		expect_int(row, r->state, REQUEST_IDLE);
		assert_told(row, "u");
		turn_end(&net.turn);
		assert_told(row, "x");
		expect(row, fake->closed && fake->freed);
	}
}

static void test_retiring_then_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;

		retire_in_way(i);
		fake_end(fake, FAULT_RESET, STAGE_DNS);
		assert_told(row, "u-x");
		assert_gone(row, false);
		assert_told(row, "");
	}
}

static void test_retire_when_idle(void **state)
{
	(void)state;
	session_retire(session);
	assert_int_equal(session->state, SESSION_RETIRING);
	assert_told("the end not before the call returned", "u");
	turn_end(&net.turn);
	assert_told("then", "x");
	assert_true(ended_by_itself);
	assert_true(fake->closed && fake->freed);
}

static void test_retire_while_connecting_does_nothing(void **state)
{
	(void)state;
	session_retire(session);
	assert_int_equal(session->state, SESSION_CONNECTING);
	fake_turn(&net);
	get_ready();
}

static void test_retiring_gives_back_what_it_has_not_sent(void **state)
{
	struct request *r = submit(0);

	(void)state;
	session_retire(session);
	assert_int_equal(r->state, REQUEST_RETURNED);
	assert_int_equal(r->sends, 0);
	fake_turn(&net);
	assert_told("given back and ended", "u-x");
	assert_int_equal(fake->sent_count, 0);
}

static void test_lost_gives_all_back(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake->room = 0;
	submit(2);
	submit(3);
	fake_turn(&net);
	assert_int_equal(session->sent_count, 2);
	assert_int_equal(session->queued_count, 2);
	fake_end(fake, FAULT_TIMEOUT, STAGE_DNS);
	assert_told("lost", "u----x");
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(returned[i], 1);
		assert_int_equal(spent[i], i < 2);
	}
	assert_int_equal(last_end.fault, FAULT_TIMEOUT);
	assert_gone("lost", false);
	assert_told("once", "");
}

static void test_lost_with_work_to_seal(void **state)
{
	(void)state;
	submit(0);
	fake_end(fake, FAULT_CLOSED, STAGE_DNS);
	assert_told("lost", "u-x");
	assert_int_equal(spent[0], 0);
	assert_gone("lost", false);
	assert_int_equal(fake->sent_count, 0);
}

/* ------------------------------------------------------------------ what goes out */

static void test_message_sent(void **state)
{
	struct request *r = &asks[0].request;
	uint8_t want[UPSTREAM_QUERY_MAX];
	size_t len;

	(void)state;
	r->query.dnssec_ok = true;
	submit(0);
	assert_int_equal(r->state, REQUEST_QUEUED);
	assert_ptr_equal(r->session, session);
	assert_int_equal(fake->sent_count, 0); /* sealed at the end of the turn */
	fake_turn(&net);
	assert_int_equal(r->state, REQUEST_SENT);
	len = rewrite_query(&r->query, &setup.form, r->id, want, sizeof want);
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(fake_sent(fake, 0)->len, len);
	assert_memory_equal(fake_sent(fake, 0)->bytes, want, len);
	assert_int_equal(len, 128);
	assert_int_equal(r->sent_len, len);
	assert_int_equal(r->sends, 1);
	assert_int_equal(net.stats.upstream_queries, 1);
	assert_int_equal(net.stats.upstream_octets, len);
	assert_int_equal(net.stats.upstream_repeats, 0);
}

/* Sent again after a loss, whether it pays for that or not. */
static void test_repeats_are_counted(void **state)
{
	static const enum transport_fault faults[] = { FAULT_TIMEOUT, FAULT_CLOSED };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		send_one(1);
		fake_answer_nth(fake, -1);
		send_one(0);
		fake_end(fake, faults[i], STAGE_DNS);
		fake_turn(&net);
		open_session();
		fake_ready(fake);
		assert_int_equal(net.stats.upstream_repeats, i);
		send_one(0);
		assert_int_equal(net.stats.upstream_repeats, i + 1);
		session_forget(session, &asks[0].request);
		ask_init(&asks[0], 0);
		ask_init(&asks[1], 1);
	}
	assert_int_equal(net.stats.upstream_queries, 6);
}

static void test_result(void **state)
{
	struct request *r = send_one(0);

	(void)state;
	fake_answer_nth(fake, 0);
	assert_told("answered", "+");
	assert_true(ask_is_answered_right(r, &r->answer));
	assert_true(r->trusted);
	assert_string_equal(r->protocol, FAKE_PROTOCOL);
	assert_int_equal(net.stats.upstream_answers, 1);
	assert_int_equal(session_inflight(session), 0);

	send_one(1);
	fake->base.info.authenticated = false;
	fake_answer_nth(fake, 1);
	assert_false(asks[1].request.trusted);
}

static void test_one_flush_a_turn_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++)
		submit(i);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 50);
	for (unsigned i = 0; i < 50; i++)
		assert_true(ask_is_in(&asks[i].request, fake_sent(fake, i)));
}

static void test_room_is_max_inflight(void **state)
{
	(void)state;
	setup.max_inflight = 3;
	submit(0);
	send_one(1);
	submit(2);
	assert_false(session_has_room(session));
	fake_turn(&net);
	assert_false(session_has_room(session));
	fake_answer_nth(fake, 0);
	assert_true(session_has_room(session));
	submit(3);
	assert_false(session_has_room(session));
	session_forget(session, &asks[2].request); /* an abandoned id doesn't count */
	assert_true(session_has_room(session));
}

static void test_without_room_it_waits(void **state)
{
	(void)state;
	fake->room = 2;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 2);
	assert_int_equal(session->sent_count, 2);
	assert_int_equal(session->queued_count, 3);
	assert_int_equal(asks[2].request.state, REQUEST_QUEUED);
	assert_int_equal(asks[2].request.sends, 0);
	assert_int_equal(net.stats.bound_output, 1);

	session_forget(session, &asks[3].request);
	assert_int_equal(asks[3].request.state, REQUEST_IDLE);
	assert_int_equal(session->queued_count, 2);
	assert_int_equal(session->ids.abandoned, 0); /* it had none */

	fake_room(fake, 1);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 3);
	assert_true(ask_is_in(&asks[2].request, fake_sent(fake, 2)));
	fake_room(fake, 10);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 4);
	assert_true(ask_is_in(&asks[4].request, fake_sent(fake, 3)));
	assert_told("all along", "");
}

/* What was sent may be answered, what was not is better off elsewhere. */
static void test_retiring_parts_them(void **state)
{
	(void)state;
	send_one(0);
	fake->room = 0;
	submit(1);
	fake_turn(&net);
	submit(2);
	session_retire(session);
	assert_told("retired", "u--");
	assert_int_equal(returned[0], 0);
	fake_turn(&net);
	assert_int_equal(session->state, SESSION_RETIRING);
	fake_answer_nth(fake, 0);
	fake_turn(&net);
	assert_told("answered and ended", "+x");
	assert_int_equal(fake->sent_count, 1);
}

/* Room that comes while it retires has nobody to serve. */
static void test_room_while_retiring(void **state)
{
	struct request *sent = send_one(1);

	(void)state;
	fake->room = 0;
	submit(0);
	fake_turn(&net);
	session_retire(session);
	assert_int_equal(returned[0], 1);
	fake_room(fake, 1);
	fake_turn(&net);
	assert_int_equal(asks[0].request.state, REQUEST_RETURNED);
	assert_int_equal(sent->state, REQUEST_SENT);
	assert_int_equal(fake->sent_count, 1);
}

static void test_send_errors(void **state)
{
	(void)state;
	fake->send_error = -ENOBUFS; /* full in spite of has_room: it stays */
	submit(0);
	submit(1);
	turn_end(&net.turn);
	assert_int_equal(session->queued_count, 2);
	assert_int_equal(net.stats.bound_output, 1);
	assert_int_equal(session->ids.live, 0);

	fake->send_error = -ENOMEM; /* this one only */
	submit(2);
	turn_end(&net.turn);
	assert_told("the first is refused", "-");
	assert_int_equal(returned[0], 1);
	assert_int_equal(spent[0], 1);
	assert_int_equal(asks[0].request.sends, 1);
	assert_int_equal(net.stats.bound_memory, 1);
	assert_int_equal(fake->sent_count, 2);
	assert_int_equal(session->ids.live, 2);
	assert_int_equal(session->sent_count, 2);

	fake->broken = true;
	submit(3);
	turn_end(&net.turn);
	assert_int_equal(asks[3].request.state, REQUEST_QUEUED);
	assert_int_equal(session->ids.live, 2);
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_int_equal(spent[3], 0);
	assert_told("then it ends", "u---x");
}

/* A query that is too long for a message can't be built, now or later. */
static void test_query_that_cannot_be_built(void **state)
{
	struct request *r = &asks[0].request;
	static uint8_t signed_message[5];

	(void)state;
	r->query.signed_message = signed_message;
	r->query.signed_len = sizeof signed_message;
	submit(0);
	submit(1);
	fake_turn(&net);
	assert_told("refused", "-");
	assert_int_equal(spent[0], 1);
	assert_int_equal(asks[1].request.state, REQUEST_SENT);
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(session->ids.live, 1);
}

static void test_retiring_ends_when_the_last_is_refused(void **state)
{
	(void)state;
	submit(0);
	session_retire(session);
	fake->send_error = -ENOMEM;
	fake_turn(&net);
	assert_told("refused, then nothing is left", "u-x");
}

/* ------------------------------------------------------------------ ids */

/* A random source that gives a written sequence of 16-bit numbers. */
static uint16_t script[4096];
static size_t script_len, script_pos;

static void fill_from_script(void *arg, void *buf, size_t len)
{
	uint16_t *out = buf;

	(void)arg;
	assert_int_equal(len % sizeof *out, 0);
	for (size_t i = 0; i < len / sizeof *out; i++)
		out[i] = script[script_pos++ % script_len];
}

static void follow(const uint16_t *numbers, size_t count)
{
	memcpy(script, numbers, count * sizeof *numbers);
	script_len = count;
	script_pos = 0;
	net.random = (struct random_source){ .fill = fill_from_script };
}

#define FOLLOW(...)                                                                                \
	do {                                                                                       \
		static const uint16_t numbers_[] = { __VA_ARGS__ };                                \
		follow(numbers_, COUNT_OF(numbers_));                                              \
	} while (0)

static void test_ids_are_the_random_numbers(void **state)
{
	static const uint16_t want[] = { 7, 0, 65535, 513, 12 };

	(void)state;
	FOLLOW(7, 7, 0, 7, 0, 65535, 513, 0, 12); /* one in use is drawn again */
	for (unsigned i = 0; i < COUNT_OF(want); i++) {
		send_one(i);
		assert_int_equal(asks[i].request.id, want[i]);
		assert_int_equal(wire_get16(fake_sent(fake, i)->bytes), want[i]);
	}
}

static void test_answered_id_is_free(void **state)
{
	(void)state;
	FOLLOW(7);
	for (unsigned i = 0; i < 3; i++) {
		send_one(i);
		assert_int_equal(asks[i].request.id, 7);
		fake_answer_nth(fake, -1);
	}
	assert_told("answered", "+++");
}

static void test_abandoned_id_stays_taken(void **state)
{
	(void)state;
	FOLLOW(7, 7, 8, 7);
	session_forget(session, send_one(0));
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(session_inflight(session), 0);
	send_one(1);
	assert_int_equal(asks[1].request.id, 8);

	fake_answer_nth(fake, 0); /* late */
	assert_told("dropped", "");
	assert_int_equal(net.stats.upstream_late, 1);
	assert_int_equal(net.stats.upstream_answers, 0);
	assert_int_equal(session->ids.abandoned, 0);

	send_one(2);
	assert_int_equal(asks[2].request.id, 7);
	fake_answer_nth(fake, 0); /* the old answer once more: another question */
	assert_told("dropped", "");
	assert_int_equal(net.stats.upstream_mismatch, 1);
	fake_answer_nth(fake, 2);
	assert_told("the right one", "+");
	assert_int_equal(answered[2], 1);
}

/* What is no answer at all does not free an abandoned id. */
static void test_query_back_is_no_late_answer(void **state)
{
	(void)state;
	session_forget(session, send_one(0));
	fake_deliver(fake, fake_sent(fake, 0)->bytes, fake_sent(fake, 0)->len);
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(net.stats.upstream_late, 0);
	assert_int_equal(net.stats.upstream_mismatch, 1);
}

static void test_duplicate_answer(void **state)
{
	(void)state;
	send_one(0);
	fake_answer_nth(fake, 0);
	fake_answer_nth(fake, 0);
	assert_told("once", "+");
	assert_int_equal(net.stats.upstream_unknown, 1);
	fake_turn(&net);
	assert_told("once", "");
}

static void test_1024_abandoned_retire(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SESSION_ABANDONED_MAX - 1; i++)
		session_forget(session, send_one(i));
	assert_int_equal(session->state, SESSION_READY);
	fake_answer_nth(fake, 0); /* one comes late: room for one more */
	session_forget(session, send_one(0));
	assert_int_equal(session->state, SESSION_READY);
	assert_int_equal(net.stats.bound_ids, 0);
	session_forget(session, send_one(1));
	assert_int_equal(session->state, SESSION_RETIRING);
	assert_int_equal(net.stats.bound_ids, 1);
	assert_told("not yet", "u");
	fake_turn(&net);
	assert_told("nothing is left", "x");
	assert_true(ended_by_itself);
}

static uint8_t taken[65536];

static void note_id(unsigned i)
{
	uint16_t id = asks[i].request.id;

	assert_int_equal(taken[id], 0);
	taken[id] = 1;
}

/* A03: more than three times 65,536 queries, some never answered, answers in any order. */
static void test_200000_queries(void **state)
{
	unsigned live[64] = { 0 }, n = 0, given_up = 0;
	long place[64];

	(void)state;
	memset(taken, 0, sizeof taken);
	srandom(2);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned at, i = step % ASKS;

		ask_init(&asks[i], step);
		send_one(i);
		note_id(i);
		live[n] = i;
		place[n++] = (long)fake->sent_count - 1;
		if (n < COUNT_OF(live))
			continue;
		at = (unsigned)random() % n;
		if (random() % 256 == 0 && given_up < 1000) {
			session_forget(session, &asks[live[at]].request); /* its id stays taken */
			given_up++;
		} else {
			taken[asks[live[at]].request.id] = 0;
			fake_answer_nth(fake, place[at]);
			assert_int_equal(index_of(&asks[live[at]].request), live[at]);
			assert_true(ask_is_answered_right(&asks[live[at]].request,
				&asks[live[at]].request.answer));
			assert_told("answered", "+");
		}
		live[at] = live[--n];
		place[at] = place[n];
	}
	assert_true(given_up > 600);
	assert_int_equal(session->ids.abandoned, given_up);
	assert_int_equal(session->sent_count, n);
	assert_int_equal(net.stats.upstream_answers, 200000 - given_up - n);
	for (unsigned i = 0; i < n; i++)
		session_forget(session, &asks[live[i]].request);
}

/* A02: every id there is, three times, unasked. */
static void test_all_ids_unsolicited(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		send_one(i);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	msg[DNS_HEADER_LEN + 1] = 'x'; /* another name */
	for (unsigned i = 0; i < 3 * 65536; i++) {
		wire_put16(msg, (uint16_t)i);
		fake_deliver(fake, msg, len);
		if (i % 4096 == 0)
			fake_turn(&net);
	}
	assert_told("no effect", "");
	assert_int_equal(session->sent_count, 100);
	assert_int_equal(net.stats.upstream_mismatch, 300);
	assert_int_equal(net.stats.upstream_unknown, 3 * 65536 - 300);
	for (unsigned i = 0; i < 100; i++)
		fake_answer_nth(fake, i);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(answered[i], 1);
}

/* ------------------------------------------------------------------ matching */

enum counter { NONE, MISMATCH, UNKNOWN, MALFORMED, COUNTERS };

static void get_counters(uint64_t ret[COUNTERS])
{
	ret[NONE] = 0;
	ret[MISMATCH] = net.stats.upstream_mismatch;
	ret[UNKNOWN] = net.stats.upstream_unknown;
	ret[MALFORMED] = net.stats.upstream_malformed;
}

/* The question asked is n0.example.com A IN. */
static const struct {
	const char *name;
	const char *message; /* behind the id */
	enum counter counter;
} wrong_answers[] = {
	{ "QR=0", "0180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "another name", "8180 0001 0000 0000 0000 026e31 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "a shorter name", "8180 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "a longer name", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 0161 00 0001 0001", MISMATCH },
	{ "the same octets in other labels", "8180 0001 0000 0000 0000 036e3007 6578616d706c65 03636f6d 00 0001 0001",
		MISMATCH },
	{ "the root", "8180 0001 0000 0000 0000 00 0001 0001", MISMATCH },
	{ "type AAAA", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 001c 0001", MISMATCH },
	{ "class CH", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0003", MISMATCH },
	{ "two questions", "8180 0002 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001"
			   "026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "two questions, one there", "8180 0002 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "QDCOUNT 1 without a question", "8180 0001 0000 0000 0000", MISMATCH },
	{ "the question is cut", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 00", MISMATCH },
	{ "the question's name is a pointer", "8180 0001 0000 0000 0000 c00c 0001 0001", MISMATCH },
	{ "malformed, and another name", "8180 0001 0000 0000 0000 026e31 076578616d706c65 03636f6d 00 0001 0001 00",
		MISMATCH },
	{ "QDCOUNT 0 with octets behind", "8180 0000 0000 0000 0000 00", MISMATCH },
	{ "too short for a header", "8180 0001 0000 0000 00", NONE },
	{ "the id alone", "", NONE },
};

/* A wrong one alone changes nothing; the right one behind it is taken. */
static void try_wrong(const char *row, const uint8_t *msg, size_t len, enum counter counter)
{
	uint64_t before[COUNTERS], after[COUNTERS];

	get_counters(before);
	fake_deliver(fake, msg, len);
	fake_turn(&net);
	assert_told(row, "");
	get_counters(after);
	for (unsigned c = NONE + 1; c < COUNTERS; c++)
		expect_int(row, after[c], before[c] + (c == counter));
	expect_int(row, asks[0].request.state, REQUEST_SENT);
	fake_answer_nth(fake, -1);
	assert_told(row, "+");
}

static void test_wrong_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong_answers); i++) {
		struct request *r = send_one(0);
		uint8_t msg[300];
		size_t len = 2 + hex_bytes(wrong_answers[i].message, msg + 2, sizeof msg - 2);

		wire_put16(msg, r->id);
		try_wrong(wrong_answers[i].name, msg, len, wrong_answers[i].counter);
	}
}

static void test_wrong_id(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 16; bit++) {
		struct request *r = send_one(0);
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);

		wire_put16(msg, (uint16_t)(r->id ^ 1u << bit));
		try_wrong("wrong id", msg, len, UNKNOWN);
	}
}

static void test_wrong_opcode(void **state)
{
	(void)state;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len;

		send_one(0);
		len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);
		msg[2] |= (uint8_t)(opcode << 3);
		try_wrong("wrong opcode", msg, len, MISMATCH);
	}
}

/* Of another query in flight on the same session. */
static void test_crossed_ids(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	send_one(1);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, msg);
	wire_put16(msg, asks[0].request.id);
	fake_deliver(fake, msg, len);
	assert_told("crossed", "");
	assert_int_equal(net.stats.upstream_mismatch, 1);
	assert_int_equal(session->sent_count, 2);
}

static bool may_lack_question(unsigned rcode)
{
	return rcode == 1 || rcode == 2 || rcode == 4 || rcode == 5;
}

static void test_without_question(void **state)
{
	(void)state;
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		struct request *r = send_one(0);
		uint8_t msg[12] = { 0 };

		wire_put16(msg, r->id);
		wire_put16(msg + 2, (uint16_t)(0x8180 | rcode));
		if (may_lack_question(rcode)) {
			fake_deliver(fake, msg, sizeof msg);
			assert_told("accepted", "+");
			assert_int_equal(message_rcode(&r->answer), rcode);
			assert_int_equal(r->answer.qdcount, 0);
		} else {
			try_wrong("no question", msg, sizeof msg, MISMATCH);
		}
	}
}

/* RFC 4343: only ASCII letters fold. */
static void test_letter_case(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	for (size_t i = DNS_HEADER_LEN + 1; i < DNS_HEADER_LEN + 16; i++)
		if (msg[i] >= 'a' && msg[i] <= 'z')
			msg[i] ^= 0x20;
	fake_deliver(fake, msg, len);
	assert_told("accepted", "+");

	send_one(0);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, msg);
	msg[DNS_HEADER_LEN + 2] ^= 0x20; /* '0' */
	try_wrong("a digit", msg, len, MISMATCH);
}

static void test_any_rcode_and_flags(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 0x800; flags++) { /* AA TC RD RA Z AD CD RCODE */
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len;

		send_one(0);
		len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);
		wire_put16(msg + 2, (uint16_t)(0x8000 | flags));
		fake_deliver(fake, msg, len);
		assert_told("accepted", "+");
	}
}

static const struct {
	const char *name, *message;
} malformed_answers[] = {
	{ "an octet too many", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 00" },
	{ "no record where one is counted", "8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001" },
	{ "RDATA beyond the end",
		"8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 c00c 0001 0001 00000000 0005 01020304" },
	{ "a pointer loop",
		"8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 c020 0001 0001 00000000 0000" },
	{ "two OPT", "8180 0001 0000 0000 0002 026e30 076578616d706c65 03636f6d 00 0001 0001"
		     "00 0029 0200 00000000 0000 00 0029 0200 00000000 0000" },
	{ "SERVFAIL without question, an octet too many", "8182 0000 0000 0000 0000 00" },
};

static void test_malformed_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(malformed_answers); i++) {
		const char *row = malformed_answers[i].name;
		struct request *r;
		uint8_t msg[300];
		size_t len;

		start_again();
		r = send_one(0);
		send_one(1);
		len = 2 + hex_bytes(malformed_answers[i].message, msg + 2, sizeof msg - 2);
		wire_put16(msg, r->id);
		fake_deliver(fake, msg, len);
		assert_told(row, "-");
		expect_int(row, returned[0], 1);
		expect_int(row, spent[0], 1);
		expect_int(row, r->bad_answers, 1);
		expect_int(row, net.stats.upstream_malformed, 1);
		expect_int(row, net.stats.upstream_answers, 0);
		/* The session lives on, and the id is free. */
		expect_int(row, session->state, SESSION_READY);
		expect_int(row, session_inflight(session), 1);
		expect(row, !idmap_find(&session->ids, r->id));
		fake_answer_nth(fake, 1);
		assert_told(row, "+");
	}
}

static void test_malformed_is_the_last_of_a_retiring_one(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	session_retire(session);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	fake_deliver(fake, msg, len - 1);
	assert_told("returned", "u-");
	fake_turn(&net);
	assert_told("ended", "x");
}

/* ------------------------------------------------------------------ limit or failure */

/* Frames begin with their length: the id is behind it. */
enum cut { WHOLE, CUT_ID_0, CUT_ID_1, CUT_UNKNOWN_ID, CUT_LATE_ID, CUT_1, CUT_3 };

static const struct {
	const char *name;
	bool answered_before;
	enum transport_fault fault;
	enum cut cut;
	unsigned in_flight;
	const char *spent; /* for each one in flight, 1: it pays */
} losses[] = {
	{ "FIN after an answer", true, FAULT_CLOSED, WHOLE, 2, "00" },
	{ "RST after an answer", true, FAULT_RESET, WHOLE, 2, "00" },
	{ "timeout after an answer", true, FAULT_TIMEOUT, WHOLE, 2, "11" },
	{ "broken record after an answer", true, FAULT_PROTOCOL, WHOLE, 2, "00" },
	{ "broken record without an answer", false, FAULT_PROTOCOL, WHOLE, 2, "11" },
	{ "fault of ours after an answer", true, FAULT_LOCAL, WHOLE, 2, "00" },
	{ "timeout in the first one's answer", true, FAULT_TIMEOUT, CUT_ID_0, 2, "11" },
	{ "FIN without an answer", false, FAULT_CLOSED, WHOLE, 2, "11" },
	{ "RST without an answer", false, FAULT_RESET, WHOLE, 2, "11" },
	{ "timeout without an answer", false, FAULT_TIMEOUT, WHOLE, 2, "11" },
	{ "FIN in the first one's answer", true, FAULT_CLOSED, CUT_ID_0, 2, "10" },
	{ "RST in the first one's answer", true, FAULT_RESET, CUT_ID_0, 2, "10" },
	{ "FIN in the second one's answer", true, FAULT_CLOSED, CUT_ID_1, 2, "01" },
	{ "FIN in an answer that nobody asked for", true, FAULT_CLOSED, CUT_UNKNOWN_ID, 2, "00" },
	{ "FIN in a late answer", true, FAULT_CLOSED, CUT_LATE_ID, 2, "00" },
	{ "one octet, one in flight", true, FAULT_CLOSED, CUT_1, 1, "1" },
	{ "three octets, one in flight", true, FAULT_RESET, CUT_3, 1, "1" },
	{ "three octets, two in flight", true, FAULT_CLOSED, CUT_3, 2, "00" },
	{ "FIN in the first one's answer, no whole one before", false, FAULT_CLOSED, CUT_ID_0, 2, "11" },
};

static size_t cut_of(enum cut cut, uint16_t late_id, uint8_t ret[6])
{
	uint16_t id = late_id;

	if (cut == WHOLE)
		return 0;
	if (cut == CUT_ID_0 || cut == CUT_ID_1)
		id = asks[cut == CUT_ID_1].request.id;
	while (cut == CUT_UNKNOWN_ID && idmap_find(&session->ids, id))
		id++;
	wire_put16(ret, 100);
	wire_put16(ret + 2, id);
	wire_put16(ret + 4, 0x8180);
	return cut == CUT_1 ? 1 : cut == CUT_3 ? 3 : cut == CUT_ID_0 ? 4 : 6;
}

static void test_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		const char *row = losses[i].name;
		uint8_t partial[6];
		uint16_t late_id;
		size_t len;

		start_again();
		session_forget(session, send_one(9));
		late_id = asks[9].request.id;
		if (losses[i].answered_before) {
			send_one(8);
			fake_answer_nth(fake, -1);
		}
		for (unsigned k = 0; k < losses[i].in_flight; k++)
			send_one(k);
		fake->room = 0;
		asks[7].request.sends = 2;
		submit(7);
		fake_turn(&net);
		len = cut_of(losses[i].cut, late_id, partial);
		if (len > 0)
			fake_end_cut(fake, losses[i].fault, partial, len);
		else
			fake_end(fake, losses[i].fault, STAGE_DNS);
		for (unsigned k = 0; k < losses[i].in_flight; k++) {
			expect_int(row, returned[k], 1);
			expect_int(row, spent[k], losses[i].spent[k] - '0');
			expect_int(row, asks[k].request.sends, losses[i].spent[k] - '0');
		}
		expect_int(row, returned[7], 1);
		expect_int(row, asks[7].request.sends, 2); /* those of other sessions */
		expect_int(row, returned[8], 0);
		expect_int(row, returned[9], 0);
	}
}

/* ------------------------------------------------------------------ nobody answers */

static void assert_mute(const char *row)
{
	assert_told(row, "u-x");
	expect_int(row, last_end.fault, FAULT_TIMEOUT);
	expect_int(row, last_end.stage, STAGE_DNS);
	expect(row, last_end.text[0]);
	expect(row, fake->closed && fake->freed);
	expect_int(row, asks[0].request.sends, 1); /* it pays, answers before or not */
	expect_int(row, net.turn.timers.count, 0);
}

static const struct {
	const char *name;
	uint64_t handshake_us;
	bool partial;
	uint64_t gone_us; /* behind the query: looked at after 1 s, then every half */
} patiences[] = {
	{ "silence", 0, false, 2500 * MS },
	{ "silence, long way", 400 * MS, false, 3500 * MS },
	{ "half a message", 0, true, SEC },
	{ "half a message, long way", 400 * MS, true, 2 * SEC },
};

/* Ready after that time, with nothing told. */
static void start_slowly(uint64_t handshake_us)
{
	start_again();
	session_abort(session);
	fake_turn(&net);
	open_session();
	fake_wait(&net, handshake_us);
	fake_ready(fake);
	told[0] = '\0';
}

static void test_mute(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(patiences); i++) {
		const char *row = patiences[i / 2].name;

		start_slowly(patiences[i / 2].handshake_us);
		if (i % 2)
			hear("");
		fake_wait(&net, 10 * SEC);
		ask_init(&asks[0], 0);
		send_one(0);
		fake->partial = patiences[i / 2].partial;
		fake_wait(&net, patiences[i / 2].gone_us - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_mute(row);
	}
}

/* Answers to others show that somebody is there, however slow one name is. */
static void test_slow_name_is_not_mute(void **state)
{
	(void)state;
	send_one(0);
	for (unsigned i = 0; i < 30; i++) {
		fake_wait(&net, 2 * SEC);
		send_one(1);
		fake_answer_nth(fake, -1);
		fake_turn(&net);
		assert_told("another", "+");
	}
	fake_wait(&net, 2500 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 500 * MS);
	assert_mute("then it is");
}

/* What is no answer to a query of ours is no progress. */
static void test_noise_is_mute(void **state)
{
	uint8_t wrong[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	session_forget(session, send_one(1));
	send_one(0);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, wrong);
	wrong[DNS_HEADER_LEN + 1] ^= 1;
	for (unsigned i = 0; i < 25; i++) {
		fake_deliver(fake, wrong, len);
		fake_answer_nth(fake, 0); /* late, then unknown */
		fake_wait(&net, 100 * MS);
	}
	assert_mute("noise");
}

/* Whoever can't be asked again waits on, for his deadline. */
static void test_last_send_waits(void **state)
{
	(void)state;
	asks[0].request.sends = REQUEST_SENDS_MAX - 1;
	send_one(0);
	fake_wait(&net, 60 * SEC);
	assert_told("waits", "");
	send_one(1); /* this one need not */
	fake_wait(&net, SEC);
	assert_told("moved, and the other with it", "u--x");
	assert_int_equal(last_end.fault, FAULT_TIMEOUT);
}

static void test_last_but_one_send_moves(void **state)
{
	(void)state;
	asks[0].request.sends = REQUEST_SENDS_MAX - 2;
	send_one(0);
	fake_wait(&net, 2500 * MS);
	assert_told("moved", "u-x");
}

static void test_retiring_and_mute(void **state)
{
	(void)state;
	send_one(0);
	session_retire(session);
	assert_told("retired", "u");
	fake_wait(&net, 2500 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("gone", "-x");
	assert_false(ended_by_itself);
	assert_int_equal(last_end.fault, FAULT_TIMEOUT);
}

/* Nothing out: nothing to watch, and no timer but that of its life. */
static void test_idle_is_not_mute(void **state)
{
	(void)state;
	hear("");
	fake_wait(&net, 5 * SEC);
	assert_int_equal(net.turn.timers.count, 1);
	fake->room = 0;
	submit(0);
	fake_wait(&net, 60 * SEC);
	assert_told("what was not sent can't be answered", "");
	assert_int_equal(net.turn.timers.count, 1);
}

/* Its deadline came, and nothing was answered in all that time; or something was, or it was not long. */
static const struct {
	const char *name;
	uint64_t waited_us;
	bool other_answered, gone;
} deadlines[] = {
	{ "after a second", SEC, false, true },
	{ "after less", SEC - 1, false, false },
	{ "another was answered", 2 * SEC, true, false },
};

static void test_given_up_at_its_deadline(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
		const char *row = deadlines[i].name;

		start_again();
		send_one(0);
		send_one(1);
		send_one(2);
		fake_wait(&net, deadlines[i].waited_us / 2);
		if (deadlines[i].other_answered)
			fake_answer_nth(fake, 1);
		fake_wait(&net, deadlines[i].waited_us - deadlines[i].waited_us / 2);
		told[0] = '\0';
		session_forget(session, &asks[0].request);
		assert_told(row, ""); /* not inside the call */
		fake_turn(&net);
		assert_told(row, deadlines[i].gone ? "u--x" : "");
		expect_int(row, returned[0], 0);
		expect_int(row, returned[2], deadlines[i].gone);
	}
}

/* ------------------------------------------------------------------ giving up */

static void test_forget(void **state)
{
	struct request *queued, *sent;

	(void)state;
	sent = send_one(0);
	queued = submit(1);
	session_forget(session, queued);
	session_forget(session, sent);
	assert_int_equal(queued->state, REQUEST_IDLE);
	assert_int_equal(sent->state, REQUEST_IDLE);
	assert_false(list_linked(&queued->node) || list_linked(&sent->node));
	assert_null(queued->session);
	assert_null(sent->session);
	assert_int_equal(session_inflight(session), 0);
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(session->ids.live, 0);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(session->state, SESSION_READY);
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_told("nobody returns", "ux");
}

static void test_abort_while_connecting(void **state)
{
	(void)state;
	session_abort(session);
	session_abort(session);
	assert_int_equal(session->state, SESSION_ENDED);
	assert_true(fake->closed);
	assert_false(fake->freed);
	fake_turn(&net);
	assert_true(fake->freed);
	assert_told("not a word", "");
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_abort_with_queries(void **state)
{
	(void)state;
	send_one(0);
	submit(1);
	session_abort(session);
	assert_told("only their return", "u--");
	assert_int_equal(spent[0], 1);
	assert_int_equal(spent[1], 0);
	assert_true(fake->closed);
	session_abort(session);
	fake_turn(&net);
	assert_true(fake->freed);
	assert_told("nothing more", "");
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_abort_while_saying_goodbye(void **state)
{
	(void)state;
	session_retire(session);
	assert_told("retired", "u");
	session_abort(session);
	fake_turn(&net);
	assert_told("not a word", "");
	assert_true(fake->freed);
}

/* ------------------------------------------------------------------ time */

static void test_connect_limit(void **state)
{
	(void)state;
	for (unsigned established = 0; established < 2; established++) {
		if (established)
			open_session();
		fake_turn(&net);
		if (established) {
			fake_wait(&net, 4 * SEC);
			fake_establish(fake);
			fake_wait(&net, SEC - 1);
		} else {
			fake_wait(&net, 5 * SEC - 1);
		}
		assert_told("not yet", "");
		assert_int_equal(session->state, SESSION_CONNECTING);
		fake_wait(&net, 1);
		assert_told("ended", "x");
		assert_int_equal(last_end.stage, established ? STAGE_TLS : STAGE_TCP);
		assert_int_equal(last_end.fault, FAULT_TIMEOUT);
		assert_true(last_end.text[0]);
		assert_true(fake->closed && fake->freed);
	}
}

static void test_connect_limit_ends_when_ready(void **state)
{
	(void)state;
	fake_wait(&net, 4 * SEC);
	get_ready();
	fake_wait(&net, 60 * SEC);
	assert_told("nothing", "");
	assert_int_equal(session->state, SESSION_READY);
}

/* From when it was ready. */
static void test_life(void **state)
{
	(void)state;
	fake_wait(&net, 4 * SEC);
	get_ready();
	fake_wait(&net, SESSION_LIFE_US - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
	assert_true(ended_by_itself);
}

static const struct {
	const char *name, *options;
	uint64_t after_us; /* it retires, unused */
} idle_limits[] = {
	{ "none", "", SESSION_LIFE_US },
	{ "10 s", "000b 0002 0064", 9 * SEC },
	{ "2.1 s", "000b 0002 0015", 1100 * MS },
	{ "2 s", "000b 0002 0014", SEC },
	{ "1.5 s", "000b 0002 000f", 750 * MS },
	{ "1 s", "000b 0002 000a", 500 * MS },
	{ "0.1 s", "000b 0002 0001", 50 * MS },
	{ "6553.5 s", "000b 0002 ffff", SESSION_LIFE_US },
	{ "a query's empty one", "000b 0000", SESSION_LIFE_US },
	{ "one octet", "000b 0001 01", SESSION_LIFE_US },
	{ "three octets", "000b 0003 000001", SESSION_LIFE_US },
	{ "twice: the first counts", "000b 0002 0014 000b 0002 0064", SEC },
};

static void test_idle_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(idle_limits); i++) {
		const char *row = idle_limits[i].name;

		start_again();
		hear(idle_limits[i].options);
		fake_wait(&net, idle_limits[i].after_us - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "ux");
		expect(row, ended_by_itself);
	}
}

static void test_keepalive_0_at_once(void **state)
{
	(void)state;
	send_one(0);
	answer_with(0, "000b 0002 0000");
	assert_told("answered", "u+");
	assert_false(session_has_room(session));
	fake_turn(&net);
	assert_told("ended", "x");
	assert_true(ended_by_itself);
}

/* Any answer begins the wait anew; the newest value counts. */
static void test_idle_limit_is_renewed(void **state)
{
	(void)state;
	hear("000b 0002 0064");
	fake_wait(&net, 8 * SEC);
	hear("000b 0002 0064");
	fake_wait(&net, 8 * SEC);
	hear("000b 0002 01f4"); /* 50 s */
	fake_wait(&net, 49 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
}

static void test_idle_limit_withdrawn(void **state)
{
	static const char *const without[] = { FAKE_NO_OPT, "", "000b 0000" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(without); i++) {
		start_again();
		hear("000b 0002 0064");
		fake_wait(&net, SEC);
		hear(without[i]);
		fake_wait(&net, 60 * SEC);
		assert_told("withdrawn", "");
		assert_int_equal(session->state, SESSION_READY);
	}
}

/* A query in flight is not idleness; its answer, or that it is given up, begins the wait. */
static void test_idle_limit_while_busy(void **state)
{
	(void)state;
	for (unsigned give_up = 0; give_up < 2; give_up++) {
		start_again();
		hear("000b 0002 000a"); /* 1 s: it goes after half of that */
		fake_wait(&net, 400 * MS);
		send_one(1);
		fake_wait(&net, 900 * MS);
		assert_told("busy", "");
		assert_int_equal(session->state, SESSION_READY);
		if (give_up)
			session_forget(session, &asks[1].request);
		else
			answer_with(-1, "000b 0002 000a");
		fake_turn(&net);
		assert_told("free", give_up ? "" : "+");
		fake_wait(&net, 500 * MS - 1);
		assert_told("alive", "");
		fake_wait(&net, 1);
		assert_told("over", "ux");
	}
}

static void test_idle_limit_after_a_refused_query(void **state)
{
	(void)state;
	hear("000b 0002 0064");
	fake_wait(&net, 5 * SEC);
	fake->room = 0;
	submit(1);
	fake_wait(&net, 10 * SEC); /* busy when the first wait is over */
	fake->send_error = -ENOMEM;
	fake_room(fake, 10);
	fake_wait(&net, 9 * SEC);
	assert_told("refused, then idle for as long as the server allows", "-ux");
}

static void test_life_ends_in_spite_of_idle_limits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3600 / 8 - 1; i++) {
		fake_wait(&net, 8 * SEC);
		hear("000b 0002 0064");
	}
	fake_wait(&net, 8 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("an hour old", "ux");
}

/* Datagrams have no keepalive (RFC 7828 3.2.1): the option means nothing there. */
static void test_keepalive_not_spoken(void **state)
{
	(void)state;
	setup.form.keepalive = false;
	hear("000b 0002 0000");
	assert_int_equal(session->state, SESSION_READY);
	hear("000b 0002 0001");
	fake_wait(&net, 60 * SEC);
	assert_told("nothing", "");
}

#define READY_TEST(f) cmocka_unit_test_setup_teardown(f, begin_ready, end)
#define TEST(f)	      cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connecting_to_ready),
		TEST(test_connecting_ends),
		TEST(test_open_fails),
		READY_TEST(test_retiring_then_answered),
		READY_TEST(test_retiring_then_given_up),
		READY_TEST(test_retiring_then_lost),
		READY_TEST(test_retire_when_idle),
		TEST(test_retire_while_connecting_does_nothing),
		READY_TEST(test_retiring_gives_back_what_it_has_not_sent),
		READY_TEST(test_lost_gives_all_back),
		READY_TEST(test_lost_with_work_to_seal),
		READY_TEST(test_message_sent),
		READY_TEST(test_repeats_are_counted),
		READY_TEST(test_result),
		READY_TEST(test_one_flush_a_turn_in_order),
		READY_TEST(test_room_is_max_inflight),
		READY_TEST(test_without_room_it_waits),
		READY_TEST(test_retiring_parts_them),
		READY_TEST(test_room_while_retiring),
		READY_TEST(test_send_errors),
		READY_TEST(test_query_that_cannot_be_built),
		READY_TEST(test_retiring_ends_when_the_last_is_refused),
		READY_TEST(test_ids_are_the_random_numbers),
		READY_TEST(test_answered_id_is_free),
		READY_TEST(test_abandoned_id_stays_taken),
		READY_TEST(test_query_back_is_no_late_answer),
		READY_TEST(test_duplicate_answer),
		READY_TEST(test_1024_abandoned_retire),
		READY_TEST(test_200000_queries),
		READY_TEST(test_all_ids_unsolicited),
		READY_TEST(test_wrong_answers),
		READY_TEST(test_wrong_id),
		READY_TEST(test_wrong_opcode),
		READY_TEST(test_crossed_ids),
		READY_TEST(test_without_question),
		READY_TEST(test_letter_case),
		READY_TEST(test_any_rcode_and_flags),
		READY_TEST(test_malformed_answers),
		READY_TEST(test_malformed_is_the_last_of_a_retiring_one),
		READY_TEST(test_losses),
		READY_TEST(test_forget),
		TEST(test_abort_while_connecting),
		READY_TEST(test_abort_with_queries),
		READY_TEST(test_abort_while_saying_goodbye),
		TEST(test_connect_limit),
		TEST(test_connect_limit_ends_when_ready),
		TEST(test_life),
		READY_TEST(test_idle_limits),
		READY_TEST(test_keepalive_0_at_once),
		READY_TEST(test_idle_limit_is_renewed),
		READY_TEST(test_idle_limit_withdrawn),
		READY_TEST(test_idle_limit_while_busy),
		READY_TEST(test_mute),
		READY_TEST(test_slow_name_is_not_mute),
		READY_TEST(test_noise_is_mute),
		READY_TEST(test_last_send_waits),
		READY_TEST(test_last_but_one_send_moves),
		READY_TEST(test_retiring_and_mute),
		READY_TEST(test_idle_is_not_mute),
		READY_TEST(test_given_up_at_its_deadline),
		READY_TEST(test_idle_limit_after_a_refused_query),
		READY_TEST(test_life_ends_in_spite_of_idle_limits),
		READY_TEST(test_keepalive_not_spoken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
