#include "common/config/endpoint.h"

#include "tests/unit/cm.h"

#include <string.h>

static const struct {
	const char *text, *addr; /* NULL: not one */
} rows[] = {
	{ "127.0.0.1:9953", "127.0.0.1:9953" },
	{ "127.0.0.1@9953", "127.0.0.1:9953" },
	{ "127.0.0.1", "127.0.0.1:7" },
	{ "127.1.2.3:0", "127.1.2.3:0" },
	{ "[::1]:9953", "[::1]:9953" },
	{ "::1", "[::1]:7" },
	{ "0.0.0.0:9953", NULL },
	{ "[::]:9953", NULL },
	{ "192.168.1.1:9953", NULL },
	{ "126.0.0.1:9953", NULL },
	{ "[2001:db8::1]:9953", NULL },
	{ "[fe80::1%lo]:9953", NULL },
	{ "localhost:9953", NULL },
	{ "localhost", NULL },
	{ ":9953", NULL },
	{ "9953", NULL },
	{ "127.0.0.1:65536", NULL },
	{ "127.0.0.1:", NULL },
	{ "", NULL },
	{ "run/metrics.sock", NULL },
	{ "@metrics", NULL },
	{ "/", NULL },
	{ "/run/", NULL },
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct endpoint e = { .path = "untouched" };
		char text[ADDR_TEXT_MAX];
		bool good = endpoint_parse(rows[i].text, 7, &e);

		expect(rows[i].text, good == (rows[i].addr != NULL));
		expect(rows[i].text, good == !e.path);
		if (good)
			assert_string_equal(addr_text(&e.addr, text), rows[i].addr);
	}
}

static void test_paths(void **state)
{
	char longest[ENDPOINT_PATH_MAX + 1] = "/";
	struct endpoint e;

	(void)state;
	assert_true(endpoint_parse("/run/a b.sock", 7, &e));
	assert_string_equal(e.path, "/run/a b.sock");
	assert_int_equal(e.addr.sa.sa_family, AF_UNSPEC);
	memset(longest + 1, 'a', ENDPOINT_PATH_MAX - 2);
	assert_true(endpoint_parse(longest, 7, &e));
	longest[ENDPOINT_PATH_MAX - 1] = 'a';
	assert_false(endpoint_parse(longest, 7, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
