/* An audit's test names, and its question whether TLS 1.1 is taken. */
#include <stdio.h>
#include <string.h>

#include "common/dns/name.h"
#include "proxy/ctl/audit_hello.h"
#include "proxy/ctl/audit_names.h"
#include "tests/unit/cm.h"

static void test_names_file(void **state)
{
	static const char text[] = "good = \"www.judge.test\";\n"
				   "# not to be measured\n"
				   "client-subnet = \"\"\n"
				   "qname-minimisation-says = \"yes, it is\"\n";
	struct audit_names names;
	struct config_errors errors = { 0 };

	(void)state;
	audit_names_defaults(&names);
	assert_true(audit_names_load(&names, text, sizeof text - 1, "names", &errors));
	assert_string_equal(names.good, "www.judge.test");
	assert_string_equal(names.subnet, "");
	assert_string_equal(names.minimising_yes, "yes, it is");
	assert_string_equal(names.bogus, "dnssec-failed.org"); /* as it was */
}

static void test_bad_names(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "good = 1\n", "names:1: test name \"good\": a text is wanted" },
		{ "\n\ngod = \"a.test\"\n", "names:3: unknown test name \"god\"" },
		{ "bogus = \"a..test\"\n", "names:1: test name \"bogus\": \"a..test\" is not" },
		{ "good = \n", "names:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config_errors errors = { 0 };
		struct audit_names names;

		audit_names_defaults(&names);
		expect(rows[i].text, !audit_names_load(&names, rows[i].text, strlen(rows[i].text),
					     "names", &errors));
		expect(rows[i].text, errors.count == 1 && strncmp(errors.text[0], rows[i].complaint,
								  strlen(rows[i].complaint)) == 0);
		config_errors_free(&errors);
	}
}

static void test_names_on_the_command_line(void **state)
{
	static const char *const bad[] = { "good", "=a.test", "goo=a.test", "good=a..test", "" };
	struct audit_names names;
	char error[512];

	(void)state;
	audit_names_defaults(&names);
	assert_true(audit_names_set(&names, "slow=*.slow.test", error, sizeof error));
	assert_string_equal(names.slow, "*.slow.test");
	assert_true(audit_names_set(&names, "bogus=", error, sizeof error));
	assert_string_equal(names.bogus, "");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		expect(bad[i], !audit_names_set(&names, bad[i], error, sizeof error));
}

static void test_random_names(void **state)
{
	uint8_t one[DNS_NAME_MAX], two[DNS_NAME_MAX], want[DNS_NAME_MAX];
	size_t len = audit_name_wire("www.*.test", one);

	(void)state;
	assert_int_equal(len, 4 + 17 + 6);
	assert_memory_equal(one, "\3www\20", 5);
	assert_memory_equal(one + 4 + 17, "\4test", 6);
	assert_int_equal(audit_name_wire("www.*.test", two), len);
	assert_memory_not_equal(one, two, len);
	assert_int_equal(audit_name_wire("", one), 0);
	len = audit_name_wire("a.test", one);
	assert_int_equal(name_from_text("a.test", want), len);
	assert_memory_equal(one, want, len);
}

/* ------------------------------------------------------------------ the ClientHello */

static void check_hello(const char *name)
{
	uint8_t hello[AUDIT_HELLO_MAX];
	size_t len = audit_hello_build(name, hello);

	assert_true(len > 50);
	assert_int_equal(hello[0], 22);
	assert_int_equal(wire_get16(hello + 3), len - 5);
	assert_int_equal(hello[5], 1);
	assert_int_equal(wire_get16(hello + 7), len - 9);
	assert_int_equal(wire_get16(hello + 9), 0x0302);
}

static void test_hello(void **state)
{
	char longest[254];

	(void)state;
	check_hello(NULL);
	check_hello("dns.example.net");
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	check_hello(longest);
}

static void test_hello_answers(void **state)
{
	static const struct {
		const char *name;
		uint8_t data[12];
		size_t len;
		enum audit_answer answer;
	} rows[] = {
		{ "alert", { 21, 3, 2, 0, 2, 2, 70 }, 7, AUDIT_NO },
		{ "first octet of an alert", { 21 }, 1, AUDIT_NO },
		{ "no TLS", { 'H', 'T', 'T', 'P' }, 4, AUDIT_NO },
		{ "nothing", { 0 }, 0, AUDIT_UNKNOWN },
		{ "half", { 22, 3, 2, 0, 60, 2, 0 }, 7, AUDIT_UNKNOWN },
		{ "TLS 1.1", { 22, 3, 2, 0, 60, 2, 0, 0, 56, 3, 2 }, 11, AUDIT_YES },
		{ "TLS 1.0", { 22, 3, 1, 0, 60, 2, 0, 0, 56, 3, 1 }, 11, AUDIT_YES },
		{ "TLS 1.2 all the same", { 22, 3, 3, 0, 60, 2, 0, 0, 56, 3, 3 }, 11, AUDIT_NO },
		{ "another message", { 22, 3, 1, 0, 60, 11, 0, 0, 56, 3, 1 }, 11, AUDIT_NO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(
			rows[i].name, audit_hello_judge(rows[i].data, rows[i].len), rows[i].answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_file),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_names_on_the_command_line),
		cmocka_unit_test(test_random_names),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_hello_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
