#include "proxy/upstream/verdict.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#define HEAD	 "0001 0000 0000 0001"
#define QUESTION "026e31 076578616d706c65 03636f6d 00 0001 0001"
#define OPT	 "00 0029 04d0 00000000"

static const struct {
	const char *name, *hex;
	bool moves_on;
} answers[] = {
	{ "NOERROR", "0000 8180 0001 0000 0000 0000" QUESTION, false },
	{ "an answer",
		"0000 8180 0001 0001 0000 0000" QUESTION "c00c 0001 0001 00000e10 0004 01020304",
		false },
	{ "FORMERR", "0000 8181 0001 0000 0000 0000" QUESTION, false },
	{ "SERVFAIL", "0000 8182 0001 0000 0000 0000" QUESTION, true },
	{ "NXDOMAIN", "0000 8183 0001 0000 0000 0000" QUESTION, false },
	{ "NOTIMP", "0000 8184 0001 0000 0000 0000" QUESTION, false },
	{ "REFUSED", "0000 8185 0001 0000 0000 0000" QUESTION, true },
	{ "NOTAUTH", "0000 8189 0001 0000 0000 0000" QUESTION, false },
	{ "SERVFAIL without question", "0000 8182 0000 0000 0000 0000", true },
	{ "SERVFAIL, empty OPT", "0000 8182" HEAD QUESTION OPT "0000", true },
	{ "SERVFAIL, other options",
		"0000 8182" HEAD QUESTION OPT "000c 000b 0002 0000 000c 0002 0006", true },
	{ "SERVFAIL, an EDE without a code", "0000 8182" HEAD QUESTION OPT "0005 000f 0001 06",
		true },
	{ "SERVFAIL, EDE 6 with text", "0000 8182" HEAD QUESTION OPT "000a 000f 0006 0006 626f6f6d",
		false },
	{ "SERVFAIL, EDE 6 behind EDE 22",
		"0000 8182" HEAD QUESTION OPT "000c 000f 0002 0016 000f 0002 0006", false },
	{ "REFUSED, EDE 16", "0000 8185" HEAD QUESTION OPT "0006 000f 0002 0010", false },
	{ "an EDE's number as length of another option",
		"0000 8182" HEAD QUESTION OPT "0007 fff0 0003 0f0006", true },
	{ "BADVERS", "0000 8180" HEAD QUESTION "00 0029 04d0 01000000 0000", true },
	{ "BADCOOKIE", "0000 8187" HEAD QUESTION "00 0029 04d0 01000000 0000", true },
	{ "BADCOOKIE, EDE 16", "0000 8187" HEAD QUESTION "00 0029 04d0 01000000 0006 000f 0002 0010",
		true },
	{ "YXRRSET", "0000 8187" HEAD QUESTION OPT "0000", false },
	{ "a broken option list", "0000 8182" HEAD QUESTION OPT "0006 000f 0009 0006", true },
};

static void test_answers(void **state)
{
	uint8_t bytes[300];
	struct dns_message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		const char *row = answers[i].name;
		size_t len = hex_bytes(answers[i].hex, bytes, sizeof bytes);

		expect_int(row, message_parse(bytes, len, &m), MESSAGE_OK);
		expect_int(row, verdict_moves_on(&m), answers[i].moves_on);
	}
}

/* RFC 8914 5.2: DNSSEC's are 6 to 12, those of filters 15 to 17. */
static bool is_last_word(unsigned code)
{
	switch (code) {
	case 6:	 /* DNSSEC Bogus */
	case 7:	 /* Signature Expired */
	case 8:	 /* Signature Not Yet Valid */
	case 9:	 /* DNSKEY Missing */
	case 10: /* RRSIGs Missing */
	case 11: /* No Zone Key Bit Set */
	case 12: /* NSEC Missing */
	case 15: /* Blocked */
	case 16: /* Censored */
	case 17: /* Filtered */
		return true;
	default: /* 18 is Prohibited: of the one who asks, not of the name */
		return false;
	}
}

/* Every rcode of a header with every code that there is. */
static void test_codes(void **state)
{
	uint8_t bytes[100];
	struct dns_message m;

	(void)state;
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		for (unsigned code = 0; code < 64; code++) {
			struct wire_writer w = wire_writer(bytes, sizeof bytes);
			char option[40];

			snprintf(option, sizeof option, "000f 0002 %04x", code);
			put_header(&w, 1, (uint16_t)(0x8180 | rcode), 1);
			put_question(&w, "example.com", DNS_TYPE_A);
			put_opt(&w, option);
			assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
			expect_int(option, verdict_moves_on(&m),
				(rcode == 2 || rcode == 5) && !is_last_word(code));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
