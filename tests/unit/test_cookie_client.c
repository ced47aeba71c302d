/* The state machine towards an upstream, step by step (the numbers are those of cookie_client.c). */
#include "common/dns/cookie_client.h"

#include "common/dns/ede.h"
#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

#define SEC UINT64_C(1000000)

static uint64_t drawn;

/* Every number is drawn once: two client cookies never are the same by chance. */
static void fill(void *arg, void *buf, size_t len)
{
	(void)arg;
	for (size_t i = 0; i + 8 <= len; i += 8) {
		drawn++;
		memcpy((uint8_t *)buf + i, &drawn, 8);
	}
}

static struct random_source random_numbers;
static struct cookie_jar jar;
static uint64_t now;
static enum cookie_news news;
static bool stream;

static int begin(void **state)
{
	(void)state;
	random_numbers = (struct random_source){ .fill = fill };
	memset(&jar, 0, sizeof jar);
	now = 5 * SEC;
	stream = false;
	return 0;
}

struct query {
	struct cookie_sent sent;
	uint8_t option[COOKIE_FULL_MAX];
	size_t len;
};

static struct query send_query(void)
{
	struct query q;

	q.len = cookie_offer(&jar, &random_numbers, now, &q.sent, q.option);
	assert_int_equal(q.len == 0, q.sent.form == SENT_NO_COOKIE);
	assert_int_equal(q.len == 8, q.sent.form == SENT_CLIENT_COOKIE);
	if (q.len)
		assert_memory_equal(q.option, q.sent.client, 8);
	return q;
}

/* What an answer may have for a cookie. */
enum kind { NONE, NO_OPT, RIGHT, RIGHT_SHORT, WRONG_CLIENT, BAD_LENGTH };

static enum cookie_verdict hear(const struct query *q, enum kind kind, uint8_t server,
	size_t server_len, unsigned rcode, bool again)
{
	static uint8_t option[64];
	struct edns e = { .present = kind != NO_OPT };
	struct cookie_answer a = { .edns = &e, .rcode = rcode, .stream = stream, .again = again };

	memcpy(option, q->sent.client, 8);
	memset(option + 8, server, sizeof option - 8);
	option[0] ^= kind == WRONG_CLIENT;
	if (kind >= RIGHT)
		e.cookie = (struct edns_option){ 10, (uint16_t)(8 + server_len), option };
	if (kind == RIGHT_SHORT)
		e.cookie.len = 8;
	if (kind == BAD_LENGTH)
		e.cookie.len = 12;
	e.cookie_bad = e.cookie.data && !cookie_len_is_legal(e.cookie.len);
	return cookie_judge(&jar, &q->sent, &a, now, &news);
}

#define GOOD(q)		  hear(q, RIGHT, 7, 16, 0, false)
#define WITHOUT(q)	  hear(q, NONE, 0, 0, 0, false)
#define BADCOOKIE(q, new) hear(q, RIGHT, new, 16, RCODE_BADCOOKIE, false)

/* A server cookie is known. */
static struct query acquainted(void)
{
	struct query q = send_query();

	assert_int_equal(GOOD(&q), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_CONFIRMED);
	return send_query();
}

static void check_known(uint8_t server, size_t len)
{
	struct query q = send_query();

	assert_int_equal(q.sent.form, SENT_BOTH_COOKIES);
	assert_int_equal(q.len, 8 + len);
	for (size_t i = 8; i < q.len; i++)
		assert_int_equal(q.option[i], server);
}

/* ------------------------------------------------------------------ the good way */

static void test_first_short_then_full(void **state)
{
	struct query first = send_query(), second = send_query(), third;

	(void)state;
	assert_int_equal(first.len, 8);
	assert_memory_equal(&first, &second, sizeof first.sent);
	assert_int_equal(hear(&first, RIGHT, 7, 16, 0, false), COOKIE_ACCEPT);
	third = send_query();
	assert_int_equal(third.len, 24);
	assert_memory_equal(third.option, first.option, 8);
	check_known(7, 16);
	/* The one that came last counts, of whatever length. */
	for (size_t len = 8; len <= 32; len++) {
		assert_int_equal(hear(&third, RIGHT, (uint8_t)len, len, 0, false), COOKIE_ACCEPT);
		check_known((uint8_t)len, len);
	}
}

/* R3: learnt from errors as well. */
static void test_learnt_from_errors(void **state)
{
	static const unsigned rcodes[] = { 1, 2, 3, 4, 5, 16 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rcodes); i++) {
		struct query q;

		begin(NULL);
		q = send_query();
		assert_int_equal(hear(&q, RIGHT, 9, 8, rcodes[i], false), COOKIE_ACCEPT);
		check_known(9, 8);
	}
}

/* The client's alone comes back: the right server, but nothing to learn. */
static void test_client_cookie_alone_is_right(void **state)
{
	struct query q = send_query();

	(void)state;
	assert_int_equal(hear(&q, RIGHT_SHORT, 0, 0, 0, false), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_CONFIRMED);
	assert_int_equal(send_query().len, 8);
}

/* ------------------------------------------------------------------ R2 */

static void test_wrong_ones_are_discarded(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 2; s++) {
		struct query q;

		begin(NULL);
		stream = s;
		q = send_query();
		assert_int_equal(hear(&q, WRONG_CLIENT, 1, 16, 0, false), COOKIE_DISCARD);
		assert_int_equal(news, COOKIE_WRONG);
		assert_int_equal(hear(&q, BAD_LENGTH, 1, 16, 0, false), COOKIE_DISCARD);
		assert_int_equal(
			hear(&q, WRONG_CLIENT, 1, 16, RCODE_BADCOOKIE, false), COOKIE_DISCARD);
		assert_int_equal(send_query().len, 8); /* nothing was learnt */
		assert_int_equal(GOOD(&q), COOKIE_ACCEPT);
	}
}

/* R1 */
static void test_not_sent_not_looked_at(void **state)
{
	struct query q = send_query();

	(void)state;
	WITHOUT(&q);
	q = send_query();
	assert_int_equal(q.len, 0);
	assert_int_equal(hear(&q, WRONG_CLIENT, 1, 16, 0, false), COOKIE_ACCEPT);
	assert_int_equal(hear(&q, RIGHT, 1, 16, RCODE_BADCOOKIE, false), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_NO_NEWS);
	assert_int_equal(send_query().len, 0);
}

/* ------------------------------------------------------------------ no support: R5 */

static void test_unsupported_rests_then_a_new_one(void **state)
{
	struct query first = send_query(), again;

	(void)state;
	assert_int_equal(WITHOUT(&first), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_UNSUPPORTED);
	assert_int_equal(WITHOUT(&first), COOKIE_ACCEPT); /* one more that was under way */
	assert_int_equal(news, COOKIE_NO_NEWS);
	now += 300 * SEC - 1;
	assert_int_equal(send_query().len, 0);
	now += 1;
	again = send_query();
	assert_int_equal(again.len, 8);
	assert_memory_not_equal(again.option, first.option, 8);
	/* Late answers to the first are judged by what it carried, and change nothing. */
	assert_int_equal(GOOD(&first), COOKIE_ACCEPT);
	assert_int_equal(WITHOUT(&first), COOKIE_ACCEPT);
	assert_int_equal(hear(&first, WRONG_CLIENT, 0, 16, 0, false), COOKIE_DISCARD);
	assert_int_equal(send_query().len, 8);
}

static void test_what_tells_of_abilities(void **state)
{
	static const struct {
		enum kind kind;
		unsigned rcode;
		enum cookie_verdict verdict;
		bool rests;
	} rows[] = {
		{ NO_OPT, 0, COOKIE_ACCEPT, true },
		{ NO_OPT, 3, COOKIE_ACCEPT, true },
		{ NO_OPT, 1, COOKIE_RETRY, true }, /* no EDNS, or not this option */
		{ NONE, 1, COOKIE_RETRY, true },
		{ NO_OPT, 2, COOKIE_ACCEPT, false }, /* whoever is in front of it */
		{ NO_OPT, 5, COOKIE_ACCEPT, false },
		{ NONE, 2, COOKIE_ACCEPT, true },
		{ NONE, RCODE_BADCOOKIE, COOKIE_RETRY, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct query q;
		char row[30];

		snprintf(row, sizeof row, "row %zu", i);
		begin(NULL);
		q = send_query();
		expect_int(
			row, hear(&q, rows[i].kind, 0, 0, rows[i].rcode, false), rows[i].verdict);
		expect_int(row, send_query().len, rows[i].rests ? 0 : 8);
	}
}

/* ------------------------------------------------------------------ missing: R4 */

static void test_missing_on_datagrams(void **state)
{
	struct query q = acquainted();

	(void)state;
	assert_int_equal(WITHOUT(&q), COOKIE_DISCARD);
	assert_int_equal(news, COOKIE_MISSING);
	assert_int_equal(hear(&q, NO_OPT, 0, 0, 2, false), COOKIE_DISCARD);
	assert_int_equal(hear(&q, NONE, 0, 0, RCODE_BADCOOKIE, false), COOKIE_DISCARD);
	check_known(7, 16);
	assert_int_equal(GOOD(&q), COOKIE_ACCEPT);
}

/* Expected too where it is known by now, though the query went with the client cookie alone. */
static void test_missing_of_a_query_before(void **state)
{
	struct query before = send_query();

	(void)state;
	acquainted();
	assert_int_equal(WITHOUT(&before), COOKIE_DISCARD);
	stream = true;
	assert_int_equal(WITHOUT(&before), COOKIE_ACCEPT);
}

/* A right one in between, or too few, or too soon: it is a forger. */
static void test_no_lapse(void **state)
{
	struct query q = acquainted();

	(void)state;
	for (unsigned i = 0; i < 100; i++) { /* 9.9 s */
		assert_int_equal(WITHOUT(&q), COOKIE_DISCARD);
		now += SEC / 10;
	}
	assert_int_equal(GOOD(&q), COOKIE_ACCEPT);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(WITHOUT(&q), COOKIE_DISCARD);
		now += 60 * SEC;
	}
	check_known(7, 16);
}

static void test_lapse(void **state)
{
	struct query q = acquainted();

	(void)state;
	WITHOUT(&q);
	WITHOUT(&q);
	now += 10 * SEC;
	assert_int_equal(WITHOUT(&q), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_LAPSED);
	assert_int_equal(send_query().len, 0);
	now += 300 * SEC;
	assert_int_equal(send_query().len, 8);
}

static void test_missing_on_streams(void **state)
{
	struct query q = acquainted();

	(void)state;
	stream = true;
	assert_int_equal(WITHOUT(&q), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_MISSING);
	assert_int_equal(WITHOUT(&q), COOKIE_ACCEPT); /* of the same kind, under way */
	q = send_query();
	assert_int_equal(q.len, 8); /* the server cookie is forgotten */
	assert_int_equal(WITHOUT(&q), COOKIE_ACCEPT);
	assert_int_equal(news, COOKIE_UNSUPPORTED);
	assert_int_equal(send_query().len, 0);
}

static void test_badcookie_without_a_cookie(void **state)
{
	struct query q = acquainted();

	(void)state;
	stream = true;
	assert_int_equal(hear(&q, NONE, 0, 0, RCODE_BADCOOKIE, false), COOKIE_RETRY);
	assert_int_equal(news, COOKIE_REFUSED);
	q = send_query();
	assert_int_equal(q.len, 0);
	assert_int_equal(hear(&q, NONE, 0, 0, RCODE_BADCOOKIE, true), COOKIE_ACCEPT);
}

/* ------------------------------------------------------------------ BADCOOKIE: R3a */

static void test_badcookie_once(void **state)
{
	struct query q = send_query();

	(void)state;
	assert_int_equal(BADCOOKIE(&q, 8), COOKIE_RETRY);
	assert_int_equal(news, COOKIE_CONFIRMED);
	check_known(8, 16);
	/* The secret of the server has changed: the same for the full form. */
	q = send_query();
	assert_int_equal(BADCOOKIE(&q, 9), COOKIE_RETRY);
	check_known(9, 16);
}

/* Many of one turn: each is refused once, none of them makes an end of cookies. */
static void test_badcookie_of_many(void **state)
{
	struct query q[10];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		q[i] = send_query();
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(BADCOOKIE(&q[i], (uint8_t)(20 + i)), COOKIE_RETRY);
	check_known(29, 16);
}

/* At most three sendings, whatever the server gives: short, full, none. */
static void test_badcookie_for_ever(void **state)
{
	static const size_t lens[] = { 8, 16, 32 };

	(void)state;
	for (unsigned s = 0; s < 2; s++) {
		for (size_t i = 0; i < COUNT_OF(lens); i++) {
			size_t sent[4];
			unsigned sends = 0;
			enum cookie_verdict v = COOKIE_RETRY;

			begin(NULL);
			stream = s;
			while (v == COOKIE_RETRY) {
				struct query q = send_query();

				assert_in_range(sends, 0, 2);
				sent[sends] = q.len;
				v = hear(&q, RIGHT, (uint8_t)(sends + i), lens[i], RCODE_BADCOOKIE,
					sends > 0);
				sends++;
			}
			assert_int_equal(v, COOKIE_ACCEPT); /* an error, of a query without */
			assert_int_equal(sends, 3);
			assert_int_equal(sent[0], 8);
			assert_int_equal(sent[1], 8 + lens[i]);
			assert_int_equal(sent[2], 0);
		}
	}
}

static void test_badcookie_with_nothing_new(void **state)
{
	struct query q = send_query();

	(void)state;
	assert_int_equal(hear(&q, RIGHT_SHORT, 0, 0, RCODE_BADCOOKIE, false), COOKIE_RETRY);
	assert_int_equal(news, COOKIE_REFUSED);
	assert_int_equal(send_query().len, 0);
}

/* ------------------------------------------------------------------ time */

static void test_a_day(void **state)
{
	struct query old = acquainted(), fresh;

	(void)state;
	now = 5 * SEC + 86400 * SEC - 1;
	check_known(7, 16);
	now++;
	fresh = send_query();
	assert_int_equal(fresh.len, 8);
	assert_memory_not_equal(fresh.option, old.option, 8);
	/* The old one's answer is right for it, and no server cookie for the new one. */
	assert_int_equal(GOOD(&old), COOKIE_ACCEPT);
	assert_int_equal(send_query().len, 8);
	assert_int_equal(hear(&old, NONE, 0, 0, 0, false), COOKIE_DISCARD);
	assert_int_equal(BADCOOKIE(&old, 3), COOKIE_RETRY);
	assert_int_equal(send_query().len, 8);
}

static void test_wiped(void **state)
{
	static const struct cookie_jar empty;
	struct query old = acquainted();

	(void)state;
	cookie_jar_wipe(&jar);
	assert_memory_equal(&jar, &empty, sizeof jar);
	assert_int_equal(GOOD(&old), COOKIE_ACCEPT);
	assert_memory_equal(&jar, &empty, sizeof jar);
	assert_memory_not_equal(send_query().option, old.option, 8);
}

/* ------------------------------------------------------------------ anything */

static unsigned dice(unsigned sides)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x >> 33) % sides;
}

/* 200,000 events: no loop, no forgotten rest, nothing sent that was not given. */
static void test_random(void **state)
{
	static struct {
		struct query q;
		unsigned sends;
	} out[8];

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		out[i].q = send_query();
	for (unsigned i = 0; i < 200000; i++) {
		unsigned k = dice(8);
		struct query *q = &out[k].q;
		enum kind kind = (enum kind)dice(6);
		unsigned rcode = dice(3) ? 0 : dice(2) ? RCODE_BADCOOKIE : dice(6);
		enum cookie_verdict v;

		stream = dice(2);
		now += dice(100) ? dice(1000) : dice(400) * SEC;
		v = hear(q, kind, (uint8_t)dice(256), 8 + dice(25), rcode, out[k].sends > 0);
		if (q->sent.form == SENT_NO_COOKIE)
			assert_int_equal(v, COOKIE_ACCEPT);
		else if (kind >= WRONG_CLIENT)
			assert_int_equal(v, COOKIE_DISCARD);
		else if (kind >= RIGHT)
			assert_int_equal(
				v, rcode == RCODE_BADCOOKIE ? COOKIE_RETRY : COOKIE_ACCEPT);
		assert_true(
			v != COOKIE_RETRY || rcode == RCODE_BADCOOKIE || rcode == RCODE_FORMERR);
		out[k].sends = v == COOKIE_RETRY ? out[k].sends + 1 : 0;
		if (v != COOKIE_DISCARD)
			*q = send_query();
		assert_true(jar.server_len <= COOKIE_SERVER_MAX);
		assert_int_equal(jar.server_len > 0, jar.phase == JAR_KNOWN);
		if (jar.phase == JAR_RESTING)
			assert_true(jar.rest_until_us <= now + COOKIE_REST_US);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_short_then_full, begin),
		cmocka_unit_test_setup(test_learnt_from_errors, begin),
		cmocka_unit_test_setup(test_client_cookie_alone_is_right, begin),
		cmocka_unit_test_setup(test_wrong_ones_are_discarded, begin),
		cmocka_unit_test_setup(test_not_sent_not_looked_at, begin),
		cmocka_unit_test_setup(test_unsupported_rests_then_a_new_one, begin),
		cmocka_unit_test_setup(test_what_tells_of_abilities, begin),
		cmocka_unit_test_setup(test_missing_on_datagrams, begin),
		cmocka_unit_test_setup(test_missing_of_a_query_before, begin),
		cmocka_unit_test_setup(test_no_lapse, begin),
		cmocka_unit_test_setup(test_lapse, begin),
		cmocka_unit_test_setup(test_missing_on_streams, begin),
		cmocka_unit_test_setup(test_badcookie_without_a_cookie, begin),
		cmocka_unit_test_setup(test_badcookie_once, begin),
		cmocka_unit_test_setup(test_badcookie_of_many, begin),
		cmocka_unit_test_setup(test_badcookie_for_ever, begin),
		cmocka_unit_test_setup(test_badcookie_with_nothing_new, begin),
		cmocka_unit_test_setup(test_a_day, begin),
		cmocka_unit_test_setup(test_wiped, begin),
		cmocka_unit_test_setup(test_random, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
