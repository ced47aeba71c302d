/* Cookies on a session: what its queries carry, whose jar it is, what becomes of answers. */
#include "tests/unit/session_case.h"

#include "common/dns/cookie_store.h"
#include "tests/unit/build.h"
#include "tests/unit/log_catch.h"

#define SERVER_COOKIE "0100000011223344aabbccddeeff0011"

static struct cookie_store store;
static uint64_t boottime_us;

static uint64_t boottime(void *arg)
{
	assert_ptr_equal(arg, &boottime_us);
	return boottime_us;
}

static int begin_cookies(void **state)
{
	begin(state);
	session_abort(session);
	fake_turn(&net);
	catch_log();
	boottime_us = 1000 * SEC;
	cookie_store_init(&store, boottime, &boottime_us);
	setup.cookies = true;
	setup.label = "home";
	open_session();
	return 0;
}

static int end_cookies(void **state)
{
	end(state);
	cookie_store_deinit(&store);
	let_log_go();
	return 0;
}

static int begin_ready_cookies(void **state)
{
	begin_cookies(state);
	get_ready();
	return 0;
}

static int begin_datagrams(void **state)
{
	begin_cookies(state);
	fake->base.info.stream = false;
	get_ready();
	return 0;
}

/* The COOKIE of the i-th message sent, the only one; len 0: none. */
static struct edns_option cookie_in(struct fake *f, long i)
{
	struct fake_message *sent = fake_sent(f, i);
	struct edns_option o, found = { 0 };
	struct dns_message m;
	size_t pos = 0;

	assert_int_equal(message_parse(sent->bytes, sent->len, &m), MESSAGE_OK);
	while (edns_next_option(&m, &pos, &o)) {
		if (o.code != EDNS_COOKIE)
			continue;
		assert_int_equal(found.len, 0);
		found = o;
	}
	assert_int_equal(o.code, EDNS_PADDING); /* is the last one */
	assert_int_equal(sent->len % 128, 0);
	return found;
}

static void assert_carries(long i, size_t len)
{
	assert_int_equal(cookie_in(fake, i).len, len);
}

static const char *hex_of(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	return out;
}

/* COOKIE with the client cookie of the i-th message and this server cookie. */
static const char *reply_cookie(struct fake *f, long i, const char *server)
{
	static char text[200];
	char client[20];

	snprintf(text, sizeof text, "000a %04zx %s %s", 8 + strlen(server) / 2,
		hex_of(cookie_in(f, i).data, 8, client), server);
	return text;
}

static void answer_rightly(long i)
{
	answer_with(i, reply_cookie(fake, i, SERVER_COOKIE));
}

/* BADCOOKIE with a server cookie. */
static void answer_badcookie(long i, const char *server)
{
	const struct fake_message *query = fake_sent(fake, i);
	const uint8_t *name = query->bytes + DNS_HEADER_LEN;
	uint8_t out[FAKE_ANSWER_MAX];
	struct wire_writer w = wire_writer(out, sizeof out);

	put_header(&w, wire_get16(query->bytes), 0x8187, 1);
	wire_write(&w, name, name_len(name) + 4);
	put_hex(&w, "00 0029 0200 01000000 001c");
	count_record(&w, DNS_ADDITIONAL);
	put_hex(&w, reply_cookie(fake, i, server));
	fake_deliver(fake, out, w.pos);
}

static void test_off(void **state)
{
	(void)state;
	setup.cookies = false;
	start_again();
	send_one(0);
	assert_carries(0, 0);
	answer_with(0, "000a 0008 1122334455667788"); /* unasked: not looked at */
	assert_told("answered", "+");
	assert_int_equal(net.stats.upstream_cookies, 0);
	send_one(1);
	assert_carries(1, 0);
}

static void test_learns(void **state)
{
	char hex[100];

	(void)state;
	send_one(0);
	send_one(1);
	assert_carries(0, 8);
	assert_memory_equal(cookie_in(fake, 0).data, cookie_in(fake, 1).data, 8);
	answer_rightly(0);
	assert_told("answered", "+");
	send_one(2);
	assert_carries(2, 24);
	assert_memory_equal(cookie_in(fake, 2).data, cookie_in(fake, 0).data, 8);
	assert_string_equal(hex_of(cookie_in(fake, 2).data + 8, 16, hex), SERVER_COOKIE);
	answer_rightly(1);
	answer_rightly(2);
	assert_told("answered", "++");
	assert_int_equal(net.stats.upstream_cookies, 3);
	assert_int_equal(net.stats.upstream_cookies_right, 3);
	assert_int_equal(net.stats.upstream_cookies_discarded, 0);
	assert_logged("");
}

/* Nothing is left of it, and the next one has its own (design 4: it must not link the two). */
static void test_forgotten_at_the_end(void **state)
{
	static const struct cookie_jar empty;
	uint8_t first[8];

	(void)state;
	send_one(0);
	memcpy(first, cookie_in(fake, 0).data, 8);
	answer_rightly(0);
	assert_told("answered", "+");
	open_other();
	send_other(1);
	assert_int_equal(cookie_in(other_fake, 0).len, 8);
	assert_memory_not_equal(cookie_in(other_fake, 0).data, first, 8);
	assert_memory_not_equal(&session->own_jar, &empty, sizeof empty);
	session_abort(session); /* freed at the end of the turn */
	assert_memory_equal(&session->own_jar, &empty, sizeof empty);
	session_abort(other);
	fake_turn(&net);
	other = NULL;
	start_again();
	send_one(0);
	assert_carries(0, 8);
	assert_memory_not_equal(cookie_in(fake, 0).data, first, 8);
}

static void test_signed_passes_as_it_is(void **state)
{
	static const uint8_t message[] = "\0\0\1\0\0\1\0\0\0\0\0\0\2n0\0\0\1\0";

	(void)state;
	asks[0].request.query.signed_message = message;
	asks[0].request.query.signed_len = sizeof message;
	send_one(0);
	assert_int_equal(fake_sent(fake, 0)->len, sizeof message);
	assert_int_equal(net.stats.upstream_cookies, 0);
	assert_int_equal(session->jar->phase, JAR_EMPTY);
}

static void test_unsupported(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	answer_with(0, "");
	answer_with(1, "");
	assert_told("answered", "++");
	send_one(2);
	assert_carries(2, 0);
	answer_with(2, "");
	told[0] = '\0';
	assert_int_equal(net.stats.upstream_cookies, 2);
	fake_wait(&net, COOKIE_REST_US);
	assert_told("it had nothing to do", "");
	send_one(3);
	assert_carries(3, 8);
	assert_memory_not_equal(cookie_in(fake, 3).data, cookie_in(fake, 0).data, 8);
}

/* ------------------------------------------------------------------ BADCOOKIE */

static void test_badcookie_returns_the_query(void **state)
{
	(void)state;
	send_one(0);
	answer_badcookie(0, SERVER_COOKIE);
	assert_told("back to the owner", "-");
	assert_int_equal(asks[0].request.sends, 1); /* it counts */
	assert_false(flight(0)->spent);
	assert_int_equal(session->answers, 1);
	assert_int_equal(session->ids.abandoned, 0);
	send_one(0);
	assert_carries(1, 24);
	answer_badcookie(1, "02000000111111112222222233333333");
	assert_told("once more", "-");
	send_one(0);
	assert_carries(2, 0);
	assert_int_equal(net.stats.upstream_badcookie, 2);
	read_log();
	assert_int_equal(count_in_log("refuses its own"), 1);
	answer_with(2, "");
	assert_told("answered", "+");
}

/* ------------------------------------------------------------------ wrong ones */

static const char *const wrong[] = {
	"000a 0018 ffffffffffffffff 0100000011223344aabbccddeeff0011",
	"000a 0008 ffffffffffffffff",
	"000a 0000",
	"000a 0007 11223344556677",
	"000a 000f 11*15",
	"000a 0029 11*41",
};

/* The first one counts: a right one behind it saves nothing. */
static void check_wrong_on_stream(const char *first, bool and_right)
{
	char options[300];

	start_again();
	send_one(0);
	snprintf(options, sizeof options, "%s %s", first,
		and_right ? reply_cookie(fake, 0, SERVER_COOKIE) : "");
	answer_with(0, options);
	assert_told(first, "-"); /* at once: nothing better will come */
	expect(first, flight(0)->spent);
	expect_int(first, asks[0].request.bad_answers, 1);
	expect_int(first, net.stats.upstream_cookies_discarded, 1);
	read_log();
	expect_int(first, count_in_log("wrong or malformed"), 1);
	send_one(0);
	assert_carries(1, 8); /* nothing was learnt */
	answer_rightly(1);
	assert_told(first, "+");
}

static void test_wrong_on_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		check_wrong_on_stream(wrong[i], false);
		check_wrong_on_stream(wrong[i], true);
	}
}

/* It may be a forgery: the right one is still to come. */
static void test_wrong_on_datagrams(void **state)
{
	(void)state;
	send_one(0);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		answer_with(0, wrong[i]);
	assert_told("nothing", "");
	assert_true(is_out(flight(0)));
	assert_int_equal(net.stats.upstream_cookies_discarded, COUNT_OF(wrong));
	assert_int_equal(net.stats.upstream_answers, 0);
	read_log();
	assert_int_equal(count_in_log("upstream home: "), 1); /* it may do so for ever */
	answer_rightly(0);
	assert_told("the right one", "+");
	assert_int_equal(answered[0], 1);
}

static void test_missing_on_datagrams(void **state)
{
	(void)state;
	send_one(0);
	answer_rightly(0);
	assert_told("answered", "+");
	send_one(1);
	answer_with(-1, "");
	answer_with(-1, FAKE_NO_OPT);
	assert_told("nothing", "");
	assert_int_equal(net.stats.upstream_cookies_missing, 2);
	assert_int_equal(net.stats.upstream_cookies_discarded, 2);
	read_log();
	assert_int_equal(count_in_log("it may be a forgery"), 1);
	answer_rightly(1);
	assert_told("the right one", "+");
}

static void test_missing_on_stream(void **state)
{
	(void)state;
	send_one(0);
	answer_rightly(0);
	assert_told("answered", "+");
	send_one(1);
	send_one(2);
	answer_with(1, "");
	answer_with(2, "");
	assert_told("taken all the same", "++");
	assert_int_equal(net.stats.upstream_cookies_missing, 2);
	assert_int_equal(net.stats.upstream_cookies_discarded, 0);
	read_log();
	assert_int_equal(count_in_log(": taken, as nobody"), 1);
	send_one(3);
	assert_carries(3, 8); /* its cookie is forgotten */
}

/* ------------------------------------------------------------------ plain sockets: the store */

static void open_plain(const char *local)
{
	if (!fake->freed)
		session_abort(session);
	fake_turn(&net);
	told[0] = '\0';
	init_asks(16);
	setup.cookie_store = &store;
	open_session();
	if (*local)
		assert_true(addr_parse(local, strlen(local), 0, true, &fake->base.info.local));
	get_ready();
}

static void test_store_outlives_the_session(void **state)
{
	uint8_t client[8];

	(void)state;
	open_plain("192.0.2.9:1000");
	send_one(0);
	memcpy(client, cookie_in(fake, 0).data, 8);
	answer_rightly(0);
	open_plain("192.0.2.9:2000");
	send_one(0);
	assert_carries(0, 24);
	assert_memory_equal(cookie_in(fake, 0).data, client, 8);
	open_plain("192.0.2.8:1000"); /* another address of ours: RFC 9018 3 */
	send_one(0);
	assert_carries(0, 8);
	assert_memory_not_equal(cookie_in(fake, 0).data, client, 8);
	assert_int_equal(store.count, 2);
}

/* A day asleep is a day, whatever the clock of the turn says. */
static void test_store_ages_while_asleep(void **state)
{
	uint8_t client[8];

	(void)state;
	open_plain("192.0.2.9:1000");
	send_one(0);
	memcpy(client, cookie_in(fake, 0).data, 8);
	answer_rightly(0);
	boottime_us += COOKIE_LIFE_US - 1;
	send_one(1);
	assert_carries(1, 24);
	boottime_us += 1;
	send_one(2);
	assert_carries(2, 8);
	assert_memory_not_equal(cookie_in(fake, 2).data, client, 8);
	told[0] = '\0';
}

static void test_new_epoch_under_a_session(void **state)
{
	uint8_t client[8];

	(void)state;
	open_plain("192.0.2.9:1000");
	send_one(0);
	answer_rightly(0);
	memcpy(client, cookie_in(fake, 0).data, 8);
	send_one(1);
	cookie_store_new_epoch(&store);
	send_one(2);
	assert_carries(2, 8);
	assert_memory_not_equal(cookie_in(fake, 2).data, client, 8);
	told[0] = '\0';
	answer_rightly(1); /* asked before: right by what it carried */
	assert_told("answered", "+");
	answer_rightly(2);
	assert_told("answered", "+");
}

/* No address told, or no room in the store: a jar of its own. */
static void test_without_store(void **state)
{
	struct cookie_jar *lent[COOKIE_STORE_MAX];

	(void)state;
	open_plain("");
	assert_ptr_equal(session->jar, &session->own_jar);
	assert_int_equal(net.stats.bound_cookies, 0);
	for (unsigned i = 0; i < COOKIE_STORE_MAX; i++) {
		struct addr a = { .in4 = { .sin_family = AF_INET, .sin_port = (in_port_t)i } };

		lent[i] = cookie_store_take(&store, &a, &a);
	}
	open_plain("192.0.2.9:1000");
	assert_ptr_equal(session->jar, &session->own_jar);
	assert_int_equal(net.stats.bound_cookies, 1);
	send_one(0);
	assert_carries(0, 8);
	for (unsigned i = 0; i < COOKIE_STORE_MAX; i++)
		cookie_store_give_back(&store, lent[i]);
}

#define COOKIE_TEST(f)	 cmocka_unit_test_setup_teardown(f, begin_ready_cookies, end_cookies)
#define DATAGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, begin_datagrams, end_cookies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COOKIE_TEST(test_off),
		COOKIE_TEST(test_learns),
		COOKIE_TEST(test_forgotten_at_the_end),
		COOKIE_TEST(test_signed_passes_as_it_is),
		COOKIE_TEST(test_unsupported),
		COOKIE_TEST(test_badcookie_returns_the_query),
		COOKIE_TEST(test_wrong_on_stream),
		DATAGRAM_TEST(test_wrong_on_datagrams),
		DATAGRAM_TEST(test_missing_on_datagrams),
		COOKIE_TEST(test_missing_on_stream),
		COOKIE_TEST(test_store_outlives_the_session),
		COOKIE_TEST(test_store_ages_while_asleep),
		COOKIE_TEST(test_new_epoch_under_a_session),
		COOKIE_TEST(test_without_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
