#include "common/base/last_good.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_LINE "dnsfwd addresses 1\n"

static const struct {
	const char *text;
	size_t names;
	unsigned damaged;
} rows[] = {
	{ "", 0, 0 },
	{ VERSION_LINE, 0, 0 },
	{ VERSION_LINE "a.test 1760000000 192.0.2.1\n", 1, 0 },
	{ VERSION_LINE "a.test 0 192.0.2.1 2001:db8::1 ::1\n", 1, 0 },
	{ VERSION_LINE "a.test 1 192.0.2.1\nb.test 2 192.0.2.2\n", 2, 0 },
	/* another version, no version */
	{ "dnsfwd addresses 2\na.test 1 192.0.2.1\n", 0, 1 },
	{ "dnsfwd addresses 1", 0, 1 },
	{ "a.test 1 192.0.2.1\n", 0, 1 },
	{ "\n", 0, 1 },
	/* lines that are no entries */
	{ VERSION_LINE "\n", 0, 2 },
	{ VERSION_LINE "a.test\n", 0, 2 },
	{ VERSION_LINE "a.test 1\n", 0, 2 },
	{ VERSION_LINE "a.test 1 \n", 0, 2 },
	{ VERSION_LINE "a.test 1 192.0.2.1 \n", 0, 2 },
	{ VERSION_LINE " a.test 1 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test  1 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1  192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1\t192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1 192.0.2.1\r\n", 0, 2 },
	{ VERSION_LINE "a.test -1 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1x 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1234567890123 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "*.test 1 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "192.0.2.9 1 192.0.2.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1 192.0.2\n", 0, 2 },
	{ VERSION_LINE "a.test 1 192.0.2.1:853\n", 0, 2 },
	{ VERSION_LINE "a.test 1 0.0.0.0\n", 0, 2 },
	{ VERSION_LINE "a.test 1 192.0.2.1 224.0.0.1\n", 0, 2 },
	{ VERSION_LINE "a.test 1 fe80::1\n", 0, 2 },
	{ VERSION_LINE "a.test 1 b.test\n", 0, 2 },
	/* a name twice, whatever its case */
	{ VERSION_LINE "a.test 1 192.0.2.1\nA.Test 2 192.0.2.2\n", 1, 3 },
	/* the good lines around a damaged one stay; the first damaged one is told */
	{ VERSION_LINE "a.test 1 192.0.2.1\n?\n?\nb.test 2 192.0.2.2\n", 2, 3 },
	/* cut: 192.0.2.11 may have become 192.0.2.1 */
	{ VERSION_LINE "a.test 1 192.0.2.1\nb.test 2 192.0.2.1", 1, 3 },
};

/* In memory of exactly its size, so that a sanitizer sees a step beyond it. */
static size_t parse(const char *text, size_t len, struct last_good ret[LAST_GOOD_NAMES_MAX],
	unsigned *ret_damaged)
{
	char *copy = malloc(len ? len : 1);
	size_t count;

	assert_non_null(copy);
	memcpy(copy, text, len);
	count = last_good_parse(copy, len, ret, ret_damaged);
	free(copy);
	return count;
}

static void test_rows(void **state)
{
	struct last_good entries[LAST_GOOD_NAMES_MAX];
	unsigned damaged;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t count = parse(rows[i].text, strlen(rows[i].text), entries, &damaged);

		expect_int(rows[i].text, count, rows[i].names);
		expect_int(rows[i].text, damaged, rows[i].damaged);
	}
}

static void test_values(void **state)
{
	static const char text[] =
		VERSION_LINE "Dns.Example.test 1760000000 2001:db8::1 192.0.2.1\n";
	struct last_good entries[LAST_GOOD_NAMES_MAX];
	char ip[ADDR_TEXT_MAX];
	unsigned damaged;

	(void)state;
	assert_int_equal(parse(text, strlen(text), entries, &damaged), 1);
	assert_string_equal(entries[0].name, "Dns.Example.test");
	assert_int_equal(entries[0].time_s, 1760000000);
	assert_int_equal(entries[0].count, 2);
	assert_string_equal(addr_ip_text(&entries[0].addrs[0], ip), "2001:db8::1");
	assert_string_equal(addr_ip_text(&entries[0].addrs[1], ip), "192.0.2.1");
	assert_int_equal(addr_port(&entries[0].addrs[1]), 0);
}

static void test_a_nul_is_damage(void **state)
{
	static const char text[] = VERSION_LINE "a.te\0st 1 192.0.2.1\nb.test 1 192.0.2.1\n";
	struct last_good entries[LAST_GOOD_NAMES_MAX];
	unsigned damaged;

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, entries, &damaged), 1);
	assert_int_equal(damaged, 2);
}

static void fill(struct last_good *e, unsigned number, size_t addresses)
{
	*e = (struct last_good){ .time_s = 999999999999, .count = addresses };
	memset(e->name, 'x', 253);
	for (size_t i = 63; i < 253; i += 64)
		e->name[i] = '.';
	e->name[0] = (char)('a' + number % 26);
	e->name[1] = (char)('a' + number / 26);
	for (size_t i = 0; i < addresses; i++) {
		char text[40];

		snprintf(text, sizeof text, "2001:db8:ffff:ffff:ffff:ffff:ffff:ff%02zx", i);
		assert_true(addr_parse_ip(text, &e->addrs[i]));
	}
}

static void assert_same(const struct last_good *a, const struct last_good *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->time_s, b->time_s);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_true(addr_equal(&a->addrs[i], &b->addrs[i]));
}

/* As much as there can be fits, and comes back. */
static void test_round_trip_of_the_largest(void **state)
{
	struct last_good entries[LAST_GOOD_NAMES_MAX], again[LAST_GOOD_NAMES_MAX];
	char *text = malloc(LAST_GOOD_TEXT_MAX);
	unsigned damaged;
	size_t len;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < LAST_GOOD_NAMES_MAX; i++)
		fill(&entries[i], i, LAST_GOOD_ADDRESSES_MAX);
	len = last_good_format(entries, LAST_GOOD_NAMES_MAX, text);
	assert_int_equal(len, strlen(text));
	assert_int_equal(parse(text, len, again, &damaged), LAST_GOOD_NAMES_MAX);
	assert_int_equal(damaged, 0);
	for (size_t i = 0; i < LAST_GOOD_NAMES_MAX; i++)
		assert_same(&entries[i], &again[i]);

	/* One name more than there may be. */
	len += (size_t)snprintf(text + len, 64, "one.more.test 1 192.0.2.1\n");
	assert_int_equal(parse(text, len, again, &damaged), LAST_GOOD_NAMES_MAX);
	assert_int_equal(damaged, LAST_GOOD_NAMES_MAX + 2);
	free(text);
}

static void test_too_many_addresses_are_damage(void **state)
{
	struct last_good entries[LAST_GOOD_NAMES_MAX];
	char text[1000] = VERSION_LINE "a.test 1";
	unsigned damaged;

	(void)state;
	for (size_t i = 0; i <= LAST_GOOD_ADDRESSES_MAX; i++)
		strcat(text, " 192.0.2.1");
	strcat(text, "\n");
	assert_int_equal(parse(text, strlen(text), entries, &damaged), 0);
	assert_int_equal(damaged, 2);
}

static void test_names_without_addresses_are_left_out(void **state)
{
	struct last_good entries[2], again[LAST_GOOD_NAMES_MAX];
	char *text = malloc(LAST_GOOD_TEXT_MAX);
	unsigned damaged;

	(void)state;
	assert_non_null(text);
	fill(&entries[0], 0, 0);
	fill(&entries[1], 1, 1);
	assert_int_equal(parse(text, last_good_format(entries, 2, text), again, &damaged), 1);
	assert_int_equal(damaged, 0);
	assert_string_equal(again[0].name, entries[1].name);
	assert_int_equal(last_good_format(entries, 0, text), strlen(VERSION_LINE));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_a_nul_is_damage),
		cmocka_unit_test(test_round_trip_of_the_largest),
		cmocka_unit_test(test_too_many_addresses_are_damage),
		cmocka_unit_test(test_names_without_addresses_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
