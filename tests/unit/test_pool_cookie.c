/* BADCOOKIE (RFC 7873 5.3, threats A50): asked again, never for ever, and the next upstream where there is one. */
#include "tests/unit/pool_case.h"

#include "common/dns/edns.h"

static int begin_one(void **state)
{
	(void)state;
	init(5, 1, POLICY_FAILOVER, 1, 3);
	ups[0].session.cookies = true;
	return 0;
}

static int begin_two(void **state)
{
	(void)state;
	init(5, 2, POLICY_FAILOVER, 1, 3);
	ups[0].session.cookies = ups[1].session.cookies = true;
	return 0;
}

static size_t cookie_of(const struct fake_message *query, uint8_t client[8])
{
	struct dns_message m;
	struct edns e;

	assert_int_equal(message_parse(query->bytes, query->len, &m), MESSAGE_OK);
	edns_parse(&m, false, &e);
	if (e.cookie.len)
		memcpy(client, e.cookie.data, 8);
	return e.cookie.len;
}

/* With another server cookie each time; returns the length of the query's. */
static size_t badcookie(unsigned i, struct fake *f)
{
	static uint8_t number;
	struct fake_message *query = fake_sent(f, message_of(i, f));
	const uint8_t *name = query->bytes + DNS_HEADER_LEN;
	uint8_t out[FAKE_ANSWER_MAX], client[8] = { 0 };
	struct wire_writer w = wire_writer(out, sizeof out);
	size_t len = cookie_of(query, client);

	put_header(&w, wire_get16(query->bytes), 0x8187, 1);
	wire_write(&w, name, name_len(name) + 4);
	put_hex(&w, "00 0029 0200 01000000 0014 000a 0010");
	count_record(&w, DNS_ADDITIONAL);
	wire_write(&w, client, 8);
	number++;
	for (unsigned k = 0; k < 8; k++)
		wire_write8(&w, number);
	fake_deliver(f, out, w.pos);
	turn();
	return len;
}

static void answer_with_cookie(unsigned i, struct fake *f)
{
	struct fake_message *query = fake_sent(f, message_of(i, f));
	uint8_t out[FAKE_ANSWER_MAX], c[8];
	char options[80];

	cookie_of(query, c);
	snprintf(options, sizeof options, "000a 0010 %02x%02x%02x%02x%02x%02x%02x%02x 55*8", c[0],
		c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
	fake_deliver(f, out, fake_answer(query, options, out));
	turn();
}

/* The transport that it was sent on: there may be a newer one, opened ahead. */
static struct fake *carrier(unsigned i)
{
	for (size_t k = net.count; k-- > 0;)
		if (flight_on(i, net.fakes[k]))
			return net.fakes[k];
	fail_msg("request %u is nowhere", i);
	return NULL;
}

static void begin_session(unsigned i, size_t upstream)
{
	submit(i);
	turn();
	fake_ready(to(upstream));
	turn();
}

static void test_once(void **state)
{
	struct fake *a;

	(void)state;
	begin_session(0, 0);
	a = to(0);
	assert_int_equal(badcookie(0, a), 8);
	assert_int_equal(a->sent_count, 2); /* at once, in the same session */
	answer_with_cookie(0, a);
	assert_got(0, RCODE_NOERROR, 0);
	send_one(1);
	answer_with_cookie(1, a);
	assert_got(1, RCODE_NOERROR, 0);
	assert_int_equal(a->sent_count, 3);
	assert_int_equal(net.stats.upstream_badcookie, 1);
}

/* A50: exactly three, the last one without; then the error; later ones go without at once. */
static void test_for_ever(void **state)
{
	struct fake *a;

	(void)state;
	begin_session(0, 0);
	a = to(0);
	assert_int_equal(badcookie(0, a), 8);
	assert_int_equal(badcookie(0, a), 16);
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(badcookie(0, a), 0);
	/* As an answer: rewrite_answer makes SERVFAIL of every RCODE above 15. */
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(a->sent_count, 3);
	pass(10 * SEC);
	assert_int_equal(a->sent_count, 3);
	assert_ptr_equal(to(0), a);
	send_one(1);
	assert_int_equal(badcookie(1, a), 0);
	assert_int_equal(fates[1].done, 1);
	assert_int_equal(a->sent_count, 4);
}

/* Lost with its session after each refusal: the sends run out, and the reason is told. */
static void test_for_ever_on_new_sessions(void **state)
{
	(void)state;
	begin_session(0, 0);
	for (unsigned k = 0; k < 3; k++) {
		struct fake *a = carrier(0);

		assert_int_equal(asks[0].request.sends, k + 1);
		ups[0].session.max_inflight =
			0; /* what comes back has to wait for another session */
		assert_int_equal(badcookie(0, a), 8);
		if (k == 2)
			break;
		assert_int_equal(stands(0), WAITING);
		fake_end(a, FAULT_RESET, STAGE_DNS);
		ups[0].session.max_inflight = 3;
		turn();
		if (!to(0))
			await_attempt();
		fake_ready(to(0));
		turn();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_OTHER);
	assert_string_equal(fates[0].text, A_LABEL ": it answers BADCOOKIE");
}

/* The other upstream knows: A's trouble with cookies is its own. */
static void test_moves_on(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	/* Both are past their first answer, which had no cookie: a rest of five minutes. */
	send_one(0);
	assert_int_equal(badcookie(0, a), 0);
	assert_int_equal(fates[0].done, 0);
	answer(0, b);
	turn();
	assert_got(0, RCODE_NOERROR, 1);
}

/* The third sending is another upstream's, where there is one; what A said is given where B says no better. */
static void test_refused_twice_moves_on(void **state)
{
	for (unsigned good = 0; good < 2; good++) {
		struct fake *a;

		deinit();
		begin_two(state);
		begin_session(0, 0);
		a = to(0);
		assert_int_equal(badcookie(0, a), 8);
		assert_int_equal(badcookie(0, a), 16);
		assert_int_equal(a->sent_count, 2);
		assert_int_equal(stands(0), WAITING); /* for B's session */
		fake_ready(to(1));
		turn();
		if (good) {
			answer_with_cookie(0, to(1));
			assert_got(0, RCODE_NOERROR, 1);
		} else {
			answer_with(0, to(1), RCODE_REFUSED);
			turn();
			assert_got(0, 7, 0); /* with the OPT it is 23 */
		}
		assert_int_equal(a->sent_count, 2);
	}
}

/* One refusal of each is no refusal twice. */
static void test_counted_for_each_upstream(void **state)
{
	struct fake *a, *b;

	(void)state;
	begin_session(0, 0);
	a = to(0);
	assert_int_equal(badcookie(0, a), 8);
	assert_int_equal(asks[0].request.bad_cookies, 1);
	fake_end(a, FAULT_RESET, STAGE_DNS);
	turn();
	for (unsigned n = 0; n < 200 && !to(1); n++) {
		if (to(0))
			fake_end(to(0), FAULT_RESET, STAGE_TCP);
		pass(10 * MS);
	}
	b = to(1);
	assert_non_null(b);
	fake_ready(b);
	turn();
	assert_int_equal(badcookie(0, b), 8);
	assert_int_equal(asks[0].request.bad_cookies, 1);
	assert_int_equal(((struct session *)b->handler_arg)->jar->phase, JAR_KNOWN);
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, begin_one, end)
#define TWO(f) cmocka_unit_test_setup_teardown(f, begin_two, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_once),
		ONE(test_for_ever),
		ONE(test_for_ever_on_new_sessions),
		TWO(test_moves_on),
		TWO(test_refused_twice_moves_on),
		TWO(test_counted_for_each_upstream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
