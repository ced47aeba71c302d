/*
 * A session on a stage: an owner that notes what it is told, and queries to send.
 *
 * Query i is asks[i]; its flight on `session` is the first of its request, that on `other` the second.
 */
#ifndef TESTS_UNIT_SESSION_CASE_H
#define TESTS_UNIT_SESSION_CASE_H

#include "proxy/upstream/session.h"

#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <string.h>

#define ASKS 1100

/*
 * What the owner was told, a letter for each call: r(eady) u(nready) ?(suspect) !(recovered)
 * p(late: path) n(late: name) d(late: datagrams) -(returned) +(answered) x(ended); a 2 before it: by `other`.
 */
static char told[4 * ASKS];
static struct transport_end last_end;
static bool ended_by_itself;

static struct fake_net net;
static struct session_setup setup;
static struct session *session, *other; /* other: NULL but where a test opens it */
static struct fake *fake, *other_fake;
static struct ask asks[ASKS];
static unsigned answered[ASKS], returned[ASKS], late[ASKS];
static unsigned paid[ASKS];	    /* returned with sends to pay for */
static bool late_refused;	    /* the owner can't ask elsewhere now */
static bool abort_when_ready;	    /* the owner does not want it any more */
static size_t late_due, unanswered; /* after suspect(); at the end */

/* ------------------------------------------------------------------ the owner */

static inline void tell_letter(char letter)
{
	size_t len = strlen(told);

	assert_true(len + 1 < sizeof told);
	told[len] = letter;
	told[len + 1] = '\0';
}

static inline void tell(const struct session *s, char letter)
{
	if (s != session) {
		assert_ptr_equal(s, other);
		tell_letter('2');
	}
	tell_letter(letter);
}

/* Fails if the owner was told anything else since the last call. */
static inline void assert_told(const char *row, const char *wanted)
{
	if (strcmp(told, wanted) != 0)
		fail_msg("%s: the owner was told \"%.60s\", not \"%s\"", row, told, wanted);
	expect_int(row, late_due, 0);
	told[0] = '\0';
}

static inline size_t index_of(const struct request *r)
{
	return (size_t)(container_of((uintptr_t)r, struct ask, request) - asks);
}

static inline void on_ready(void *arg, struct session *s)
{
	assert_ptr_equal(arg, &setup);
	assert_int_equal(s->state, SESSION_READY);
	tell(s, 'r');
	if (abort_when_ready)
		session_abort(s);
}

static inline void on_unready(void *arg, struct session *s)
{
	assert_ptr_equal(arg, &setup);
	assert_false(session_has_room(s));
	tell(s, 'u');
}

static inline void on_suspect(void *arg, struct session *s, const char *doubt)
{
	assert_ptr_equal(arg, &setup);
	assert_non_null(doubt);
	assert_true(s->suspect);
	assert_false(session_has_room(s));
	late_due = s->sent_count;
	tell(s, '?');
}

static inline void on_recovered(void *arg, struct session *s)
{
	assert_ptr_equal(arg, &setup);
	assert_false(s->suspect);
	tell(s, '!');
}

static inline bool on_late(void *arg, struct session *s, struct flight *f, enum session_late why)
{
	assert_ptr_equal(arg, &setup);
	assert_ptr_equal(f->session, s);
	assert_true(f->sent && list_linked(&f->node));
	if (why != LATE_DATAGRAMS)
		assert_int_equal(why == LATE_PATH, s->suspect);
	assert_true(why == LATE_PATH || !f->late);
	late[index_of(f->request)]++;
	late_due -= why == LATE_PATH;
	tell(s, "pnsd"[why]);
	return !late_refused;
}

static inline void on_returned(void *arg, struct session *s, struct flight *f)
{
	assert_ptr_equal(arg, &setup);
	assert_false(list_linked(&f->node));
	assert_null(f->session);
	returned[index_of(f->request)]++;
	paid[index_of(f->request)] += f->request->sends > 0;
	tell(s, '-');
}

static inline void on_answered(void *arg, struct session *s, struct flight *f)
{
	assert_ptr_equal(arg, &setup);
	assert_true(f->sent);
	assert_false(list_linked(&f->node));
	assert_null(f->session);
	answered[index_of(f->request)]++;
	tell(s, '+');
}

static inline void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	assert_ptr_equal(arg, &setup);
	assert_int_equal(s->state, SESSION_ENDED);
	assert_false(list_linked(&s->node));
	assert_int_equal(session_inflight(s), 0);
	unanswered = s->unanswered;
	ended_by_itself = !end;
	if (end)
		last_end = *end;
	tell(s, 'x');
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

/* ------------------------------------------------------------------ the stage */

static inline struct session *open_one(void)
{
	struct transport_end end;
	struct session *s = session_open(&setup, &(struct addr){ 0 }, &end);

	assert_non_null(s);
	return s;
}

static inline void open_session(void)
{
	session = open_one();
	fake = fake_at(&net, -1);
}

static inline void init_asks(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ask_init(&asks[i], i);
	memset(answered, 0, sizeof answered);
	memset(returned, 0, sizeof returned);
	memset(late, 0, sizeof late);
	memset(paid, 0, sizeof paid);
}

static inline int begin(void **state)
{
	(void)state;
	fake_net_init(&net, 1);
	setup = fake_setup(&net);
	setup.max_inflight = ASKS;
	setup.owner = &noting_owner;
	setup.owner_arg = &setup;
	told[0] = '\0';
	late_refused = abort_when_ready = false;
	late_due = 0;
	memset(&last_end, 0, sizeof last_end);
	init_asks(ASKS);
	other = NULL;
	other_fake = NULL;
	open_session();
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	if (!fake->freed)
		session_abort(session);
	if (other && !other_fake->freed)
		session_abort(other);
	fake_net_deinit(&net);
	return 0;
}

static inline void get_ready(void)
{
	fake_ready(fake);
	assert_told("ready", "r");
}

static inline int begin_ready(void **state)
{
	begin(state);
	get_ready();
	return 0;
}

/* In the middle of a table: another session in place of this one. */
static inline void start_again(void)
{
	if (!fake->freed)
		session_abort(session);
	fake_turn(&net);
	assert_true(fake->freed);
	init_asks(16);
	memset(&net.stats, 0, sizeof net.stats);
	told[0] = '\0';
	late_refused = false;
	open_session();
	get_ready();
}

static inline void open_other(void)
{
	other = open_one();
	other_fake = fake_at(&net, -1);
	fake_ready(other_fake);
	assert_told("ready", "2r");
}

/* ------------------------------------------------------------------ queries */

static inline struct flight *flight(unsigned i)
{
	return &asks[i].request.flights[0];
}

static inline struct flight *other_flight(unsigned i)
{
	return &asks[i].request.flights[1];
}

static inline bool is_queued(const struct flight *f)
{
	return f->session && !f->sent && list_linked(&f->node);
}

static inline bool is_out(const struct flight *f)
{
	return f->session && f->sent && list_linked(&f->node);
}

static inline struct flight *submit_to(struct session *s, struct flight *f, unsigned i)
{
	assert_true(session_has_room(s));
	assert_null(f->session);
	f->request = &asks[i].request;
	session_submit(s, f);
	assert_ptr_equal(f->session, s);
	assert_true(is_queued(f));
	return f;
}

static inline struct flight *submit(unsigned i)
{
	return submit_to(session, flight(i), i);
}

static inline struct flight *send_one(unsigned i)
{
	struct flight *f = submit(i);

	fake_turn(&net);
	assert_true(is_out(f));
	return f;
}

static inline struct flight *send_other(unsigned i)
{
	struct flight *f = submit_to(other, other_flight(i), i);

	fake_turn(&net);
	assert_true(is_out(f));
	return f;
}

/* The right answer, with an OPT that holds these options. */
static inline void answer_with(long i, const char *options)
{
	uint8_t out[FAKE_ANSWER_MAX];

	fake_deliver(fake, out, fake_answer(fake_sent(fake, i), options, out));
}

/* An answered query of now, whose OPT holds these options. */
static inline void hear(const char *options)
{
	send_one(0);
	answer_with(-1, options);
	fake_turn(&net);
	assert_told("answered", "+");
}

/* The right answer, but its last octet is missing. */
static inline void answer_malformed(long i)
{
	uint8_t out[FAKE_ANSWER_MAX];

	fake_deliver(fake, out, fake_answer(fake_sent(fake, i), FAKE_NO_OPT, out) - 1);
}

#define READY_TEST(f) cmocka_unit_test_setup_teardown(f, begin_ready, end)
#define TEST(f)	      cmocka_unit_test_setup_teardown(f, begin, end)

#endif
