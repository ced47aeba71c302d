/*
 * One upstream on a fake network, for the tests of upstream and opening.  The test plays the pool
 * that owns it and the servers at its addresses.
 */
#ifndef TESTS_UNIT_UPSTREAM_STAGE_H
#define TESTS_UNIT_UPSTREAM_STAGE_H

#include "proxy/upstream/upstream.h"
#include "tests/unit/addr_words.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <string.h>

#define LABEL "tls://192.0.2.1:853#dns.test"
#define ASKS  64

static struct fake_net net;
static struct upstream up;
static struct ask asks[ASKS];
/* What the owner says and hears. */
static size_t wanted;
static bool elsewhere; /* a late query can be asked elsewhere */
static unsigned rooms, losts, returns, charged, answers, late_paths, late_names, address_wishes;

/* ------------------------------------------------------------------ the owner */

static inline size_t on_wanted(void *arg)
{
	assert_ptr_equal(arg, &wanted);
	return wanted;
}

static inline void on_room(void *arg)
{
	assert_ptr_equal(arg, &wanted);
	rooms++;
}

static inline void on_lost(void *arg, struct upstream *u)
{
	assert_ptr_equal(arg, &wanted);
	assert_ptr_equal(u, &up);
	assert_int_equal(upstream_ready(u), 0);
	losts++;
}

static inline bool on_late(void *arg, struct upstream *u, struct flight *f, enum session_late why)
{
	assert_ptr_equal(arg, &wanted);
	assert_ptr_equal(u, &up);
	assert_non_null(f->session);
	late_paths += why == LATE_PATH;
	late_names += why == LATE_NAME;
	return elsewhere;
}

static inline void on_returned(void *arg, struct upstream *u, struct flight *f)
{
	assert_ptr_equal(arg, &wanted);
	assert_ptr_equal(u, &up);
	assert_null(f->session);
	returns++;
	charged += f->charged;
}

static inline void on_answered(void *arg, struct upstream *u, struct flight *f)
{
	assert_ptr_equal(arg, &wanted);
	assert_ptr_equal(u, &up);
	assert_null(f->session);
	assert_true(ask_is_answered_right(f->request, &f->request->answer));
	answers++;
}

static const struct upstream_owner stage_owner = {
	.wanted = on_wanted,
	.room = on_room,
	.lost = on_lost,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
};

static inline void on_want_addresses(void *arg, struct upstream *u)
{
	assert_ptr_equal(arg, &net);
	assert_ptr_equal(u, &up);
	address_wishes++;
}

/* ------------------------------------------------------------------ the stage */

static inline void set_addresses(const char *words)
{
	struct addr in[ADDR_WORDS_MAX];

	upstream_set_addresses(&up, in, addrs_from_words(words, in));
}

/* Addresses as words; NULL: they have to be looked up. */
static inline void raise_stage(const char *words, const struct upstream_owner *owner)
{
	fake_net_init(&net, 3);
	wanted = 0;
	elsewhere = true;
	rooms = losts = returns = charged = answers = late_paths = late_names = address_wishes = 0;
	memset(&up, 0, sizeof up);
	up.session = fake_setup(&net);
	up.connections = 2;
	up.label = LABEL;
	up.owner = owner;
	up.owner_arg = &wanted;
	up.want_addresses = words ? NULL : on_want_addresses;
	up.want_arg = &net;
	upstream_init(&up);
	if (words)
		set_addresses(words);
	for (unsigned i = 0; i < ASKS; i++)
		ask_init(&asks[i], i);
}

static inline int begin(void **state)
{
	(void)state;
	raise_stage("4.1", &stage_owner);
	return 0;
}

/* Whatever state it is in, nothing is left, and nothing is opened for those that wait. */
static inline int end(void **state)
{
	size_t opened = net.opened;

	(void)state;
	wanted = 1;
	upstream_deinit(&up);
	upstream_ensure(&up, true);
	upstream_ensure_second(&up);
	assert_int_equal(net.turn.timers.count, 0);
	fake_net_deinit(&net);
	assert_int_equal(net.opened, opened);
	return 0;
}

/* The same test with other addresses, or once more. */
static inline void restart(const char *words)
{
	end(NULL);
	raise_stage(words, &stage_owner);
}

/* ------------------------------------------------------------------ what is there */

static inline size_t sessions_of(enum session_state state)
{
	size_t count = 0;

	list_for_each (n, &up.sessions)
		count += container_of(n, struct session, node)->state == state;
	return count;
}

static inline size_t session_count(void)
{
	size_t count = 0;

	list_for_each (n, &up.sessions)
		count++;
	return count;
}

static inline bool is_in_list(const struct session *s)
{
	list_for_each (n, &up.sessions)
		if (container_of(n, struct session, node) == s)
			return true;
	return false;
}

/* NULL: it has ended. */
static inline struct session *session_on(const struct fake *f)
{
	list_for_each (n, &up.sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->transport == &f->base)
			return s;
	}
	return NULL;
}

static inline struct fake *fake_on(const struct session *s)
{
	return container_of(s->transport, struct fake, base);
}

/* The oldest attempt; NULL: none. */
static inline struct fake *oldest_attempt(void)
{
	list_for_each (n, &up.sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->state == SESSION_CONNECTING)
			return fake_on(s);
	}
	return NULL;
}

static inline unsigned attempts_counted(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < up.race.count; i++)
		count += up.race.list[i].open;
	return count;
}

/* The counts are those of the list, no transport is left over, and bounds hold. */
static inline void check(void)
{
	size_t connecting = sessions_of(SESSION_CONNECTING);

	if (up.tester) {
		assert_true(is_in_list(up.tester));
		assert_int_equal(up.tester->state, SESSION_CONNECTING);
	}
	assert_int_equal(up.connecting + (up.tester != NULL), connecting);
	assert_int_equal(sessions_of(SESSION_ENDED), 0);
	assert_int_equal(fake_open_count(&net), session_count());
	assert_true(session_count() <= UPSTREAM_SESSIONS_MAX);
}

/* Where addresses were never taken away, the race knows of each attempt. */
static inline void check_race(void)
{
	check();
	assert_int_equal(attempts_counted(), sessions_of(SESSION_CONNECTING));
}

static inline void pass(uint64_t us)
{
	fake_wait(&net, us);
	check();
}

/* ------------------------------------------------------------------ clients */

static inline void want_some(size_t count)
{
	wanted = count;
	upstream_ensure(&up, true);
}

/* A client's query waits. */
static inline void want(void)
{
	want_some(1);
}

static inline void ask_on(struct session *s, unsigned i)
{
	struct flight *f = &asks[i].request.flights[0];

	assert_non_null(s);
	assert_true(session_has_room(s));
	assert_null(f->session);
	asks[i].request.sends = 0;
	*f = (struct flight){ .request = &asks[i].request };
	upstream_submit(&up, s, f);
	fake_turn(&net);
	assert_true(f->sent);
}

static inline void ask(unsigned i)
{
	ask_on(upstream_session(&up, &asks[i].request), i);
}

/* ------------------------------------------------------------------ servers */

/* Opens a session: connects, is ready. */
static inline struct fake *connect_up(void)
{
	struct fake *f;

	want();
	f = fake_at(&net, -1);
	fake_ready(f);
	wanted = 0;
	fake_turn(&net);
	check();
	return f;
}

static inline void answer(struct fake *f, long i)
{
	unsigned before = answers;

	fake_answer_nth(f, i);
	fake_turn(&net);
	check();
	assert_int_equal(answers, before + 1);
}

/* The last of asks, so that others may be under way. */
static inline void ask_and_answer(struct fake *f)
{
	ask_on(session_on(f), ASKS - 1);
	answer(f, -1);
}

static inline void lose_this(struct fake *f, enum transport_fault fault, enum transport_stage stage)
{
	fake_end(f, fault, stage);
	fake_turn(&net);
	check();
}

/* The newest. */
static inline void lose(enum transport_fault fault, enum transport_stage stage)
{
	lose_this(fake_at(&net, -1), fault, stage);
}

/* How long until another transport is opened, the others doing nothing. */
static inline uint64_t time_to_open(uint64_t limit_us)
{
	size_t opened = net.opened + net.refused;
	uint64_t from = net.clock_us;

	while (net.opened + net.refused == opened) {
		if (timerq_next_us(&net.turn.timers) > from + limit_us || !fake_next_timer(&net))
			return UINT64_MAX;
	}
	return net.clock_us - from;
}

static inline void assert_about(const char *row, uint64_t got, uint64_t want_us)
{
	if (got < want_us * 4 / 5 || got > want_us * 6 / 5)
		fail_msg("%s: %llu us, not %llu +-20 %%", row, (unsigned long long)got,
			(unsigned long long)want_us);
}

static inline void assert_to(const struct fake *f, const char *word)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_word(&f->to, text), word);
}

static inline void assert_standing(enum upstream_standing standing, const char *reason)
{
	const char *got = NULL;

	assert_int_equal(upstream_standing(&up, &got), standing);
	assert_string_equal(got, reason);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

#endif
