#include "common/dns/message.h"

#include "common/dns/ede.h"
#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#define COUNTS(qd, an, ns, ar) "1234 8180 " qd an ns ar
#define QUESTION	       "0161 00 0001 0001 " /* octets 12 to 18 */
#define FIXED_A		       "0001 0001 00000001 0004 01020304 "
#define RECORD_A	       "c00c " FIXED_A
#define OPT		       "00 0029 04d0 00000000 0000 "
#define TSIG		       "00 00fa 00ff 00000000 0000 "
#define SIG0		       "00 0018 00ff 00000000 0013 0000 00*16 00 " /* type covered 0, 16 octets, signer . */

#define OK	  MESSAGE_OK
#define SHORT	  MESSAGE_SHORT
#define NOQ	  MESSAGE_NO_QUESTION
#define MALFORMED MESSAGE_MALFORMED

static const struct {
	const char *name;
	enum message_verdict want;
	const char *hex;
} rows[] = {
	/* standards.md 25.4, 25.5 */
	{ "plain query", OK, "123401000001000000000000076578616d706c6503636f6d0000010001" },
	{ "EDNS query", OK,
		"123401000001000000000001076578616d706c6503636f6d000001000100002904d000000000"
		"0000" },
	{ "SERVFAIL and EDE", OK,
		"123481820001000000000001076578616d706c6503636f6d000001000100002904d000000000"
		"0006000f00020017" },
	{ "opcode 15, header only", OK, "123478000000000000000000" },
	{ "cookie-only query", OK,
		"12340100000000000000000100002904d000000000000c000a00082464c4abcf10c957" },
	{ "DSO keepalive: octets behind the header", MALFORMED,
		"1234300000000000000000000001000800003a980036ee80" },
	{ "NODATA with an SOA", OK,
		"123485800001000000010000045f646e73087265736f6c76657204617270610000400001"
		"087265736f6c766572046172706100 0006 0001 00002a30 0033"
		"087265736f6c766572046172706100066e6f626f647907696e76616c6964000000000100000e"
		"10000004b000093a8000002a30" },
	{ "x.onion", OK,
		"1234858300010000000100000178056f6e696f6e0000010001056f6e696f6e00000600010000"
		"2a30002b056f6e696f6e00066e6f626f647907696e76616c6964000000000100000e10000004"
		"b000093a8000002a30" },
	{ "DoH example answer", OK,
		"00008180000100010000000003777777076578616d706c6503636f6d00001c0001c00c001c00"
		"0100000e7d001020010db8abcd00120001000200030004" },
	/* 25.8 */
	{ "zlip-1", NOQ, "ed6900000001000000000000c00cc007c010c017c020c027c030c0ffcf000000010001" },
	{ "zlip-2", NOQ, "4a3000000001000000000000c00ec00cc010c017c020c027c030c0ffcf000000010001" },
	{ "zlip-3", NOQ, COUNTS("0001", "0000", "0000", "0000") "3e 61*62 c00cc00cc00cc00cc00c" },
	{ "self pointer as QNAME", NOQ, "222301000001000000000000c00c00010001" },
	{ "QNAME without root", NOQ, "2222010000010000000000000361" },
	{ "QNAME cut", NOQ, "22240100000100000000000003616263" },
	{ "deep but legal chain", OK,
		"12348180000100070000000001610000010001016100000100010000012c00047f000001c013"
		"000100010000012c00047f000002c024000100010000012c00047f000003c034000100010000"
		"012c00047f000004c044000100010000012c00047f000005c054000100010000012c00047f00"
		"0006c064000100010000012c00047f000007" },
	{ "OPT one too short, then a record", OK,
		"333381800001000000000002076578616d706c6503636f6d0000010001000029100000000000"
		"000100c00c000100010000003c0004cb007107" },

	/* short, and questions */
	{ "nothing", SHORT, "" },
	{ "11 octets", SHORT, "00*11" },
	{ "12 octets", OK, "00*12" },
	{ "question announced and missing", NOQ, COUNTS("0001", "0000", "0000", "0000") },
	{ "QTYPE cut", NOQ, COUNTS("0001", "0000", "0000", "0000") "0161 00 00" },
	{ "QCLASS missing", NOQ, COUNTS("0001", "0000", "0000", "0000") "0161 00 0001" },
	{ "QCLASS cut", NOQ, COUNTS("0001", "0000", "0000", "0000") "0161 00 0001 00" },
	{ "QNAME label type 01", NOQ,
		COUNTS("0001", "0000", "0000", "0000") "40 61*64 00 00010001" },
	{ "QNAME label type 10", NOQ,
		COUNTS("0001", "0000", "0000", "0000") "80 61*64 00 00010001" },
	{ "QNAME of 255", OK,
		COUNTS("0001", "0000", "0000",
			"0000") "3f 61*63 3f 61*63 3f 61*63 3d 61*61 00 00010001" },
	{ "QNAME of 256", NOQ,
		COUNTS("0001", "0000", "0000",
			"0000") "3f 61*63 3f 61*63 3f 61*63 3e 61*62 00 00010001" },
	{ "root as QNAME", OK, COUNTS("0001", "0000", "0000", "0000") "00 0001 0001" },
	{ "octet behind the question", MALFORMED,
		COUNTS("0001", "0000", "0000", "0000") QUESTION "00" },
	{ "octet behind the header", MALFORMED, COUNTS("0000", "0000", "0000", "0000") "00" },
	{ "two equal questions", OK, COUNTS("0002", "0000", "0000", "0000") QUESTION QUESTION },
	{ "second question missing", MALFORMED, COUNTS("0002", "0000", "0000", "0000") QUESTION },
	{ "second question cut", MALFORMED,
		COUNTS("0002", "0000", "0000", "0000") QUESTION "0161 00 0001" },
	{ "pointer in the second question", MALFORMED,
		COUNTS("0002", "0000", "0000", "0000") QUESTION "c00c 0001 0001" },
	{ "65535 questions", MALFORMED, COUNTS("ffff", "0000", "0000", "0000") QUESTION },

	/* counts */
	{ "ANCOUNT 65535, no data", MALFORMED, COUNTS("0000", "ffff", "0000", "0000") },
	{ "NSCOUNT 65535, no data", MALFORMED, COUNTS("0000", "0000", "ffff", "0000") },
	{ "ARCOUNT 65535, no data", MALFORMED, COUNTS("0000", "0000", "0000", "ffff") },
	{ "all counts 65535, no data", NOQ, COUNTS("ffff", "ffff", "ffff", "ffff") },
	{ "one record too few", MALFORMED,
		COUNTS("0001", "0002", "0000", "0000") QUESTION RECORD_A },
	{ "one record too many", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION RECORD_A RECORD_A },
	{ "a record in each section", OK,
		COUNTS("0001", "0001", "0001", "0001") QUESTION RECORD_A RECORD_A RECORD_A },
	{ "an answer without question", OK, COUNTS("0000", "0001", "0000", "0000") "00 " FIXED_A },

	/* owner and fixed part */
	{ "owner cut", MALFORMED, COUNTS("0001", "0001", "0000", "0000") QUESTION "0361" },
	{ "pointer cut", MALFORMED, COUNTS("0001", "0001", "0000", "0000") QUESTION "c0" },
	{ "pointer is the end", MALFORMED, COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c" },
	{ "pointer to itself", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c013 " FIXED_A },
	{ "pointer forward", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c01f " FIXED_A },
	{ "pointer into the header", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c004 " FIXED_A },
	{ "pointer to 12 without question", MALFORMED,
		COUNTS("0000", "0001", "0000", "0000") "c00c " FIXED_A },
	{ "owner label type 01", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "40 61*64 00" FIXED_A },
	{ "TYPE cut", MALFORMED, COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 00" },
	{ "CLASS missing", MALFORMED, COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 0001" },
	{ "TTL cut", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 0001 0001 000000" },
	{ "RDLENGTH cut", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 0001 0001 00000001 00" },
	{ "RDLENGTH beyond the end", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION
		"c00c 0001 0001 00000001 0005 01020304" },
	{ "RDLENGTH 65535", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION
		"c00c 0001 0001 00000001 ffff 01020304" },
	{ "A of any length is opaque", OK,
		COUNTS("0001", "0001", "0000", "0000") QUESTION
		"c00c 0001 0001 00000001 0003 010203" },
	{ "A without RDATA", OK,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 0001 00ff 00000000 0000" },
	{ "TTL ffffffff", OK,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c 0001 0001 ffffffff 0000" },
	{ "pointers in opaque RDATA mean nothing", OK,
		COUNTS("0001", "0001", "0000", "0000") QUESTION
		"c00c 0010 0001 00000001 0004 c0ffcfff" },

	/* OPT */
	{ "OPT last", OK, COUNTS("0001", "0001", "0000", "0001") QUESTION RECORD_A OPT },
	{ "OPT before a record", OK, COUNTS("0001", "0000", "0000", "0002") QUESTION OPT RECORD_A },
	{ "two OPT", MALFORMED, COUNTS("0001", "0000", "0000", "0002") QUESTION OPT OPT },
	{ "OPT in the answer section", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION OPT },
	{ "OPT in the authority section", MALFORMED,
		COUNTS("0001", "0000", "0001", "0000") QUESTION OPT },
	{ "OPT in answer and additional", MALFORMED,
		COUNTS("0001", "0001", "0000", "0001") QUESTION OPT OPT },
	{ "OPT with an owner", MALFORMED,
		COUNTS("0001", "0000", "0000", "0001") QUESTION "0161 00 0029 04d0 00000000 0000" },
	{ "OPT with a pointer to the root as owner", MALFORMED,
		COUNTS("0001", "0000", "0000", "0001") QUESTION "c00e 0029 04d0 00000000 0000" },
	{ "option beyond the OPT is for edns_parse", OK,
		COUNTS("0001", "0000", "0000", "0001") QUESTION
		"00 0029 04d0 00000000 0004 000c0009" },
	{ "OPT's RDLENGTH beyond the end", MALFORMED,
		COUNTS("0001", "0000", "0000", "0001") QUESTION
		"00 0029 04d0 00000000 0005 000c0000" },

	/* signatures */
	{ "TSIG last", OK, COUNTS("0001", "0000", "0000", "0002") QUESTION OPT TSIG },
	{ "TSIG before the OPT", MALFORMED,
		COUNTS("0001", "0000", "0000", "0002") QUESTION TSIG OPT },
	{ "TSIG in the answer section", MALFORMED,
		COUNTS("0001", "0001", "0000", "0000") QUESTION TSIG },
	{ "TSIG in the authority section", MALFORMED,
		COUNTS("0001", "0000", "0001", "0000") QUESTION TSIG },
	{ "TSIG of class IN", MALFORMED,
		COUNTS("0001", "0000", "0000", "0001") QUESTION "00 00fa 0001 00000000 0000" },
	{ "two TSIG", MALFORMED, COUNTS("0001", "0000", "0000", "0002") QUESTION TSIG TSIG },
	{ "SIG(0) last", OK, COUNTS("0001", "0000", "0000", "0001") QUESTION SIG0 },
	{ "SIG(0) not last is a record like others", OK,
		COUNTS("0001", "0000", "0000", "0002") QUESTION SIG0 RECORD_A },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[1024];
		size_t len = hex_bytes(rows[i].hex, bytes, sizeof bytes);
		uint8_t *data = exact_copy(bytes, len);
		struct dns_message m;

		expect_int(rows[i].name, message_parse(data, len, &m), rows[i].want);
		free(data);
	}
}

/* Whatever parses does not when it is cut anywhere, and never when an octet is added. */
static void test_cut_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[1024];
		size_t len = hex_bytes(rows[i].hex, bytes, sizeof bytes - 1);
		struct dns_message m;

		if (rows[i].want != OK)
			continue;
		bytes[len] = 0;
		expect_int(rows[i].name, message_parse(bytes, len + 1, &m), MALFORMED);
		for (size_t n = 0; n < len; n++) {
			uint8_t *data = exact_copy(bytes, n);

			expect(rows[i].name, message_parse(data, n, &m) != OK);
			free(data);
		}
	}
}

/* standards.md 25.7: all of them are well formed. */
static const char *const captured[] = {
	"a30b01200001000000000001076578616d706c6503636f6d0000010001000029100000000000000b0008"
	"000700011800c00002",
	"85bd01200001000000000001076578616d706c6503636f6d000001000100002910000000000000150008"
	"00110002640020010db885a3000000008a2e00",
	"761101200001000000000001076578616d706c6503636f6d0000010001000029100000000000000c000a"
	"0008a954d29208767b5c",
	"761185000001000100000001076578616d706c6503636f6d0000010001c00c000100010001518000045d"
	"b8d822000029100000000000001c000a0018a954d29208767b5ccf75f75b5db0bf0575c9f2d76c962883",
	"cdd001200001000000000001076578616d706c6503636f6d000001000100002910000000800000060005"
	"00020607",
	"e1d001200001000000000001076578616d706c6503636f6d0000010001000029100000008000000f0005"
	"0001fd00060001020007000101",
	"381101200001000000000001076578616d706c6503636f6d00000100010000291000000000000006000b"
	"000204d2",
	"0f3601200001000000000001076578616d706c6503636f6d00000100010000291000000080000008000e"
	"00047530ea60",
	"67d401200001000000000001076578616d706c6503636f6d0000010001000029100000000000000400030000",
	"400201200001000000000001076578616d706c6503636f6d00000100010000291000000000000008004d"
	"0004deadbeef",
	"18e501200001000000000001076578616d706c6503636f6d0000010001000029100000000000000a000c"
	"0006000000000000",
	"725301200001000000000001076578616d706c6503636f6d000001000100002910000000000000280003"
	"00080123456789abcdef000c000c000000000000000000000000000a0008aaaaaaaaaaaaaaaa",
	"f6ab012000010000000000010000060001000029100000000000000c000a000836bf111fef2e0109",
	"f6ab818700010000000000010000060001000029100001000000001c000a001836bf111fef2e01097d8f"
	"fe065c636ffb142d767494407a73",
	"8fb3012000010000000000010000100001000029100000ff0000000c000a0008e0fb2d7f2c7ec622",
	"8fb38100000100000000000100001000010000290200010000000000",
};

static void test_captured(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(captured); i++) {
		uint8_t bytes[256];
		size_t len = hex_bytes(captured[i], bytes, sizeof bytes);
		struct dns_message m;

		expect_int(captured[i], message_parse(bytes, len, &m), OK);
		expect(captured[i], m.opt > 0 && m.opt + m.opt_len == len);
		expect_int(captured[i], m.qdcount, 1);
	}
}

static void parse_hex(const char *hex, enum message_verdict want, uint8_t *bytes, size_t cap,
	struct dns_message *ret)
{
	size_t len = hex_bytes(hex, bytes, cap);

	memset(ret, 0xaa, sizeof *ret); /* everything must be set */
	expect_int(hex, message_parse(bytes, len, ret), want);
}

static void test_index(void **state)
{
	uint8_t b[256];
	struct dns_message m;

	(void)state;
	parse_hex("beef 8583 0001 0002 0001 0003" QUESTION RECORD_A RECORD_A RECORD_A RECORD_A OPT
			  RECORD_A,
		OK, b, sizeof b, &m);
	assert_ptr_equal(m.data, b);
	assert_int_equal(m.len, 12 + 7 + 16 * 5 + 11);
	assert_int_equal(m.id, 0xbeef);
	assert_int_equal(m.flags, 0x8583);
	assert_int_equal(message_opcode(&m), 0);
	assert_int_equal(message_rcode(&m), 3);
	assert_int_equal(m.qdcount, 1);
	assert_int_equal(m.count[DNS_ANSWER], 2);
	assert_int_equal(m.count[DNS_AUTHORITY], 1);
	assert_int_equal(m.count[DNS_ADDITIONAL], 3);
	assert_ptr_equal(m.question.name, b + 12);
	assert_int_equal(m.question.name_len, 3);
	assert_int_equal(m.question.type, DNS_TYPE_A);
	assert_int_equal(m.question.class, DNS_CLASS_IN);
	assert_int_equal(question_wire_len(&m.question), 7);
	assert_int_equal(m.question_end, 19);
	assert_int_equal(m.section[DNS_ANSWER], 19);
	assert_int_equal(m.section[DNS_AUTHORITY], 51);
	assert_int_equal(m.section[DNS_ADDITIONAL], 67);
	assert_int_equal(m.opt, 83);
	assert_int_equal(m.opt_len, 11);
	assert_false(m.has_signature);
}

static void test_index_without_question(void **state)
{
	uint8_t b[64];
	struct dns_message m;

	(void)state;
	parse_hex("1234 a805 0000 0000 0000 0000", OK, b, sizeof b, &m);
	assert_int_equal(message_opcode(&m), 5);
	assert_int_equal(m.question_end, 12);
	for (unsigned s = 0; s < DNS_SECTIONS; s++)
		assert_int_equal(m.section[s], 12);
	assert_int_equal(m.opt, 0);
	assert_null(m.question.name);
}

static void test_first_of_two_questions(void **state)
{
	uint8_t b[64];
	struct dns_message m;

	(void)state;
	parse_hex(COUNTS("0002", "0000", "0000", "0000") "0161 00 001c 0003 0162 00 0001 0001", OK,
		b, sizeof b, &m);
	assert_int_equal(m.question.type, 28);
	assert_int_equal(m.question.class, DNS_CLASS_CH);
	assert_int_equal(m.question_end, 26);
}

/* What FORMERR is made of stays; the rest is zero. */
static void test_rest_of_malformed(void **state)
{
	static const uint16_t zero_counts[DNS_SECTIONS];
	static const size_t zero_sections[DNS_SECTIONS];
	static const struct {
		const char *name;
		const char *hex;
		size_t opt;
	} broken[] = {
		{ "octet behind", COUNTS("0001", "0001", "0000", "0000") QUESTION RECORD_A "00",
			0 },
		{ "second OPT", COUNTS("0001", "0000", "0000", "0002") QUESTION OPT OPT, 19 },
		{ "record behind the OPT", COUNTS("0001", "0000", "0000", "0002") QUESTION OPT "c0",
			19 },
		{ "octet behind the OPT", COUNTS("0001", "0000", "0000", "0001") QUESTION OPT "00",
			19 },
		{ "octet behind a TSIG",
			COUNTS("0001", "0000", "0000", "0002") QUESTION OPT TSIG "00", 19 },
		{ "OPT in the answer", COUNTS("0001", "0001", "0000", "0000") QUESTION OPT, 0 },
		{ "second question cut", COUNTS("0002", "0000", "0000", "0000") QUESTION "01", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		uint8_t b[128];
		struct dns_message m;

		parse_hex(broken[i].hex, MALFORMED, b, sizeof b, &m);
		expect_int(broken[i].name, m.id, 0x1234);
		expect_int(broken[i].name, m.flags, 0x8180);
		expect_int(broken[i].name, m.question.name - b, 12);
		expect_int(broken[i].name, m.question.name_len, 3);
		expect_int(broken[i].name, m.question_end, 19);
		expect_int(broken[i].name, m.opt, broken[i].opt);
		expect_int(broken[i].name, m.opt_len, broken[i].opt ? 11 : 0);
		expect(broken[i].name, !memcmp(m.count, zero_counts, sizeof zero_counts));
		expect(broken[i].name, !memcmp(m.section, zero_sections, sizeof zero_sections));
		expect(broken[i].name, !m.has_signature);
	}
}

static void test_header_of_unreadable_question(void **state)
{
	uint8_t b[64];
	struct dns_message m;

	(void)state;
	parse_hex("4321 0100 0001 0000 0000 0000 03", NOQ, b, sizeof b, &m);
	assert_int_equal(m.id, 0x4321);
	assert_int_equal(m.flags, 0x0100);
	assert_int_equal(m.qdcount, 1);
}

static void test_signature(void **state)
{
	static const struct {
		const char *name;
		const char *hex;
		bool want;
	} cases[] = {
		{ "none", COUNTS("0001", "0000", "0000", "0001") QUESTION OPT, false },
		{ "TSIG", COUNTS("0001", "0000", "0000", "0002") QUESTION OPT TSIG, true },
		{ "SIG(0)", COUNTS("0001", "0000", "0000", "0002") QUESTION OPT SIG0, true },
		{ "SIG(0) before the OPT", COUNTS("0001", "0000", "0000", "0002") QUESTION SIG0 OPT,
			false },
		{ "SIG(0) in the answer", COUNTS("0001", "0001", "0000", "0000") QUESTION SIG0,
			false },
		{ "SIG that covers A",
			COUNTS("0001", "0000", "0000", "0001") QUESTION
			"00 0018 00ff 00000000 0013 0001 00*16 00",
			false },
		{ "SIG without RDATA",
			COUNTS("0001", "0000", "0000", "0001") QUESTION
			"00 0018 00ff 00000000 0000",
			false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t b[128];
		struct dns_message m;

		parse_hex(cases[i].hex, OK, b, sizeof b, &m);
		expect_int(cases[i].name, m.has_signature, cases[i].want);
	}
}

/* ------------------------------------------------------------------ RDATA */

/* Names in RDATA: 00, 0162 00, c00c. */
static const struct {
	const char *name;
	uint16_t type;
	const char *rdata; /* valid */
	size_t whole;	   /* octets that the layout needs; the rest may be anything */
} layouts[] = {
	{ "NS", 2, "0162 c00c", 4 },
	{ "MD", 3, "c00c", 2 },
	{ "MF", 4, "0162 00", 3 },
	{ "CNAME", 5, "0162 c00c", 4 },
	{ "SOA", 6, "0162 c00c 0163 00 00000001 00000002 00000003 00000004 00000005", 27 },
	{ "MB", 7, "0162 00", 3 },
	{ "MG", 8, "0162 00", 3 },
	{ "MR", 9, "0162 00", 3 },
	{ "PTR", 12, "0162 00", 3 },
	{ "MINFO", 14, "0162 00 c00c", 5 },
	{ "MX", 15, "000a 0162 c00c", 6 },
	{ "RP", 17, "c00c 0162 00", 5 },
	{ "AFSDB", 18, "0001 0162 00", 5 },
	{ "RT", 21, "0001 c00c", 4 },
	{ "SIG", 24, "0001 00*16 0162 c00c 99999999", 22 },
	{ "PX", 26, "0001 c00c 0162 00", 7 },
	{ "NXT", 30, "0162 c00c 40", 4 },
	{ "SRV", 33, "0001 0002 0035 0162 c00c", 10 },
	{ "NAPTR", 35, "0001 0002 01 75 00 03 616263 0162 00", 14 },
};

/* The first rdlen octets as RDATA; behind it stands what a name could run on into. */
static enum message_verdict parse_rdata(uint16_t type, const uint8_t *rdata, size_t rdlen)
{
	uint8_t out[256];
	struct wire_writer w = wire_writer(out, sizeof out);
	struct dns_message m;

	put_hex(&w, COUNTS("0001", "0002", "0000", "0000") QUESTION "c00c");
	put_fixed(&w, type, (uint16_t)rdlen);
	wire_write(&w, rdata, rdlen);
	put_hex(&w, "00 " FIXED_A);
	return message_parse(out, w.pos, &m);
}

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(layouts); i++) {
		uint8_t rdata[64] = { 0 };
		size_t len = hex_bytes(layouts[i].rdata, rdata, sizeof rdata);
		bool open = layouts[i].type == DNS_TYPE_SIG || layouts[i].type == DNS_TYPE_NXT;

		expect_int(layouts[i].name, parse_rdata(layouts[i].type, rdata, len), OK);
		expect_int(layouts[i].name, parse_rdata(layouts[i].type, rdata, 0), OK);
		expect_int(layouts[i].name, parse_rdata(layouts[i].type, rdata, len + 1),
			open ? OK : MALFORMED);
		for (size_t n = 1; n < len; n++)
			expect_int(layouts[i].name, parse_rdata(layouts[i].type, rdata, n),
				n < layouts[i].whole ? MALFORMED : OK);
	}
}

static void test_names_in_rdata(void **state)
{
	static const struct {
		const char *name;
		const char *rdata; /* of a CNAME at octet 31 */
		enum message_verdict want;
	} cases[] = {
		{ "back to its own owner", "c013", OK },
		{ "pointer to itself", "c01f", MALFORMED },
		{ "pointer forward", "c021", MALFORMED },
		{ "label type 01", "41 61*65 00", MALFORMED },
		{ "label beyond its RDATA", "1061", MALFORMED },
		{ "pointer cut by RDLENGTH", "c0", MALFORMED },
		{ "pointer's labels run into the RDATA", "c01c", MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t rdata[128];
		size_t len = hex_bytes(cases[i].rdata, rdata, sizeof rdata);

		expect_int(cases[i].name, parse_rdata(DNS_TYPE_CNAME, rdata, len), cases[i].want);
	}
}

/* A record of this type as the last of the message, with `body` zero octets of RDATA. */
static enum message_verdict parse_type(unsigned type, uint16_t rdlen, size_t body)
{
	uint8_t out[64], *data;
	struct wire_writer w = wire_writer(out, sizeof out);
	struct dns_message m;
	enum message_verdict verdict;

	put_hex(&w, COUNTS("0001", "0000", "0000", "0001") QUESTION "00");
	wire_write16(&w, (uint16_t)type);
	wire_write16(&w, type == DNS_TYPE_TSIG ? DNS_CLASS_ANY : DNS_CLASS_IN);
	wire_write32(&w, 0);
	wire_write16(&w, rdlen);
	wire_zero(&w, body);
	data = exact_copy(out, w.pos);
	verdict = message_parse(data, w.pos, &m);
	free(data);
	return verdict;
}

/* A30: no type does harm with RDATA that is empty, one octet, or said to be longer than all. */
static void test_every_type(void **state)
{
	static const uint16_t need_more[] = { 6, 14, 15, 17, 18, 21, 24, 26, 33, 35 };

	(void)state;
	for (unsigned type = 0; type <= 65535; type++) {
		bool more = false;

		for (size_t i = 0; i < COUNT_OF(need_more); i++)
			more = more || need_more[i] == type;
		expect_int(type_text(type), parse_type(type, 0, 0), OK);
		expect_int(type_text(type), parse_type(type, 1, 1), more ? MALFORMED : OK);
		expect_int(type_text(type), parse_type(type, 65535, 1), MALFORMED);
	}
}

/* ------------------------------------------------------------------ size and work */

static uint8_t big[70000];

/* Header, question, TXT records up to len octets. */
static void fill(size_t len)
{
	struct wire_writer w = wire_writer(big, sizeof big);

	put_header(&w, 0x1234, 0x8180, 1);
	put_question(&w, ".", DNS_TYPE_TXT);
	put_record(&w, DNS_ANSWER, 12, DNS_TYPE_TXT, 40000, 'x');
	put_record(&w, DNS_ANSWER, 12, DNS_TYPE_TXT, (uint16_t)(len - w.pos - 12), 'x');
	assert_int_equal(w.pos, len);
}

static void test_largest(void **state)
{
	struct dns_message m;

	(void)state;
	fill(65535);
	assert_int_equal(message_parse(big, 65535, &m), OK);
	assert_int_equal(message_parse(big, 65534, &m), MALFORMED);
	fill(65536);
	assert_int_equal(message_parse(big, 65536, &m), MALFORMED);
}

/* `records` owners that each lead through `hops` pointers; the chain lies in opaque RDATA. */
static size_t build_chains(unsigned hops, unsigned records)
{
	struct wire_writer w = wire_writer(big, sizeof big);
	size_t top;

	put_header(&w, 0x1234, 0x8180, 1);
	put_question(&w, ".", DNS_TYPE_TXT);
	put_record(&w, DNS_ANSWER, 12, DNS_TYPE_TXT, (uint16_t)(2 * hops - 1), 0);
	top = w.pos - (2 * hops - 1); /* the root, then pointers */
	for (unsigned i = 1; i < hops; i++)
		wire_put16(big + top + 2 * i - 1,
			(uint16_t)(0xc000 | (top + (i < 2 ? 0 : 2 * i - 3))));
	top += hops < 2 ? 0 : 2 * hops - 3;
	for (unsigned i = 0; i < records; i++)
		put_record(&w, DNS_ANSWER, (uint16_t)top, DNS_TYPE_A, 0, 0);
	return w.pos;
}

/* A20, A21: the pointer steps of a message are counted, whatever its shape. */
static void test_pointer_budget(void **state)
{
	static const struct {
		const char *name;
		unsigned hops, records;
	} shapes[] = {
		{ "one step each", 1, 4000 },
		{ "two steps each", 2, 4096 }, /* exactly the budget */
		{ "two steps each, one record more", 2, 4097 },
		{ "500 each", 500, 16 },
		{ "500 each, beyond", 500, 17 },
		{ "one long chain", 8000, 1 },
		{ "one chain for two", 8000, 2 },
	};
	struct dns_message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		size_t len = build_chains(shapes[i].hops, shapes[i].records);
		bool fits = shapes[i].hops * shapes[i].records <= DNS_POINTER_BUDGET;

		expect(shapes[i].name, len <= DNS_MESSAGE_MAX);
		expect_int(shapes[i].name, message_parse(big, len, &m), fits ? OK : MALFORMED);
	}
}

/* Pointing at a name of 127 labels costs 8 a record. */
static void test_long_name_budget(void **state)
{
	struct dns_message m;

	(void)state;
	for (unsigned records = 1024; records <= 1025; records++) {
		struct wire_writer w = wire_writer(big, sizeof big);
		uint16_t name;

		put_header(&w, 0x1234, 0x8180, 1);
		put_question(&w, ".", DNS_TYPE_A);
		count_record(&w, DNS_ANSWER);
		name = (uint16_t)w.pos;
		for (unsigned i = 0; i < DNS_NAME_LABELS; i++)
			wire_write(&w, "\1a", 2);
		wire_write8(&w, 0);
		put_fixed(&w, DNS_TYPE_A, 0);
		for (unsigned i = 0; i < records; i++)
			put_record(&w, DNS_ANSWER, name, DNS_TYPE_A, 4, 9);
		assert_int_equal(message_parse(big, w.pos, &m), records == 1024 ? OK : MALFORMED);
	}
}

/* The question's name is known to be good, so an honest answer of 64 KiB costs nothing. */
static void test_question_pointers_are_free(void **state)
{
	struct wire_writer w = wire_writer(big, sizeof big);
	struct dns_message m;

	(void)state;
	put_header(&w, 0x1234, 0x8180, 1);
	put_question(&w, "a.b.c.d", DNS_TYPE_NS);
	while (w.pos + 14 <= 65535) {
		put_record(&w, DNS_ANSWER, 12, DNS_TYPE_NS, 2, 0);
		wire_put16(big + w.pos - 2, 0xc00e);
	}
	assert_int_equal(message_parse(big, w.pos, &m), OK);
	assert_int_equal(m.count[DNS_ANSWER], 4679);
}

/* ------------------------------------------------------------------ walking */

static void test_walk(void **state)
{
	static const struct {
		enum dns_section section;
		uint16_t type;
		size_t start, fixed, rdata, end;
	} want[] = {
		{ DNS_ANSWER, 5, 19, 21, 31, 35 },
		{ DNS_ANSWER, 1, 35, 37, 47, 51 },
		{ DNS_AUTHORITY, 2, 51, 54, 64, 66 },
		{ DNS_ADDITIONAL, 41, 66, 67, 77, 77 },
		{ DNS_ADDITIONAL, 1, 77, 82, 92, 96 },
	};
	uint8_t b[128];
	struct dns_message m;
	struct dns_record rec;
	struct record_walk w;

	(void)state;
	parse_hex(COUNTS("0001", "0002", "0001", "0002") QUESTION
		"c00c 0005 0001 00000001 0004 0162 c00c"
		"c01f 0001 0001 00000001 0004 01020304"
		"0163 00 0002 0001 00000001 0002 c00c" OPT
		"026e73 c00c 0001 0001 00000001 0004 01020304",
		OK, b, sizeof b, &m);
	w = record_walk(&m);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_true(record_next(&w, &rec));
		assert_int_equal(rec.section, want[i].section);
		assert_int_equal(rec.type, want[i].type);
		assert_int_equal(rec.class, want[i].type == DNS_TYPE_OPT ? 0x04d0 : DNS_CLASS_IN);
		assert_int_equal(rec.start, want[i].start);
		assert_int_equal(rec.fixed, want[i].fixed);
		assert_int_equal(rec.rdata, want[i].rdata);
		assert_int_equal(rec.end, want[i].end);
	}
	assert_false(record_next(&w, &rec));
	assert_false(record_next(&w, &rec));
}

static void test_walk_over_longest_label(void **state)
{
	uint8_t b[128];
	struct dns_message m;
	struct dns_record rec;
	struct record_walk w;

	(void)state;
	parse_hex(COUNTS("0001", "0001", "0000", "0000") QUESTION "3f 61*63 c00c " FIXED_A, OK, b,
		sizeof b, &m);
	w = record_walk(&m);
	assert_true(record_next(&w, &rec));
	assert_int_equal(rec.fixed, 19 + 66);
	assert_int_equal(rec.end, m.len);
	assert_false(record_next(&w, &rec));
}

static void test_walk_of_nothing(void **state)
{
	uint8_t b[32];
	struct dns_message m;
	struct dns_record rec;
	struct record_walk w;

	(void)state;
	parse_hex(COUNTS("0001", "0000", "0000", "0000") QUESTION, OK, b, sizeof b, &m);
	w = record_walk(&m);
	assert_false(record_next(&w, &rec));
}

static void test_question_equal(void **state)
{
	static const struct {
		const char *name;
		const char *hex;
		bool want;
	} cases[] = {
		{ "same", "0161 00 0001 0001", true },
		{ "other case", "0141 00 0001 0001", true },
		{ "other name", "0162 00 0001 0001", false },
		{ "shorter", "00 0001 0001", false },
		{ "longer", "0161 0161 00 0001 0001", false },
		{ "other type", "0161 00 001c 0001", false },
		{ "other class", "0161 00 0001 0003", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t a[64], b[64];
		struct dns_message m, n;
		char hex[100];

		parse_hex(COUNTS("0001", "0000", "0000", "0000") QUESTION, OK, a, sizeof a, &m);
		snprintf(hex, sizeof hex, "%s%s", COUNTS("0001", "0000", "0000", "0000"),
			cases[i].hex);
		parse_hex(hex, OK, b, sizeof b, &n);
		expect_int(cases[i].name, question_equal(&m.question, &n.question), cases[i].want);
		expect_int(cases[i].name, question_equal(&n.question, &m.question), cases[i].want);
	}
}

static void test_question_put(void **state)
{
	uint8_t b[64], out[8];
	struct dns_message m;

	(void)state;
	parse_hex(COUNTS("0001", "0000", "0000", "0000") "0141 00 001c 00ff", OK, b, sizeof b, &m);
	memset(out, 0xee, sizeof out);
	question_put(out, &m.question);
	assert_hex("question", out, sizeof out, "0141 00 001c 00ff ee");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_index_without_question),
		cmocka_unit_test(test_first_of_two_questions),
		cmocka_unit_test(test_rest_of_malformed),
		cmocka_unit_test(test_header_of_unreadable_question),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_names_in_rdata),
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_pointer_budget),
		cmocka_unit_test(test_long_name_budget),
		cmocka_unit_test(test_question_pointers_are_free),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_over_longest_label),
		cmocka_unit_test(test_walk_of_nothing),
		cmocka_unit_test(test_question_equal),
		cmocka_unit_test(test_question_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
