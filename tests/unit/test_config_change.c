/* What goes on over a reload, and which options differ. */
#include "common/config/change.h"

#include "tests/unit/config_case.h"

#define HOME(more) "upstream = ( { name = \"home\", address = \"192.0.2.1\"" more " } )\nforward = [ \"home\" ]\n"

static void compare(const char *before, const char *fresh, struct config_change *ret)
{
	struct config *a = load_good(before), *b = load_good(fresh);

	config_compare(a, b, ret);
	config_unref(a);
	config_unref(b);
}

/* All that is said of an upstream is its policy. */
static void test_upstreams_that_change(void **state)
{
	static const char *const changed[] = { HOME(", port = 854"), HOME(", auth-name = \"a.test\""),
		HOME(", transport = \"dtls\""), HOME(", profile = \"opportunistic\""), HOME(", pin-sha256 = \"" PIN "\""),
		HOME(", tls-cert-bundle = \"/b.pem\""), HOME(", session-tickets = false"), HOME(", cookies = false"),
		HOME(", pad-block = 64"), HOME(", connections = 3"), HOME(", max-inflight = 7"),
		HOME("") "tls-priority = \"NORMAL\"\n", HOME("") "tls-cert-bundle = \"/b.pem\"\n",
		"upstream = ( { name = \"home\", address = [ \"192.0.2.1\", \"192.0.2.2\" ] } )\nforward = [ \"home\" ]\n",
		"upstream = ( { name = \"house\", address = \"192.0.2.1\" } )\nforward = [ \"house\" ]\n",
		"forward = [ \"192.0.2.1\" ]\n" };
	struct config_change c;

	(void)state;
	compare(HOME(""), HOME("") "cache-size = 0\nallow = [ \"10.0.0.0/8\" ]\n", &c);
	assert_int_equal(c.upstream[0], 0);
	for (size_t i = 0; i < COUNT_OF(changed); i++) {
		compare(HOME(""), changed[i], &c);
		expect(changed[i], c.upstream[0] == CHANGE_NONE);
		compare(changed[i], changed[i], &c);
		expect(changed[i], c.upstream[0] == 0);
	}
	compare(HOME(", pin-sha256 = \"" PIN "\""), HOME(", pin-sha256 = \"" PIN2 "\""), &c);
	assert_int_equal(c.upstream[0], CHANGE_NONE);
}

static void test_order_and_numbers(void **state)
{
	struct config_change c;

	(void)state;
	compare("forward = [ \"9.9.9.9\", \"1.1.1.1\", \"8.8.8.8\" ]\n",
		"forward = [ \"8.8.8.8\", \"192.0.2.7\", \"9.9.9.9\" ]\npolicy = \"fastest\"\n", &c);
	assert_int_equal(c.upstream[0], 2);
	assert_int_equal(c.upstream[1], CHANGE_NONE);
	assert_int_equal(c.upstream[2], 0);
}

#define ZONE(name, forward, more) "{ name = \"" name "\", forward = [ " forward " ]" more " }"

static void test_zones(void **state)
{
	static const char before[] = FORWARD "zone = ( " ZONE("a.test", "\"udp://10.0.0.1\"", "") ", " ZONE("b.test",
		"\"udp://10.0.0.1\", \"udp://10.0.0.2\"", "") " )\n";
	struct config_change c;

	(void)state;
	compare(before,
		FORWARD "zone = ( " ZONE("B.test", "\"udp://10.0.0.2\"", "") ", " ZONE(
			"c.test", "\"udp://10.0.0.1\"", "") " )\n",
		&c);
	assert_int_equal(c.upstream[0], 0);
	assert_int_equal(c.zone[0], 1);
	assert_int_equal(c.upstream[1], 3);
	assert_int_equal(c.zone[1], CHANGE_NONE);
	assert_int_equal(c.upstream[2], CHANGE_NONE); /* it is another group's */
	compare(before, FORWARD "zone = ( " ZONE("a.test", "\"udp://10.0.0.1\"", ", interface = \"wg0\"") " )\n", &c);
	assert_int_equal(c.zone[0], 0);
	assert_int_equal(c.upstream[1], CHANGE_NONE);
	/* In clear there is no TLS to speak of. */
	compare(before, FORWARD "tls-priority = \"NORMAL\"\nzone = ( " ZONE("a.test", "\"udp://10.0.0.1\"", "") " )\n",
		&c);
	assert_int_equal(c.upstream[0], CHANGE_NONE);
	assert_int_equal(c.upstream[1], 1);
}

static void test_nothing_before(void **state)
{
	struct config *c = load_good(FORWARD);
	struct config_change change;

	(void)state;
	config_compare(NULL, c, &change);
	assert_int_equal(change.upstream[0], CHANGE_NONE);
	config_unref(c);
}

static void check_options(const char *before, const char *fresh, enum option_reload reload, const char *wanted)
{
	struct config *a = load_good(before), *b = load_good(fresh);
	const char *changed[CHANGE_OPTIONS_MAX];
	char text[500] = "";
	size_t n = config_changed_options(a, b, reload, changed), at = 0;

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "", changed[i]);
	assert_string_equal(text, wanted);
	config_unref(a);
	config_unref(b);
}

static void test_options(void **state)
{
	(void)state;
	check_options(FORWARD, FORWARD, RELOAD_LIVE, "");
	check_options(FORWARD, FORWARD, RELOAD_RESTART, "");
	check_options(FORWARD, FORWARD "port = 5353\nworkers = 2\ncache-size = 0\nstate-dir = \"/x\"\n", RELOAD_RESTART,
		"listen port workers state-dir");
	check_options(FORWARD, FORWARD "cache-size = 0\nworkers = 2\nlog-level = \"debug\"\n", RELOAD_LIVE,
		"cache-size log-level");
	check_options(FORWARD, "forward = [ \"1.1.1.1\" ]\nzone = ( " ZONE("a.test", "\"udp://10.0.0.1\"", "") " )\n",
		RELOAD_LIVE, "forward zone");
	check_options(FORWARD "listen = [ \"127.0.0.1\" ]\n", FORWARD "listen = [ \"127.0.0.2\" ]\n", RELOAD_RESTART,
		"listen");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_upstreams_that_change, teardown),
		cmocka_unit_test_teardown(test_order_and_numbers, teardown),
		cmocka_unit_test_teardown(test_zones, teardown),
		cmocka_unit_test_teardown(test_nothing_before, teardown),
		cmocka_unit_test_teardown(test_options, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
