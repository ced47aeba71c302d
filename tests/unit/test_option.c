#include "common/config/option.h"

#include "tests/unit/cm.h"

#include <string.h>

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)
#define BAD UINT64_MAX

static const struct {
	const char *text;
	uint64_t wanted;
} durations[] = {
	{ "250ms", 250 * MS }, { "4s", 4 * SEC }, { "2m", 120 * SEC }, { "3h", 10800 * SEC },
	{ "1d", 86400 * SEC }, { "1w", 604800 * SEC }, { "0", 0 }, { "0s", 0 }, { "7", 7 * SEC },
	{ "007", 7 * SEC }, { "18446744073709s", UINT64_C(18446744073709000000) },
	{ "18446744073709551ms", UINT64_C(18446744073709551000) },

	{ "", BAD }, { "s", BAD }, { "ms", BAD }, { " 4s", BAD }, { "4s ", BAD }, { "4 s", BAD },
	{ "-4s", BAD }, { "+4s", BAD }, { "4.5s", BAD }, { "4S", BAD }, { "4M", BAD }, { "4ss", BAD },
	{ "4sec", BAD }, { "4us", BAD }, { "4y", BAD }, { "0x4", BAD }, { "1h30m", BAD },
	{ "18446744073710s", BAD }, { "18446744073709552ms", BAD }, { "30500569w", BAD },
	{ "18446744073709551616ms", BAD }, { "99999999999999999999999999", BAD },
};

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(durations); i++) {
		uint64_t us = 12345;
		bool done = duration_parse(durations[i].text, &us);

		expect_int(durations[i].text, done, durations[i].wanted != BAD);
		expect_int(durations[i].text, us, done ? durations[i].wanted : 12345);
	}
}

static const struct {
	const char *text;
	uint64_t wanted;
} sizes[] = {
	{ "512", 512 }, { "64k", 65536 }, { "64K", 65536 }, { "16M", 16777216 }, { "16m", 16777216 },
	{ "1G", 1073741824 }, { "1g", 1073741824 }, { "0", 0 }, { "0M", 0 },
	{ "17179869183G", UINT64_C(17179869183) << 30 },

	{ "", BAD }, { "M", BAD }, { "16MB", BAD }, { "16 M", BAD }, { "-1", BAD }, { "1.5M", BAD },
	{ "16T", BAD }, { "k16", BAD }, { "16kk", BAD }, { "17179869184G", BAD },
	{ "18446744073709551616", BAD }, { "00000000000000000000000000000001k", BAD },
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t octets = 12345;
		bool done = size_parse(sizes[i].text, &octets);

		expect_int(sizes[i].text, done, sizes[i].wanted != BAD);
		expect_int(sizes[i].text, octets, done ? sizes[i].wanted : 12345);
	}
}

static const struct {
	uint64_t us;
	const char *wanted;
} duration_texts[] = {
	{ 0, "0s" }, { MS, "1ms" }, { 100 * MS, "100ms" }, { SEC, "1s" }, { 1500 * MS, "1500ms" },
	{ 60 * SEC, "1m" }, { 90 * SEC, "90s" }, { 3600 * SEC, "1h" }, { 86400 * SEC, "1d" },
	{ 7 * 86400 * SEC, "1w" }, { 8 * 86400 * SEC, "8d" },
};

static void test_duration_text(void **state)
{
	char text[32];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(duration_texts); i++) {
		duration_text(duration_texts[i].us, text, sizeof text);
		assert_string_equal(text, duration_texts[i].wanted);
		assert_true(duration_parse(text, &back));
		assert_int_equal(back, duration_texts[i].us);
	}
	duration_text(100, text, sizeof text);
	assert_string_equal(text, "0ms");
	duration_text(SEC, text, 2);
	assert_string_equal(text, "1");
}

static const struct {
	uint64_t octets;
	const char *wanted;
} size_texts[] = {
	{ 0, "0" }, { 1, "1" }, { 1023, "1023" }, { 1024, "1k" }, { 1536, "1536" }, { 65536, "64k" },
	{ 1 << 20, "1M" }, { 16 << 20, "16M" }, { 1 << 30, "1G" }, { (1 << 20) + 1024, "1025k" },
};

static void test_size_text(void **state)
{
	char text[32];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(size_texts); i++) {
		size_text(size_texts[i].octets, text, sizeof text);
		assert_string_equal(text, size_texts[i].wanted);
		assert_true(size_parse(text, &back));
		assert_int_equal(back, size_texts[i].octets);
	}
}

static const struct {
	const char *word, *wanted;
} nearest[] = {
	{ "prot", "port" }, { "Port", "port" }, { "ports", "port" }, { "listn", "listen" },
	{ "alow", "allow" }, { "query_timeout", "query-timeout" }, { "querytimeout", "query-timeout" },
	{ "tls_cert_bundel", "tls-cert-bundle" }, { "log-querys", "log-queries" },
	{ "log-leve", "log-level" }, { "forwards", "forward" }, { "worker", "workers" },
	{ "cachesize", "cache-size" }, { "statedir", "state-dir" }, { "bootstraps", "bootstrap" },
	{ "", NULL }, { "x", NULL }, { "server", NULL }, { "foo", NULL },
	{ "ptro", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

static void test_nearest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(nearest); i++) {
		const char *found = option_nearest(config_options, nearest[i].word);

		expect_int(nearest[i].word, found != NULL, nearest[i].wanted != NULL);
		if (found)
			assert_string_equal(found, nearest[i].wanted);
	}
	assert_string_equal(option_nearest(upstream_options, "pad-blok"), "pad-block");
}

static void check_table(const struct option *table)
{
	for (const struct option *o = table; o->name; o++) {
		expect(o->name, o->min <= o->max);
#ifndef SMALL
		size_t len = strlen(o->help);

		expect(o->name, len > 10 && o->help[len - 1] == '.');
#endif
		for (const struct option *other = table; other < o; other++)
			expect(o->name, strcmp(o->name, other->name) != 0);
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_table(config_options);
	check_table(upstream_options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_duration_text),
		cmocka_unit_test(test_size_text),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
