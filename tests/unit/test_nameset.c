#include "common/local/nameset.h"

#include "tests/unit/local_case.h"

static void add(struct nameset *s, const char *name, unsigned scope, unsigned list)
{
	const struct wire_name *n = wire_name(name);

	assert_int_equal(nameset_add(s, n->octets, n->len, scope, list), 0);
}

/* The list that blocks the name; -1: none does. */
static int match(const struct nameset *s, const char *name)
{
	unsigned list = 99;

	return nameset_match(s, &wire_name(name)->suffixes, &list) ? (int)list : -1;
}

static const struct {
	const char *name;
	int list;
} rows[] = {
	{ "ads.example", 1 }, { "x.ads.example", 1 }, { "a.b.c.ads.example", 1 }, { "ADS.EXAMPLE", 1 },
	{ "example", -1 }, { "adss.example", -1 }, { "badads.example", -1 }, { "ads.example.com", -1 },
	{ "only.host", 2 }, { "x.only.host", -1 },
	{ "below.host", -1 }, { "x.below.host", 3 }, { "x.y.below.host", 3 },
	{ "twice.example", 1 }, { "x.twice.example", 1 }, /* the first list counts */
	{ "ok.ads.example", -1 }, { "x.ok.ads.example", -1 }, { "oks.ads.example", 1 },
	{ "one.ads.example", -1 }, { "x.one.ads.example", 1 }, /* an exception of one name */
	{ "under.ads.example", 1 }, { "x.under.ads.example", -1 },
	{ "deep.free.example", -1 }, { "blocked.deep.free.example", -1 }, /* whatever is longer */
	{ "tld", 4 }, { "anything.tld", 4 },
	{ "com", -1 },
};

static void test_match(void **state)
{
	struct nameset s;

	(void)state;
	nameset_init(&s, key);
	assert_int_equal(match(&s, "ads.example"), -1);
	add(&s, "ads.example", NAMESET_ALL, 1);
	add(&s, "only.host", NAMESET_NAME, 2);
	add(&s, "below.host", NAMESET_BELOW, 3);
	add(&s, "twice.example", NAMESET_NAME, 1);
	add(&s, "twice.example", NAMESET_BELOW, 2);
	add(&s, "ok.ads.example", NAMESET_EXCEPT_ALL, 0);
	add(&s, "one.ads.example", NAMESET_EXCEPT_NAME, 0);
	add(&s, "under.ads.example", NAMESET_EXCEPT_BELOW, 0);
	add(&s, "free.example", NAMESET_EXCEPT_ALL, 0);
	add(&s, "blocked.deep.free.example", NAMESET_ALL, 5);
	add(&s, "tld", NAMESET_ALL, 4);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].name, match(&s, rows[i].name), rows[i].list);
	assert_false(nameset_match(&s, &wire_name(".")->suffixes, NULL));
	nameset_fit(&s);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].name, match(&s, rows[i].name), rows[i].list);
	nameset_deinit(&s);
}

/* Only the depths that entries have are looked at: names of many labels cost no more. */
static void test_depths(void **state)
{
	char deep[300] = "";
	struct nameset s;

	(void)state;
	nameset_init(&s, key);
	add(&s, "b.c.d", NAMESET_BELOW, 0);
	add(&s, "a.b.c.d.e.f", NAMESET_BELOW, 1);
	assert_int_equal(s.shallow, 3);
	assert_int_equal(s.deep, 6);
	for (unsigned i = 0; i < 100; i++)
		strncat(deep, "x.", sizeof deep - strlen(deep) - 1);
	strncat(deep, "b.c.d", sizeof deep - strlen(deep) - 1);
	assert_int_equal(match(&s, deep), 0);
	assert_int_equal(match(&s, "x.a.b.c.d.e.f"), 1);
	assert_int_equal(match(&s, "c.d"), -1);
	nameset_deinit(&s);
}

static void test_many(void **state)
{
	enum { MANY = 100000 };
	struct nameset s;
	char name[64];

	(void)state;
	nameset_init(&s, key);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%u.example%u.com", i, i % 7);
		add(&s, name, NAMESET_ALL, i % NAMESET_LISTS);
	}
	assert_int_equal(s.count, MANY);
	nameset_fit(&s);
	assert_true(nameset_memory(&s) <= MANY * 15);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "www.n%u.example%u.com", i, i % 7);
		expect_int(name, match(&s, name), i % NAMESET_LISTS);
		snprintf(name, sizeof name, "n%u.example%u.com", i, (i + 1) % 7);
		expect_int(name, match(&s, name), -1);
	}
	nameset_deinit(&s);
}

static void test_hashes_are_keyed(void **state)
{
	static const uint8_t other[SUFFIX_KEY] = { 9 };
	const struct wire_name *n = wire_name("a.example");
	struct suffixes x;

	(void)state;
	suffixes_of(other, n->octets, n->len, &x);
	assert_int_equal(n->suffixes.count, 2);
	assert_int_equal(x.count, 2);
	assert_true(x.hash[0] != n->suffixes.hash[0] && x.hash[1] != n->suffixes.hash[1]);
	assert_true(suffix_extend(other, x.hash[1], n->octets) == x.hash[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_depths),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_hashes_are_keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
