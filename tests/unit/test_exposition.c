#include "proxy/ops/exposition.h"

#include "tests/unit/cm.h"

#include <string.h>

static void assert_text(const struct exposition *e, const char *wanted)
{
	size_t len = 0;
	const char *got = exposition_get(e, &len);

	assert_non_null(got);
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(got, wanted, len);
}

static void test_samples(void **state)
{
	struct exposition e;
	char labels[EXPOSITION_LABELS_MAX] = "";

	(void)state;
	exposition_init(&e);
	exposition_family(&e, "a_total", "counter", "What is counted.");
	exposition_count(&e, NULL, UINT64_MAX);
	exposition_family(&e, "b", "gauge", "What there is.");
	exposition_decimal(&e, exposition_label(labels, "x", "one"), 1.25);
	exposition_count(&e, exposition_label(labels, "y", "two"), 0);
	assert_text(&e, "# HELP a_total What is counted.\n# TYPE a_total counter\n"
			"a_total 18446744073709551615\n"
			"# HELP b What there is.\n# TYPE b gauge\n"
			"b{x=\"one\"} 1.250000\nb{x=\"one\",y=\"two\"} 0\n");
	exposition_free(&e);
}

static const struct {
	const char *value, *wanted;
} labels_of[] = {
	{ "quad9", "n=\"quad9\"" },
	{ "", "n=\"\"" },
	{ "a\"} 1\nx{y=\"", "n=\"a\\\"} 1?x{y=\\\"\"" },
	{ "\\", "n=\"\\\\\"" },
	{ "b\xc3\xbcro", "n=\"b\xc3\xbcro\"" },
	{ "b\xc3", "n=\"b?\"" },
	{ "\x1b[1m\x7f", "n=\"?[1m?\"" },
};

static void test_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(labels_of); i++) {
		char labels[EXPOSITION_LABELS_MAX] = "";

		assert_string_equal(
			exposition_label(labels, "n", labels_of[i].value), labels_of[i].wanted);
	}
}

/* However long: what comes out is whole labels. */
static void test_long_labels(void **state)
{
	char labels[EXPOSITION_LABELS_MAX] = "", value[4000];

	(void)state;
	memset(value, '"', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (unsigned i = 0; i < 4; i++) {
		size_t len;

		exposition_label(labels, "name", value);
		len = strlen(labels);
		assert_true(len < sizeof labels && len > 5);
		assert_int_equal(labels[len - 1], '"');
	}
}

static void test_histogram(void **state)
{
	struct exposition e;
	struct histogram h = { .sum_us = 0 };
	const char *text;
	size_t len;

	(void)state;
	histogram_add(&h, 10);
	histogram_add(&h, 100);
	histogram_add(&h, 1500000);
	histogram_add(&h, 60000000);
	exposition_init(&e);
	exposition_family(&e, "t_seconds", "histogram", "Times.");
	exposition_histogram(&e, "u=\"v\"", &h);
	assert_int_equal(bytes_append(&e.text, "", 1), 0);
	text = exposition_get(&e, &len);
	assert_non_null(strstr(text, "t_seconds_bucket{u=\"v\",le=\"0.000064\"} 1\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{u=\"v\",le=\"0.000128\"} 2\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{u=\"v\",le=\"1.048576\"} 2\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{u=\"v\",le=\"2.097152\"} 3\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{u=\"v\",le=\"8.388608\"} 3\n"));
	assert_non_null(
		strstr(text, "t_seconds_bucket{u=\"v\",le=\"+Inf\"} 4\n"
			     "t_seconds_sum{u=\"v\"} 61.50011\nt_seconds_count{u=\"v\"} 4\n"));
	exposition_free(&e);
}

/* Whatever is too much makes all void. */
static void test_bound(void **state)
{
	struct exposition e;
	size_t len;

	(void)state;
	exposition_init(&e);
	exposition_family(&e, "a", "gauge", "A.");
	while (!e.failed) {
		assert_true(bytes_len(&e.text) <= EXPOSITION_MAX);
		exposition_count(&e, NULL, 1);
	}
	assert_null(exposition_get(&e, &len));
	exposition_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_long_labels),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
