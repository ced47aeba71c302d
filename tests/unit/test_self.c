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
	struct self_socket listen[] = { { parsed("127.0.0.1:5300"), true, true },
		{ parsed("0.0.0.0:53"), true, true }, { parsed("[::]:55"), true, true } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr to = parsed(rows[i].to);

		expect_int(rows[i].to, self_is_reached(listen, COUNT_OF(listen), &to, false),
			rows[i].wanted);
		assert_false(self_is_reached(listen, 0, &to, true));
	}
}

/* Whatever addresses the machine of the test has: at an any-address all of them lead back. */
static void test_addresses_of_the_machine(void **state)
{
	struct self_socket listen[] = { { parsed("0.0.0.0:53"), true, true },
		{ parsed("[::]:53"), true, true } };
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
		assert_true(self_is_reached(listen, 2, &a, true));
		addr_set_port(&a, 54);
		assert_false(self_is_reached(listen, 2, &a, true));
		seen++;
	}
	freeifaddrs(all);
	assert_true(seen > 0);
}

/* Another program may have the port's other half. */
static void test_half_a_port(void **state)
{
	struct self_socket udp = { parsed("127.0.0.1:853"), true, false };
	struct self_socket tcp = { parsed("127.0.0.1:853"), false, true };
	struct addr to = parsed("127.0.0.1:853");

	(void)state;
	assert_false(self_is_reached(&udp, 1, &to, false));
	assert_true(self_is_reached(&udp, 1, &to, true));
	assert_true(self_is_reached(&tcp, 1, &to, false));
	assert_true(self_is_reached(&tcp, 1, &to, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_addresses_of_the_machine),
		cmocka_unit_test(test_half_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
