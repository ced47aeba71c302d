#include "proxy/upstream/history.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/cm.h"

static const struct transport_info full = { .not_after = 1000 }, resumed = { .resumed = true };

static struct addr address(unsigned n)
{
	struct addr a;
	char text[40];

	snprintf(text, sizeof text, "192.0.2.%u", n);
	assert_true(addr_parse(text, strlen(text), 853, false, &a));
	return a;
}

static void test_handshakes(void **state)
{
	struct history h = { 0 };
	struct addr a = address(1), b = address(2);
	struct history_entry *e;

	(void)state;
	assert_null(history_find(&h, &a));
	e = history_connected(&h, &a, &full, 5000, 1);
	assert_ptr_equal(history_connected(&h, &a, &resumed, 3000, 2), e);
	assert_ptr_not_equal(history_connected(&h, &b, &full, 1, 3), e);
	assert_ptr_equal(history_find(&h, &a), e);
	assert_int_equal(e->full, 1);
	assert_int_equal(e->resumed, 1);
	assert_int_equal(e->handshake_us, 3000);
	assert_int_equal(e->not_after, 1000); /* a resumed one shows none */
	assert_int_equal(e->users, 2);
	history_left(e);
	history_left(e);
	history_left(e);
	history_left(NULL);
	assert_int_equal(e->users, 0);
	history_deinit(&h);
}

static const struct {
	const char *name;
	size_t len[4];
	unsigned block;
} paddings[] = {
	{ "one size", { 468, 468 }, 468 },
	{ "multiples", { 936, 468, 1404 }, 468 },
	{ "a smaller block behind a larger length", { 512, 128, 384 }, 128 },
	{ "no block", { 468, 101 }, 1 },
	{ "none", { 0 }, 0 },
};

static void test_padding(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paddings); i++) {
		struct history_entry e = { 0 };
		unsigned count = 0;

		history_answered(&e, 1, false, 77);
		for (; count < 4 && paddings[i].len[count]; count++)
			history_answered(&e, 1, true, paddings[i].len[count]);
		expect_int(paddings[i].name, e.pad_block, paddings[i].block);
		expect_int(paddings[i].name, e.padded, count);
		expect_int(paddings[i].name, e.answers, count + 1);
	}
}

static void test_response_time(void **state)
{
	struct history_entry e = { 0 };

	(void)state;
	history_answered(&e, 800, false, 1);
	assert_int_equal(e.srtt_us, 800);
	history_answered(&e, 1600, false, 1);
	assert_int_equal(e.srtt_us, 900);
	history_answered(&e, 1000000, false, 1); /* an outlier */
	assert_int_equal(e.srtt_us, (7 * 900 + 3600) / 8);
}

static void test_failures(void **state)
{
	struct history h = { 0 };
	struct addr a = address(1);
	struct transport_end end = { .stage = STAGE_TLS, .text = "no", .partial_len = 5 };
	const struct history_entry *e;

	(void)state;
	history_failed(&h, &a, &end, 7);
	strcpy(end.text, "never");
	history_failed(&h, &a, &end, 9);
	e = history_find(&h, &a);
	assert_int_equal(e->failed, 2);
	assert_int_equal(e->failed_us, 9);
	assert_string_equal(e->failure.text, "never");
	assert_int_equal(e->failure.partial_len, 0);
	history_deinit(&h);
}

/* The one heard of least lately goes, never one that a session points to. */
static void test_bound(void **state)
{
	struct history h = { 0 };
	struct transport_end end = { .stage = STAGE_TCP };
	struct addr first = address(1), second = address(2), other = address(100);

	(void)state;
	assert_non_null(history_connected(&h, &first, &full, 1, 1));
	for (unsigned i = 2; i <= HISTORY_MAX; i++) {
		struct addr a = address(i);

		history_failed(&h, &a, &end, i);
	}
	history_failed(&h, &other, &end, 50);
	assert_int_equal(h.count, HISTORY_MAX);
	assert_non_null(history_find(&h, &first));
	assert_null(history_find(&h, &second));
	assert_int_equal(history_find(&h, &other)->failed, 1);
	for (unsigned i = 3; i <= HISTORY_MAX + 1; i++) {
		struct addr a = address(i == HISTORY_MAX + 1 ? 100 : i);

		assert_non_null(history_connected(&h, &a, &full, 1, 60));
	}
	assert_null(history_connected(&h, &second, &full, 1, 70));
	history_deinit(&h);
	assert_int_equal(h.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_response_time),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
