#include "proxy/ops/control_line.h"

#include "tests/unit/hex.h"

#include "tests/unit/cm.h"

static const struct {
	const char *text;
	size_t count;
	const char *last; /* word */
} good[] = {
	{ "status", 1, "status" },
	{ "status\r", 1, "status" },
	{ "a", 1, "a" },
	{ "flush --zone example.com", 3, "example.com" },
	{ "x \\032.example ~!", 3, "~!" },
	{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32", 32, "32" },
};

static const char *const bad[] = { "", "\r", " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\r\r", "a\x7f", "\x80",
	"\xc3\xa4",
	"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33" };

/* The text stands alone on the heap: a read behind it is seen. */
static const char *parse(const char *text, size_t len, struct control_line *ret)
{
	char *copy = (char *)exact_copy(text, len);
	const char *why = control_line_parse(copy, len, ret);

	free(copy);
	return why;
}

static void test_good(void **state)
{
	static struct control_line line;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_null(parse(good[i].text, strlen(good[i].text), &line));
		expect_int(good[i].text, line.count, good[i].count);
		assert_string_equal(line.word[line.count - 1], good[i].last);
	}
}

static void test_bad(void **state)
{
	static struct control_line line;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		expect(bad[i], parse(bad[i], strlen(bad[i]), &line) != NULL);
	assert_non_null(parse("a\0b", 3, &line));
}

static void test_length(void **state)
{
	static struct control_line line;
	static char text[CONTROL_LINE_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof text);
	assert_null(parse(text, CONTROL_LINE_MAX, &line));
	assert_int_equal(strlen(line.word[0]), CONTROL_LINE_MAX);
	assert_non_null(parse(text, CONTROL_LINE_MAX + 1, &line));
	text[CONTROL_LINE_MAX] = '\r';
	assert_null(parse(text, CONTROL_LINE_MAX + 1, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
