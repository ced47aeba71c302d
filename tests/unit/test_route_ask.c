/* The kernel's answers about routes and neighbours: read as far as they go, and asked for in earnest. */
#include "proxy/ops/route.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

/* nlmsghdr, rtmsg or ndmsg, attributes; lengths are filled in.  For little-endian machines, as the hex is: others are skipped. */
static void skip_elsewhere(void)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		skip();
}

#define DST    "0800 0100 09090909 "
#define OIF    "0800 0400 02000000 "
#define SRC    "0800 0700 c0a80105 "
#define GW     "0800 0500 c0a80101 "

static size_t build(uint8_t *out, size_t cap, uint16_t type, const char *body)
{
	size_t len = hex_bytes(body, out + 16, cap - 16) + 16;

	memset(out, 0, 16);
	memcpy(out, &(uint32_t){ (uint32_t)len }, 4);
	memcpy(out + 4, &type, 2);
	return len;
}

#define NEWROUTE 24
#define NEWNEIGH 28
#define ERROR	 2
/* family, dst_len, src_len, tos, table, protocol, scope, type, flags */
#define RT4(type) "02 20 00 00 fe 00 fd " type " 00000000 "
#define RT6	  "0a 80 00 00 fe 00 fd 01 00000000 "

static const struct {
	const char *name;
	uint16_t type;
	const char *body;
	int result;
	unsigned interface;
	const char *source, *gateway;
} rows[] = {
	{ "over a gateway", NEWROUTE, RT4("01") DST OIF SRC GW, 0, 2, "192.168.1.5", "192.168.1.1" },
	{ "on the link", NEWROUTE, RT4("01") DST OIF SRC, 0, 2, "192.168.1.5", "" },
	{ "our own", NEWROUTE, RT4("02") DST OIF SRC, 0, 2, "192.168.1.5", "" },
	{ "no source told", NEWROUTE, RT4("01") OIF, 0, 2, "", "" },
	{ "over a gateway of IPv6", NEWROUTE,
		RT4("01") OIF "1600 1200 0a00 fe800000000000000000000000000001 0000", 0, 2, "", "fe80::1" },
	{ "IPv6", NEWROUTE,
		RT6 OIF "1400 0700 20010db8000000000000000000000005 1400 0500 fe800000000000000000000000000001", 0,
		2, "2001:db8::5", "fe80::1" },
	{ "something unknown between", NEWROUTE, RT4("01") "0600 7700 abcd 0000 " OIF, 0, 2, "", "" },
	{ "black hole", NEWROUTE, RT4("06") OIF, -ENOENT, 0, "", "" },
	{ "unreachable", NEWROUTE, RT4("07") OIF, -ENOENT, 0, "", "" },
	{ "broadcast", NEWROUTE, RT4("03") OIF, -ENOENT, 0, "", "" },
	{ "network is unreachable", ERROR, "9bffffff", -ENETUNREACH, 0, "", "" },
	{ "not permitted", ERROR, "ffffffff", -EPERM, 0, "", "" },
	{ "an error that is none", ERROR, "00000000", -EBADMSG, 0, "", "" },
	{ "an error cut", ERROR, "ff", -EBADMSG, 0, "", "" },
	{ "another message", NEWNEIGH, RT4("01") OIF, -EBADMSG, 0, "", "" },
	{ "a head cut", NEWROUTE, "0220", -EBADMSG, 0, "", "" },
	{ "an interface of two octets", NEWROUTE, RT4("01") "0600 0400 0200 0000", -EBADMSG, 0, "", "" },
	{ "a gateway of three octets", NEWROUTE, RT4("01") "0700 0500 c0a801 00", -EBADMSG, 0, "", "" },
	{ "a source of the other family", NEWROUTE, RT4("01") "1400 0700 20010db8000000000000000000000005", -EBADMSG,
		0, "", "" },
	{ "via cut", NEWROUTE, RT4("01") "0500 1200 0a 000000", -EBADMSG, 0, "", "" },
	{ "via without address", NEWROUTE, RT4("01") "0600 1200 0a00 0000", -EBADMSG, 0, "", "" },
	{ "an attribute beyond the end", NEWROUTE, RT4("01") OIF "ff00 0500 c0a80101", 0, 2, "", "" },
	{ "an attribute without length", NEWROUTE, RT4("01") OIF "0000 0500 c0a80101", 0, 2, "", "" },
};

static void assert_ip(const char *name, const struct addr *a, const char *wanted)
{
	char text[ADDR_TEXT_MAX] = "";

	if (a->sa.sa_family != AF_UNSPEC)
		addr_ip_text(a, text);
	if (strcmp(text, wanted) != 0)
		fail_msg("%s: %s, not %s", name, text, wanted);
}

static void test_routes(void **state)
{
	(void)state;
	skip_elsewhere();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		_Alignas(8) uint8_t data[256];
		struct route r = { .reachable = false };
		size_t len = build(data, sizeof data, rows[i].type, rows[i].body);

		expect_int(rows[i].name, route_parse(data, len, &r), rows[i].result);
		expect_int(rows[i].name, r.reachable, rows[i].result == 0);
		expect_int(rows[i].name, (int)r.interface, (int)rows[i].interface);
		assert_ip(rows[i].name, &r.source, rows[i].source);
		assert_ip(rows[i].name, &r.gateway, rows[i].gateway);
	}
}

/* Whatever is missing at the end: nothing behind it is read (sanitizers watch), and nothing is half true. */
static void test_cut(void **state)
{
	_Alignas(8) uint8_t whole[256];
	size_t len = build(whole, sizeof whole, NEWROUTE, rows[0].body);

	(void)state;
	skip_elsewhere();
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *part = malloc(cut ? cut : 1);
		struct route r = { .reachable = false };

		memcpy(part, whole, cut);
		assert_int_equal(route_parse(part, cut, &r), -EBADMSG);
		assert_false(r.reachable);
		free(part);
	}
}

/* family, pads, ifindex, state, flags, type */
#define ND(state) "02 00 0000 02000000 " state " 00 01 "
#define LL	  "0a00 0200 020000000001 0000"

static const struct {
	const char *name;
	uint16_t type;
	const char *body;
	enum route_neighbour wanted;
	size_t mac_len;
} neighbours[] = {
	{ "reachable", NEWNEIGH, ND("0200") LL, ROUTE_NEIGHBOUR_KNOWN, 6 },
	{ "stale", NEWNEIGH, ND("0400") LL, ROUTE_NEIGHBOUR_KNOWN, 6 },
	{ "permanent", NEWNEIGH, ND("8000") LL, ROUTE_NEIGHBOUR_KNOWN, 6 },
	{ "failed", NEWNEIGH, ND("2000") LL, ROUTE_NEIGHBOUR_UNKNOWN, 0 },
	{ "incomplete", NEWNEIGH, ND("0100") LL, ROUTE_NEIGHBOUR_UNKNOWN, 0 },
	{ "no addresses there", NEWNEIGH, ND("4000") LL, ROUTE_NEIGHBOUR_UNKNOWN, 0 },
	{ "without address", NEWNEIGH, ND("0200"), ROUTE_NEIGHBOUR_UNKNOWN, 0 },
	{ "no entry", ERROR, "feffffff", ROUTE_NEIGHBOUR_ABSENT, 0 },
	{ "old kernel", ERROR, "a1ffffff", ROUTE_NEIGHBOUR_UNKNOWN, 0 },
	{ "cut", NEWNEIGH, "02", ROUTE_NEIGHBOUR_UNKNOWN, 0 },
};

static void test_neighbours(void **state)
{
	(void)state;
	skip_elsewhere();
	for (size_t i = 0; i < COUNT_OF(neighbours); i++) {
		_Alignas(8) uint8_t data[256];
		struct route r = { .reachable = true };
		size_t len = build(data, sizeof data, neighbours[i].type, neighbours[i].body);

		route_parse_neighbour(data, len, &r);
		expect_int(neighbours[i].name, (int)r.neighbour, (int)neighbours[i].wanted);
		expect_int(neighbours[i].name, (int)r.mac_len, (int)neighbours[i].mac_len);
	}
}

/* Every machine reaches itself. */
static void test_in_earnest(void **state)
{
	int fd = route_open();
	struct addr to;
	struct route r;

	(void)state;
	assert_true(fd >= 0);
	assert_true(addr_parse_ip("127.0.0.1", &to));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(route_ask(fd, &to, 0, &r), 0);
		assert_true(r.reachable);
		assert_int_equal(r.interface, if_nametoindex("lo"));
		assert_ip("loopback", &r.source, "127.0.0.1");
		assert_ip("loopback", &r.gateway, "");
	}
	assert_int_equal(route_ask(fd, &to, 0x7ffffff0, &r), 0);
	assert_false(r.reachable); /* there is no such interface */
	close(fd);
	assert_true(route_ask(fd, &to, 0, &r) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_in_earnest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
