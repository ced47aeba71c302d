/* Names that may go in clear: exactly these, for a time, in a bounded table; and which pool they go to. */
#include "proxy/resolve/portal.h"

#include "proxy/resolve/route.h"
#include "proxy/upstream/pool.h"
#include "tests/unit/cm.h"

static uint32_t now_s;
static struct portal p;
static struct portal_look look;

static uint32_t clock_s(void *unused)
{
	(void)unused;
	return now_s;
}

static bool add(const char *name)
{
	uint8_t wire[DNS_NAME_MAX];

	assert_true(name_from_text(name, wire) > 0);
	return portal_add(&p, wire);
}

static bool has(unsigned number, const char *name)
{
	uint8_t wire[DNS_NAME_MAX];

	return portal_has(&p, number, wire, name_from_text(name, wire));
}

static int setup(void **state)
{
	struct addr to;

	(void)state;
	now_s = 1000;
	portal_init(&p, clock_s, NULL);
	assert_true(addr_parse("10.0.0.1", 8, 53, false, &to));
	portal_open(&p, 7, &to, 60);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	portal_deinit(&p);
	return 0;
}

static void test_exact(void **state)
{
	(void)state;
	assert_true(add("Portal.example"));
	assert_true(add("portal.EXAMPLE."));
	assert_true(has(7, "PORTAL.example"));
	assert_false(has(7, "a.portal.example"));
	assert_false(has(7, "example"));
	assert_false(has(7, "xportal.example"));
	assert_false(has(7, "."));
	assert_false(has(6, "portal.example")); /* of an opening before */
	portal_look(&p, &look);
	assert_int_equal(look.count, 1);
	assert_string_equal(look.name[0], "portal.example");
	assert_string_equal(look.resolver, "10.0.0.1:53");
	assert_true(look.open);
}

static void test_time(void **state)
{
	(void)state;
	add("portal.example");
	now_s += 59;
	assert_true(has(7, "portal.example"));
	portal_look(&p, &look);
	assert_int_equal(look.left_s, 1);
	now_s++;
	assert_true(portal_is_open(&p)); /* nobody has looked */
	assert_false(has(7, "portal.example"));
	assert_false(portal_is_open(&p));
	assert_false(add("other.example"));
	portal_close(&p, PORTAL_ANSWERED, "late");
	portal_look(&p, &look);
	assert_int_equal(look.end, PORTAL_TIME);
	assert_string_equal(look.by, "");
}

static void test_closed(void **state)
{
	(void)state;
	add("portal.example");
	portal_close(&p, PORTAL_ANSWERED, "tls://home");
	portal_close(&p, PORTAL_OFF, NULL);
	assert_false(has(7, "portal.example"));
	portal_look(&p, &look);
	assert_false(look.open);
	assert_int_equal(look.end, PORTAL_ANSWERED);
	assert_string_equal(look.by, "tls://home");
	assert_int_equal(look.count, 1); /* what was open can be told still */
}

static void test_bound(void **state)
{
	char name[40];

	(void)state;
	for (unsigned i = 0; i < PORTAL_NAMES_MAX; i++) {
		snprintf(name, sizeof name, "n%u.example", i);
		assert_true(add(name));
	}
	assert_false(add("more.example"));
	assert_true(add("n3.example"));
	assert_false(has(7, "more.example"));
	portal_look(&p, &look);
	assert_int_equal(look.refused, 1);
}

/* ------------------------------------------------------------------ aliases */

static uint8_t octets[2000];
static size_t octets_len;

static void put_name(const char *text)
{
	octets_len += name_from_text(text, octets + octets_len);
}

static void put(const char *hex_of_two)
{
	octets[octets_len++] = (uint8_t)hex_of_two[0];
	octets[octets_len++] = (uint8_t)hex_of_two[1];
}

static void begin(const char *name)
{
	memset(octets, 0, 12);
	octets[2] = 0x84;
	octets[5] = 1;
	octets_len = 12;
	put_name(name);
	put("\0\1");
	put("\0\1");
}

static void put_record(const char *owner, unsigned type, const char *target)
{
	uint8_t wire[DNS_NAME_MAX];
	size_t len = name_from_text(target, wire);

	put_name(owner);
	octets[octets_len++] = 0;
	octets[octets_len++] = (uint8_t)type;
	put("\0\1");
	put("\0\0");
	put("\0\1");
	octets[octets_len++] = 0;
	octets[octets_len++] = (uint8_t)len;
	memcpy(octets + octets_len, wire, len);
	octets_len += len;
	octets[7]++;
}

static void learn(unsigned number)
{
	struct dns_message m;

	assert_int_equal(message_parse(octets, octets_len, &m), MESSAGE_OK);
	portal_learn(&p, number, &m);
}

/* In any order; what does not hang on the question is none of ours. */
static void test_aliases(void **state)
{
	(void)state;
	add("portal.example");
	begin("Portal.Example");
	put_record("b.example", DNS_TYPE_CNAME, "c.example");
	put_record("stray.example", DNS_TYPE_CNAME, "bank.example");
	put_record("portal.example", DNS_TYPE_CNAME, "B.example");
	put_record("c.example", DNS_TYPE_NS, "ns.example");
	learn(6);
	assert_false(has(7, "b.example"));
	learn(7);
	assert_true(has(7, "b.example"));
	assert_true(has(7, "c.example"));
	assert_false(has(7, "bank.example"));
	assert_false(has(7, "stray.example"));
	assert_false(has(7, "ns.example"));
	begin("other.example");
	put_record("other.example", DNS_TYPE_CNAME, "bank.example");
	learn(7);
	assert_false(has(7, "bank.example"));
	portal_close(&p, PORTAL_OFF, NULL);
	begin("portal.example");
	put_record("portal.example", DNS_TYPE_CNAME, "late.example");
	learn(7);
	portal_look(&p, &look);
	assert_int_equal(look.count, 3);
}

static void test_ring_of_aliases(void **state)
{
	(void)state;
	add("a.example");
	begin("a.example");
	put_record("a.example", DNS_TYPE_CNAME, "b.example");
	put_record("b.example", DNS_TYPE_CNAME, "a.example");
	learn(7);
	portal_look(&p, &look);
	assert_int_equal(look.count, 2);
}

/* ------------------------------------------------------------------ where they go */

static void test_route(void **state)
{
	static struct pool pools[3];
	static struct route_zone zone;
	struct routes r = { .forward = &pools[0], .zones = &zone, .zone_count = 1, .portal = &p,
		.portal_pool = &pools[2], .portal_number = 7 };
	uint8_t name[DNS_NAME_MAX];
	struct dns_question q = { .name = name };
	unsigned labels;

	(void)state;
	zone.name_len = name_from_text("example", zone.name);
	zone.pool = &pools[1];
	add("a.portal.example");
	q.name_len = (uint8_t)name_from_text("a.PORTAL.example", name);
	assert_ptr_equal(route_find(&r, &q, &labels), &pools[2]);
	assert_int_equal(labels, 3);
	r.portal_number = 6; /* a worker that has the resolver of before */
	assert_ptr_equal(route_find(&r, &q, &labels), &pools[1]);
	r.portal_number = 7;
	q.name_len = (uint8_t)name_from_text("b.a.portal.example", name);
	assert_ptr_equal(route_find(&r, &q, &labels), &pools[1]);
	q.name_len = (uint8_t)name_from_text("a.portal.example.net", name);
	assert_ptr_equal(route_find(&r, &q, &labels), &pools[0]);
	portal_close(&p, PORTAL_OFF, NULL);
	q.name_len = (uint8_t)name_from_text("a.portal.example", name);
	assert_ptr_equal(route_find(&r, &q, &labels), &pools[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aliases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_of_aliases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
