/* Which pool a name goes to. */
#include "proxy/resolve/route.h"

#include "proxy/upstream/pool.h"
#include "tests/unit/cm.h"

static struct pool pools[4];
static struct route_zone zones[3];
static struct routes routes = { .forward = &pools[0], .zones = zones, .zone_count = 3 };

static void set_zone(size_t i, const char *name, size_t pool)
{
	zones[i].name_len = name_from_text(name, zones[i].name);
	zones[i].pool = &pools[pool];
}

static const struct {
	const char *name;
	size_t pool;
} rows[] = {
	{ ".", 0 }, { "example", 0 }, { "other.example", 0 }, { "corp.example.", 1 }, { "CORP.example", 1 },
	{ "a.corp.example", 1 }, { "a.b.c.corp.Example", 1 }, { "acorp.example", 0 }, { "corp.example.net", 0 },
	{ "lab.corp.example", 2 }, { "x.lab.corp.example", 2 }, { "xlab.corp.example", 1 }, { "lab.corp", 0 },
	{ "lan", 3 }, { "nas.LAN", 3 }, { "lan.example", 0 }, { "\\004corp.example", 0 },
};

static void check(void)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t name[DNS_NAME_MAX];
		static const unsigned wanted[] = { 0, 2, 3, 1 };
		struct dns_question q = { .name = name };
		unsigned labels = 9;

		q.name_len = (uint8_t)name_from_text(rows[i].name, name);
		expect_int(rows[i].name, route_find(&routes, &q, &labels) - pools, rows[i].pool);
		expect_int(rows[i].name, labels, wanted[rows[i].pool]);
	}
}

/* In whatever order they are written. */
static void test_longest_wins(void **state)
{
	(void)state;
	set_zone(0, "corp.example", 1);
	set_zone(1, "lab.corp.example", 2);
	set_zone(2, "Lan", 3);
	check();
	set_zone(1, "corp.example", 1);
	set_zone(0, "lab.corp.example", 2);
	check();
}

static void test_without_zones(void **state)
{
	const struct routes none = { .forward = &pools[0] };
	uint8_t name[DNS_NAME_MAX];
	struct dns_question q = { .name = name };
	unsigned labels = 9;

	(void)state;
	q.name_len = (uint8_t)name_from_text("corp.example", name);
	assert_ptr_equal(route_find(&none, &q, &labels), &pools[0]);
	assert_int_equal(labels, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_wins),
		cmocka_unit_test(test_without_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
