#include "tests/unit/lookup_case.h"

static void assert_sent(struct fake *f, const char *row, const char *hex)
{
	const struct fake_message *m = fake_sent(f, -1);

	assert_hex(row, m->bytes + 2, m->len - 2, hex);
}

/* ------------------------------------------------------------------ what goes upstream */

#define QUESTION "026e31 076578616d706c65 03636f6d 00 0001 0001"
#define HEAD	 "0001 0000 0000 0001" QUESTION

/* Padding to 128 behind client-subnet opt-out and empty keepalive is what fake_setup asks for. */
static const struct {
	const char *name, *query, *sent; /* sent: behind the id */
} forms[] = {
	{ "plain", "4242 0100 0001 0000 0000 0000" QUESTION,
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "letters", "4242 0100 0001 0000 0000 0000 024e31 074558616d506c45 03434f6d 00 0001 0001",
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "AA, TC, RA and Z stay behind", "4242 07c0 0001 0000 0000 0000" QUESTION,
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "CD", "4242 0110 0001 0000 0000 0000" QUESTION,
		"0110" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "AD", "4242 0120 0001 0000 0000 0000" QUESTION,
		"0120" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "DO", "4242 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 00008000 0000",
		"0100" HEAD
		"00 0029 1000 00008000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "NSID, client-subnet, cookie, keepalive, padding, unknown stay behind",
		"4242 0100 0001 0000 0000 0001" QUESTION
		"00 0029 0200 00000000 0029 0003 0000 0008 0007 00011800 c00002"
		"000a 0008 0102030405060708 000b 0000 000c 0002 0000 ffff 0000",
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "records stay behind",
		"4242 0100 0001 0001 0000 0000" QUESTION "c00c 0001 0001 00000000 0004 01020304",
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
	{ "DAU, DHU, N3U and key-tag are copied",
		"4242 0100 0001 0000 0000 0001" QUESTION
		"00 0029 0200 00008000 0022 0005 0003 080d0e 0003 0000"
		"0006 0002 0102 0007 0001 01 000e 0004 4f664a5c fff0 0000",
		"0100" HEAD "00 0029 1000 00008000 0055 0005 0003 080d0e 0006 0002 0102 0007 0001 "
		"01 000e 0004 4f664a5c"
		"0008 0004 00010000 000b 0000 000c 002b 00*43" },
	{ "DHU alone",
		"4242 0100 0001 0000 0000 0001" QUESTION
		"00 0029 0200 00000000 0006 0006 0002 0102",
		"0100" HEAD "00 0029 1000 00000000 0055 0006 0002 0102 0008 0004 00010000 000b "
		"0000 000c 003f 00*63" },
	{ "an empty DAU is none",
		"4242 0100 0001 0000 0000 0001" QUESTION "00 0029 0200 00000000 0004 0005 0000",
		"0100" HEAD
		"00 0029 1000 00000000 0055 0008 0004 00010000 000b 0000 000c 0045 00*69" },
};

static void test_forms(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		unsigned before = waiters[0].answered;

		expect_int(forms[i].name, start_hex(0, forms[i].query), 0);
		turn();
		assert_sent(f, forms[i].name, forms[i].sent);
		fake_answer_nth(f, -1);
		turn();
		expect_int(forms[i].name, waiters[0].answered, before + 1);
	}
}

#define TSIG "00 00fa 00ff 00000000 0013 00 000000000001 012c 0002 abcd 4242 0000 0000"
#define SIG0 "00 0018 00ff 00000000 0014 0000 0d 00 00000000 00000002 00000001 1234 00 aa"

/* Whole, with the client's letters, options and all: only the id is another. */
static const struct {
	const char *name, *behind_id;
} signed_queries[] = {
	{ "TSIG", "0100 0001 0000 0000 0001 024E31 076578616d706c65 03434f4d 00 0001 0001" TSIG },
	{ "TSIG and an OPT with a cookie and DAU",
		"0130 0001 0000 0000 0002" QUESTION
		"00 0029 0200 00008000 0013 000a 0008 0102030405060708 0005 0003 080d0e" TSIG },
	{ "SIG(0)", "0100 0001 0000 0000 0001" QUESTION SIG0 },
};

static void test_signed_messages(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(signed_queries); i++) {
		const char *row = signed_queries[i].name;
		uint8_t bytes[300] = { 0x42, 0x42 };
		size_t len =
			2 + hex_bytes(signed_queries[i].behind_id, bytes + 2, sizeof bytes - 2);

		expect_int(row, start_bytes(0, bytes, len), 0);
		turn();
		assert_sent(f, row, signed_queries[i].behind_id);
		expect(row, wire_get16(fake_sent(f, -1)->bytes) != 0x4242);
		fake_answer_nth(f, -1);
		turn();
		expect_int(row, waiters[0].answered, i + 1);
	}
}

/* What a query asked for is no part of the next one, which gets the same storage. */
static void test_nothing_is_left_from_the_last(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start_hex(0, forms[8].query);
	turn();
	fake_answer_nth(f, -1);
	turn();
	start_hex(0, "4242 0100 0001 0000 0000 0001" QUESTION TSIG);
	turn();
	fake_answer_nth(f, -1);
	turn();
	start_hex(0, forms[0].query);
	turn();
	assert_sent(f, "plain again", forms[0].sent);
}

static void test_id_is_not_the_clients(void **state)
{
	struct fake *f = connect_up();
	unsigned equal = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		start(0);
		turn();
		equal += wire_get16(fake_sent(f, -1)->bytes) == 100;
		fake_answer_nth(f, -1);
		turn();
	}
	assert_true(equal <= 1);
	assert_int_equal(waiters[0].answered, 200);
}

/* ------------------------------------------------------------------ waiters */

static void test_done_once(void **state)
{
	struct fake *f;

	(void)state;
	assert_int_equal(start(0), 0);
	assert_int_equal(lookups.slab.used, 1);
	f = fake_at(&net, -1);
	fake_ready(f);
	turn();
	fake_answer_nth(f, 0);
	assert_int_equal(waiters[0].done, 0); /* from the deferred phase */
	turn();
	assert_int_equal(waiters[0].answered, 1);
	assert_int_equal(lookups.slab.used, 0);
	fake_answer_nth(f, 0);
	turn();
	fake_end(f, FAULT_RESET, STAGE_DNS);
	turn();
	assert_int_equal(waiters[0].done, 1);
}

static void test_each_gets_its_own(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		start(i);
	turn();
	for (long i = 3; i > 0; i--)
		fake_answer_nth(f, i);
	turn();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(waiters[i].answered, 1);
		assert_int_equal(waiters[i].id, wire_get16(fake_sent(f, 1 + i)->bytes));
	}
}

static void test_failure(void **state)
{
	(void)state;
	start(0);
	for (unsigned i = 0; i < 3; i++) {
		fake_ready(await_attempt());
		turn();
		assert_int_equal(waiters[0].done, 0);
		fake_end(fake_at(&net, -1), FAULT_RESET, STAGE_DNS);
		turn();
	}
	assert_int_equal(waiters[0].done, 1);
	assert_int_equal(waiters[0].answered, 0);
	assert_int_equal(waiters[0].code, EDE_NETWORK_ERROR);
	assert_string_equal(
		waiters[0].text, LABEL ": asked 3 times, lost each time: the test says so");
	assert_int_equal(lookups.slab.used, 0);
}

static void start_the_next(struct waiter *w)
{
	if (w->done < 4)
		assert_int_equal(start((unsigned)(w - waiters)), 0);
}

static void test_start_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	then = start_the_next;
	start(0);
	for (unsigned i = 0; i < 4; i++) {
		turn();
		fake_answer_nth(f, -1);
		turn();
		assert_int_equal(waiters[0].answered, i + 1);
	}
	assert_int_equal(lookups.slab.used, 0);
}

static void leave_the_other(struct waiter *w)
{
	lookup_leave(&lookups, &waiters[w == waiters].waiter, NULL);
}

static void test_leave_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start(0);
	start(1);
	turn();
	then = leave_the_other;
	fake_answer_nth(f, 1);
	fake_answer_nth(f, 2);
	turn();
	assert_int_equal(waiters[0].done, 1);
	assert_int_equal(waiters[1].done, 0);
	assert_int_equal(lookups.slab.used, 0);
}

/* ------------------------------------------------------------------ leaving */

/* Leaves, and is never called. */
static void leave(unsigned i, enum ede_code code, const char *text)
{
	struct ede why = { EDE_NONE, NULL };

	lookup_leave(&lookups, &waiters[i].waiter, &why);
	assert_int_equal(why.code, code);
	assert_string_equal(why.text, text);
	assert_null(waiters[i].waiter.lookup);
	assert_false(list_linked(&waiters[i].waiter.node));
	why.code = EDE_OTHER;
	lookup_leave(&lookups, &waiters[i].waiter, &why); /* not waiting: nothing */
	assert_int_equal(why.code, EDE_OTHER);
}

static void assert_left(unsigned i)
{
	turn();
	turning = true;
	fake_wait(&net, SEC);
	turning = false;
	assert_int_equal(waiters[i].done, 0);
	assert_int_equal(lookups.slab.used, 0);
}

static void test_leave_while_connecting(void **state)
{
	(void)state;
	start(0);
	leave(0, EDE_NOT_READY, LABEL ": still connecting");
	fake_ready(fake_at(&net, -1));
	assert_left(0);
	assert_int_equal(fake_at(&net, -1)->sent_count, 0);
}

static void test_leave_while_down(void **state)
{
	(void)state;
	start(0);
	fake_end(fake_at(&net, -1), FAULT_RESET, STAGE_TCP);
	leave(0, EDE_NO_REACHABLE_AUTHORITY, LABEL ": TCP: the test says so");
	assert_left(0);
}

static void test_leave_while_full(void **state)
{
	(void)state;
	connect_up();
	for (unsigned i = 0; i < 4; i++)
		start(i);
	leave(3, EDE_NETWORK_ERROR, LABEL ": too many queries in flight");
	for (unsigned i = 0; i < 3; i++)
		leave(i, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_left(3);
}

static void test_leave_while_queued(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start(0);
	leave(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_left(0);
	assert_int_equal(f->sent_count, 1);
}

static void test_leave_while_sent(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start(0);
	turn();
	leave(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	fake_answer_nth(f, -1);
	assert_left(0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_leave_while_returned(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start(0);
	turn();
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(lookups.slab.used, 1);
	leave(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_left(0);
	assert_int_equal(pool.waiting_count, 0);
}

static void test_leave_while_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	start(0);
	turn();
	fake_answer_nth(f, -1);
	leave(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_left(0);
}

static void test_leave_without_reason(void **state)
{
	(void)state;
	start(0);
	lookup_leave(&lookups, &waiters[0].waiter, NULL);
	assert_left(0);
}

/* With bytes kept of the client's message. */
static void test_leave_signed(void **state)
{
	(void)state;
	start_hex(0, "4242 0100 0001 0000 0000 0001" QUESTION TSIG);
	start_hex(1, forms[8].query);
	leave(0, EDE_NOT_READY, LABEL ": still connecting");
	leave(1, EDE_NOT_READY, LABEL ": still connecting");
	assert_left(0);
	assert_left(1);
}

/* ------------------------------------------------------------------ the bound */

static void test_bound(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MAX; i++)
		assert_int_equal(start(i), 0);
	assert_int_equal(start(MAX), -ENOBUFS);
	assert_null(waiters[MAX].waiter.lookup);
	assert_int_equal(lookups.slab.used, MAX);
	assert_int_equal(pool.waiting_count, MAX);
	leave(2, EDE_NOT_READY, LABEL ": still connecting");
	assert_int_equal(start(MAX), 0);
	assert_int_equal(start(2), -ENOBUFS);
	fake_ready(fake_at(&net, -1));
	turn();
	fake_answer_nth(fake_at(&net, -1), 0);
	turn();
	assert_int_equal(waiters[0].answered, 1);
	assert_int_equal(start(2), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_forms),
		TEST(test_signed_messages),
		TEST(test_nothing_is_left_from_the_last),
		TEST(test_id_is_not_the_clients),
		TEST(test_done_once),
		TEST(test_each_gets_its_own),
		TEST(test_failure),
		TEST(test_start_inside_done),
		TEST(test_leave_inside_done),
		TEST(test_leave_while_connecting),
		TEST(test_leave_while_down),
		TEST(test_leave_while_full),
		TEST(test_leave_while_queued),
		TEST(test_leave_while_sent),
		TEST(test_leave_while_returned),
		TEST(test_leave_while_done),
		TEST(test_leave_without_reason),
		TEST(test_leave_signed),
		TEST(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
