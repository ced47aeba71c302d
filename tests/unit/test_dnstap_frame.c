#include "proxy/ops/dnstap_frame.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

#include <stdlib.h>
#include <string.h>

/* Octets that stand for a DNS message. */
static const uint8_t dns[] = { 0xd1, 0xd2, 0xd3 };

struct row {
	const char *name;
	enum tap_event event;
	enum tap_over over;
	const char *peer;
	uint64_t took_us;
	bool addresses;
	const char *hex;
};

/* version, then Message with its length, then the type; as protoc --decode reads them. */
static const struct row rows[] = {
	{ "a client's query, whole address", TAP_CLIENT_QUERY, TAP_UDP, "192.0.2.77:5353", 0, true,
		"12 08 64 6e 73 66 77 64 20 78  72 1c"
		"08 05  10 01  18 01  22 04 c0 00 02 4d  30 e9 29  40 ac 02  4d 07 00 00 00"
		"52 03 d1 d2 d3  78 01" },
	{ "its network alone", TAP_CLIENT_QUERY, TAP_TCP, "192.0.2.77:5353", 0, false,
		"12 08 64 6e 73 66 77 64 20 78  72 19"
		"08 05  10 01  18 02  22 04 c0 00 02 00  40 ac 02  4d 07 00 00 00"
		"52 03 d1 d2 d3  78 01" },
	{ "IPv6", TAP_CLIENT_QUERY, TAP_UDP, "[2001:db8:1:2::3]:53", 0, false,
		"12 08 64 6e 73 66 77 64 20 78  72 25"
		"08 05  10 02  18 01  22 10 20 01 0d b8 00 01 00 00 00 00 00 00 00 00 00 00"
		"40 ac 02  4d 07 00 00 00  52 03 d1 d2 d3  78 01" },
	{ "IPv4 on a socket for both", TAP_CLIENT_QUERY, TAP_UDP, "[::ffff:192.0.2.77]:53", 0,
		false,
		"12 08 64 6e 73 66 77 64 20 78  72 19"
		"08 05  10 01  18 01  22 04 c0 00 02 00  40 ac 02  4d 07 00 00 00"
		"52 03 d1 d2 d3  78 01" },
	{ "a reply, after 1.5 s", TAP_CLIENT_RESPONSE, TAP_UDP, "192.0.2.77:5353", 1500000, false,
		"12 08 64 6e 73 66 77 64 20 78  72 21"
		"08 06  10 01  18 01  22 04 c0 00 02 00  40 aa 02  4d 07 65 cd 1d"
		"60 ac 02  6d 07 00 00 00  72 03 d1 d2 d3  78 01" },
	{ "to an upstream over TLS: its address is no secret", TAP_UPSTREAM_QUERY, TAP_TLS,
		"9.9.9.9:853", 0, false,
		"12 08 64 6e 73 66 77 64 20 78  72 1c"
		"08 07  10 01  18 03  2a 04 09 09 09 09  38 d5 06  40 ac 02  4d 07 00 00 00"
		"52 03 d1 d2 d3  78 01" },
	{ "from an upstream over DTLS", TAP_UPSTREAM_RESPONSE, TAP_DTLS, "9.9.9.9:853", 0, false,
		"12 08 64 6e 73 66 77 64 20 78  72 24"
		"08 08  10 01  18 01  2a 04 09 09 09 09  38 d5 06  40 ac 02  4d 07 00 00 00"
		"60 ac 02  6d 07 00 00 00  72 03 d1 d2 d3  78 01" },
};

static void test_frames(void **state)
{
	const struct dnstap_form all = { .version = "dnsfwd x", .now = { 300, 7 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct dnstap_form f = all;
		struct addr peer;
		struct tap_message m = { r->event, r->over, &peer, dns, sizeof dns, r->took_us };
		uint8_t want[300], got[sizeof dns + DNSTAP_FRAME_EXTRA];
		size_t len = hex_bytes(r->hex, want, sizeof want), got_len;

		assert_true(addr_parse(r->peer, strlen(r->peer), 0, true, &peer));
		f.client_addresses = r->addresses;
		got_len = dnstap_frame(&m, &f, got);
		expect_int(r->name, got_len, len);
		expect(r->name, memcmp(got, want, len) == 0);
	}
}

/* The longest of all fits, and its lengths take three octets. */
static void test_longest(void **state)
{
	char version[64];
	struct dnstap_form f = {
		.version = version, .client_addresses = true,
		.now = { (time_t)(sizeof(time_t) > 4 ? INT64_MAX : INT32_MAX), 999999999 }
	};
	struct addr peer;
	uint8_t *data = calloc(1, 65535), *out = malloc(65535 + DNSTAP_FRAME_EXTRA);
	struct tap_message m = { TAP_CLIENT_RESPONSE, TAP_TCP, &peer, data, 65535, 1 };
	size_t len;

	(void)state;
	memset(version, 'v', sizeof version - 1);
	version[sizeof version - 1] = '\0';
	assert_true(addr_parse("[2001:db8::1]:65535", 19, 0, true, &peer));
	len = dnstap_frame(&m, &f, out);
	assert_true(len > 65535 + 100 && len <= 65535 + DNSTAP_FRAME_EXTRA);
	assert_int_equal(out[len - 2], 0x78);
	free(data);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
