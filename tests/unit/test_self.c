#include "proxy/self.h"

#include "tests/unit/cm.h"

#include <ifaddrs.h>
#include <string.h>

static struct addr parsed(const char *text)
{
	struct addr a = { 0 };

	if (!addr_parse(text, strlen(text), 53, false, &a))
		fail_msg("%s", text);
	return a;
}

static const struct {
	const char *to;
	bool wanted;
} rows[] = {
	{ "127.0.0.1:5300", true },
	{ "127.0.0.1:54", false },
	{ "127.0.0.2:5300", false },
	/* the any-address of IPv4 */
	{ "127.0.0.1:53", true },
	{ "127.8.8.8:53", true },
	{ "192.0.2.1:53", false },
	{ "[::1]:53", false },
	/* an any-address of IPv6 */
	{ "[::1]:55", true },
	{ "127.0.0.1:55", false },
	{ "[2001:db8::1]:55", false },
};

static void test_rows(void **state)
{
	struct addr listen[] = { parsed("127.0.0.1:5300"), parsed("0.0.0.0:53"),
		parsed("[::]:55") };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr to = parsed(rows[i].to);

		expect_int(
			rows[i].to, self_is_reached(listen, COUNT_OF(listen), &to), rows[i].wanted);
		assert_false(self_is_reached(listen, 0, &to));
	}
}

/* Whatever addresses the machine of the test has: at an any-address all of them lead back. */
static void test_addresses_of_the_machine(void **state)
{
	struct addr listen[] = { parsed("0.0.0.0:53"), parsed("[::]:53") };
	struct ifaddrs *all;
	size_t seen = 0;

	(void)state;
	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr a = { 0 };

		if (!i->ifa_addr ||
			(i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		memcpy(&a, i->ifa_addr,
			i->ifa_addr->sa_family == AF_INET ? sizeof a.in4 : sizeof a.in6);
		addr_set_port(&a, 53);
		assert_true(self_is_reached(listen, 2, &a));
		addr_set_port(&a, 54);
		assert_false(self_is_reached(listen, 2, &a));
		seen++;
	}
	freeifaddrs(all);
	assert_true(seen > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_addresses_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
