/* Zones as they are configured, and what may stand in them. */
#include "common/config/config.h"

#include "tests/unit/config_case.h"

static struct config *load_zones(const char *zones, const char *more)
{
	char text[4000];

	snprintf(text, sizeof text, FORWARD "%s\nzone = ( %s )\n", more ? more : "", zones);
	return load_good(text);
}

#define ZONE(name, forward) "{ name = \"" name "\", forward = [ " forward " ] }"

static void test_zones(void **state)
{
	struct config *c = load_zones(ZONE("corp.example", "\"udp://10.0.0.1\", \"tcp://[fd00::1]:5353\"") ", "
				      "{ name = \"lan.\", forward = [ \"home\" ], policy = \"fastest\", "
				      "interface = \"wg0\" }",
		"upstream = ( { name = \"home\", address = \"192.0.2.1\" } )");

	(void)state;
	assert_int_equal(c->forward_count, 1);
	assert_int_equal(c->upstream_count, 4);
	assert_int_equal(c->zone_count, 2);
	assert_string_equal(c->zone[0].name, "corp.example");
	assert_string_equal(c->zone[0].interface, "");
	assert_int_equal(c->zone[0].policy, POLICY_FAILOVER);
	assert_int_equal(c->zone[0].first, 1);
	assert_int_equal(c->zone[0].count, 2);
	assert_int_equal(c->forward[1].transport, TRANSPORT_UDP);
	assert_int_equal(c->forward[1].port, 53);
	assert_int_equal(c->forward[2].transport, TRANSPORT_TCP);
	assert_int_equal(c->forward[2].port, 5353);
	assert_string_equal(c->zone[1].name, "lan");
	assert_string_equal(c->zone[1].interface, "wg0");
	assert_int_equal(c->zone[1].policy, POLICY_FASTEST);
	assert_int_equal(c->zone[1].first, 3);
	assert_int_equal(c->zone[1].count, 1);
	assert_int_equal(c->forward[3].transport, TRANSPORT_TLS);
	config_unref(c);
}

static struct config *load_added(const char *text, const struct config_zone_words *zones, size_t count)
{
	struct config_overrides o = { .zones = zones, .zone_count = count };

	return load_with(text, &o);
}

/* Zones that nobody wrote into the file: beside those, or in their place. */
static void test_added(void **state)
{
	static const char text[] = FORWARD "zone = ( " ZONE("a.test", "\"udp://10.0.0.1\", \"udp://10.0.0.2\"") ", " ZONE(
		"b.test", "\"udp://10.0.0.3\"") " )\n";
	const char *const forward[] = { "udp://10.0.0.4", "udp://10.0.0.5" };
	const struct config_zone_words words[] = { { "A.test.", forward, 2, NULL }, { "c\"d.test", forward, 1, NULL },
		{ "c.test", forward, 1, "wg0" } };
	const struct config_zone_words good[] = { words[0], words[2] };
	struct config *c = load_added(text, good, 2), *again;

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->zone_count, 3);
	assert_string_equal(c->zone[0].name, "b.test");
	assert_false(c->zone[0].added);
	assert_int_equal(c->zone[0].first, 1);
	assert_string_equal(c->zone[1].name, "A.test");
	assert_true(c->zone[1].added);
	assert_int_equal(c->zone[1].count, 2);
	assert_string_equal(c->zone[2].interface, "wg0");
	assert_int_equal(c->upstream_count, 5);

	/* The text is kept, so that the file need not be read again. */
	again = load_added(c->text, NULL, 0);
	assert_non_null(again);
	assert_int_equal(again->zone_count, 2);
	assert_string_equal(again->zone[0].name, "a.test");
	config_unref(again);
	config_unref(c);

	assert_null(load_added(text, &words[1], 1));
	assert_non_null(strstr(errors.text[0], "zone c\"d.test: option \"name\""));
}

/* What it replaces is looked at all the same. */
static void test_added_in_the_place_of_a_bad_one(void **state)
{
	const char *const forward[] = { "udp://10.0.0.4" };
	const struct config_zone_words words = { "a.test", forward, 1, NULL };

	(void)state;
	assert_null(load_added(FORWARD "zone = ( " ZONE("a.test", "\"udp://9.9.9.9\"") " )\n", &words, 1));
	assert_non_null(strstr(errors.text[0], "dnsfwd.conf:2: "));
}

/* Two zones may have one server, and so may a zone and the forward group. */
static void test_shared_servers(void **state)
{
	struct config *c = load_zones(
		ZONE("a.test", "\"udp://10.0.0.1\"") ", " ZONE("b.test", "\"udp://10.0.0.1\"") ", "
		ZONE("c.test", "\"9.9.9.9\""), NULL);

	(void)state;
	assert_int_equal(c->upstream_count, 4);
	config_unref(c);
}

static const char *const own[] = { "127.0.0.1:5353", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255",
	"192.168.255.1", "169.254.1.1", "[::1]:5353", "[fd12::1]:53", "fe80::1%lo", "::ffff:10.0.0.1" };
static const char *const others[] = { "9.9.9.9", "172.32.0.1", "172.15.0.1", "100.64.0.1", "192.169.0.1",
	"2620:fe::fe", "::ffff:9.9.9.9", "fe00::1" };

static void test_addresses(void **state)
{
	char text[300];

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(own); i++) {
		snprintf(text, sizeof text, FORWARD "zone = ( { name = \"a.test\", forward = [ \"%s://%s\" ] } )",
			i % 2 ? "udp" : "tcp", own[i / 2]);
		config_unref(load_good(text));
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		snprintf(text, sizeof text, FORWARD "zone = ( { name = \"a.test\", forward = [ \"udp://%s\" ] } )",
			others[i]);
		check_refused(text, "in clear only a network of one's own is asked (loopback, private and link-local "
				    "addresses); option \"insecure-plain\" allows others");
		snprintf(text, sizeof text,
			FORWARD "insecure-plain = true\nzone = ( { name = \"a.test\", forward = [ \"tcp://%s\" ] } )",
			others[i]);
		config_unref(load_good(text));
	}
}

#define ZONES(zones) FORWARD "zone = ( " zones " )"

static const struct {
	const char *text, *refused;
} refused_rows[] = {
	{ "forward = [ \"udp://10.0.0.1\" ]", "option \"forward\": value \"udp://10.0.0.1\": udp:// and tcp:// are DNS "
					    "in clear, which has its place in a zone only" },
	{ "insecure-plain = true\nforward = [ \"tcp://10.0.0.1\" ]", "place in a zone only" },
	{ ZONES("{ forward = [ \"udp://10.0.0.1\" ] }"), "option \"name\": not written: every zone needs one" },
	{ ZONES("{ name = \"a.test\" }"), "option \"forward\": not written: every zone needs one" },
	{ ZONES("{ name = \"\", forward = [ \"udp://10.0.0.1\" ] }"), "value \"\": a name is wanted" },
	{ ZONES("{ name = \"*.test\", forward = [ \"udp://10.0.0.1\" ] }"), "value \"*.test\": a host name" },
	{ ZONES("{ name = \"a.test\", forward = [ ] }"), "an array of 1 to 16 upstreams is wanted" },
	{ ZONES("{ name = \"a.test\", forwrad = [ ], forward = [ \"udp://10.0.0.1\" ] }"),
		"option \"forwrad\": unknown, did you mean \"forward\"?" },
	{ ZONES(ZONE("a.test", "\"udp://10.0.0.1\"") ", " ZONE("A.TEST.", "\"udp://10.0.0.2\"")),
		"another zone has this name" },
	{ ZONES(ZONE("a.test", "\"udp://10.0.0.1\", \"9.9.9.9\"")),
		"value \"9.9.9.9\": upstreams in clear (udp://, tcp://) and encrypted ones must not stand side by side" },
	{ ZONES(ZONE("a.test", "\"quad9\", \"tcp://10.0.0.1\"")), "must not stand side by side" },
	{ ZONES(ZONE("a.test", "\"udp://10.0.0.1\", \"udp://10.0.0.1:53\"")), "it is listed already" },
	{ ZONES(ZONE("a.test", "\"udp://127.0.0.1\"")), "127.0.0.1:53 is where dnsfwd itself listens" },
	{ ZONES(ZONE("a.test", "\"udp://router.lan\"")), "behind udp:// and tcp:// an IP address is wanted" },
	{ ZONES("{ name = \"a.test\", forward = [ \"udp://10.0.0.1\" ], interface = \"0123456789abcdef\" }"),
		"a text of 0 to 15 characters" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused_rows); i++)
		check_refused(refused_rows[i].text, refused_rows[i].refused);
}

/* Filters and profiles are compared within a group only. */
static void test_groups_are_apart(void **state)
{
	struct config *c = load_zones(ZONE("a.test", "\"open\""),
		"upstream = ( { name = \"open\", address = \"192.0.2.1\", profile = \"opportunistic\" } )");

	(void)state;
	assert_int_equal(c->warnings.count, 1);
	assert_non_null(strstr(c->warnings.text[0], "open is opportunistic"));
	config_unref(c);
}

static void test_too_many(void **state)
{
	char text[16000];
	size_t len = (size_t)snprintf(text, sizeof text, FORWARD "zone = (");

	(void)state;
	for (unsigned z = 0; z < 4; z++) {
		len += (size_t)snprintf(text + len, sizeof text - len, "%s{ name = \"z%u\", forward = [", z ? "," : "", z);
		for (unsigned i = 0; i < 16; i++)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s\"udp://10.0.%u.%u\"", i ? "," : "", z, i + 1);
		len += (size_t)snprintf(text + len, sizeof text - len, "] }");
	}
	snprintf(text + len, sizeof text - len, " )");
	check_refused(text, "too many: forward and all zones may have 64 in all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_zones, teardown),
		cmocka_unit_test_teardown(test_shared_servers, teardown),
		cmocka_unit_test_teardown(test_added, teardown),
		cmocka_unit_test_teardown(test_added_in_the_place_of_a_bad_one, teardown),
		cmocka_unit_test_teardown(test_addresses, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
		cmocka_unit_test_teardown(test_groups_are_apart, teardown),
		cmocka_unit_test_teardown(test_too_many, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
