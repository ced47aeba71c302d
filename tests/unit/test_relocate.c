#include "common/dns/relocate.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/expand.h"

#define COUNTS(qd, an, ns, ar) "beef 8180 " qd an ns ar
#define QUESTION	       "0161 00 0001 0001 "	 /* octets 12 to 18 */
#define NEW_QUESTION	       "0162 0163 00 0001 0001 " /* two octets longer, where it is not kept */
#define OPT		       "00 0029 0200 00000000 0000 " /* 11 octets */
#define A		       "0001 0001 0000003c 0004 01020304 "
#define FIXED(type, len)       type " 0001 0000003c " len " "

static const struct {
	const char *name;
	bool question_kept;
	enum dns_section until;
	const char *from; /* behind the counts */
	const char *want; /* the records; NULL: impossible */
} rows[] = {
	{ "nothing to move", true, DNS_SECTIONS, COUNTS("0001", "0000", "0000", "0000") QUESTION,
		"" },
	{ "no OPT", true, DNS_SECTIONS,
		COUNTS("0001", "0001", "0000", "0001") QUESTION "c00c " A "0162 c00c " A,
		"c00c " A "0162 c00c " A },
	{ "OPT last", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0002") QUESTION "c00c " A OPT, "c00c " A },
	{ "OPT first: owner points before and behind it", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0004") QUESTION OPT "0162 c00c " A "c01e " A
								    "c00c " A,
		"0162 c00c " A "c013 " A "c00c " A },
	{ "pointer to a label inside a moved name", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT "0162 0163 00 " A "c020 " A,
		"0162 0163 00 " A "c015 " A },
	{ "pointer to a pointer", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0004") QUESTION OPT "0162 00 " A "c01e " A
								    "c02f " A,
		"0162 00 " A "c013 " A "c024 " A },
	{ "CNAME", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0005", "0004") "0163 c01e",
		"0162 00 " A "c00c " FIXED("0005", "0004") "0163 c013" },
	{ "MX", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("000f", "0004") "c0ff c01e",
		"0162 00 " A "c00c " FIXED("000f", "0004") "c0ff c013" },
	{ "SRV", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0021", "0008") "c001 c002 c003 c01e",
		"0162 00 " A "c00c " FIXED("0021", "0008") "c001 c002 c003 c013" },
	{ "NAPTR", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0023", "000c") "c001 c002 02c01e 00 01c0 c01e",
		"0162 00 " A "c00c " FIXED("0023", "000c") "c001 c002 02c01e 00 01c0 c013" },
	{ "SOA: both names and nothing behind them", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0006",
			"001a") "c01e 0164 c01e c01ec01e c01ec01e c01ec01e c01ec01e c01ec01e",
		"0162 00 " A "c00c " FIXED("0006",
			"001a") "c013 0164 c013 c01ec01e c01ec01e c01ec01e c01ec01e c01ec01e" },
	{ "SIG: the signer, not what is before and behind", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0018", "0016") "0001 c01e 11*14 c01e c01e",
		"0162 00 " A "c00c " FIXED("0018", "0016") "0001 c01e 11*14 c013 c01e" },
	{ "opaque RDATA stays", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0010", "0004") "c01e c01e",
		"0162 00 " A "c00c " FIXED("0010", "0004") "c01e c01e" },
	{ "a type with names but without RDATA", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0002") QUESTION OPT
		"0162 00 " FIXED("0002", "0000"),
		"0162 00 " FIXED("0002", "0000") },
	{ "pointer to the first octet of the OPT", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0002") QUESTION OPT "c013 " A, NULL },
	{ "pointer to the OPT, and a root in its place afterwards", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT "00 " A "c013 " A, NULL },
	{ "longest label", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT "0162 00 " A "3f 61*63 c01e " A,
		"0162 00 " A "3f 61*63 c013 " A },
	{ "pointer to the last octet of the OPT", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0002") QUESTION OPT "c01d " A, NULL },
	{ "pointer into the OPT from RDATA", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0002") QUESTION OPT
		"c00c " FIXED("0002", "0002") "c013",
		NULL },
	{ "through a pointer in opaque RDATA that leads before the OPT", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT
		"c00c " FIXED("0010", "0004") "0162 c00c c02a " A,
		"c00c " FIXED("0010", "0004") "0162 c00c c01f " A },
	{ "through a pointer in opaque RDATA that leads behind the OPT", true, DNS_SECTIONS,
		COUNTS("0001", "0000", "0000", "0004") QUESTION OPT
		"0162 00 " A "c00c " FIXED("0010", "0004") "0163 c01e c03b " A,
		NULL },
	{ "the additional section stays behind", true, DNS_ADDITIONAL,
		COUNTS("0001", "0001", "0001", "0002") QUESTION "c00c " A "0162 c00c " A OPT
								"c013 " A,
		"c00c " A "0162 c00c " A },

	{ "a longer question: pointers between records", false, DNS_SECTIONS,
		COUNTS("0000", "0002", "0000", "0000") "0161 00 " A "0162 c00c " A,
		"0161 00 " A "0162 c015 " A },
	{ "a longer question and an OPT", false, DNS_SECTIONS,
		COUNTS("0000", "0001", "0000", "0003") "0161 00 " A OPT "0162 c00c " A "c028 " A,
		"0161 00 " A "0162 c015 " A "c026 " A },
	{ "another question: a pointer to the old one", false, DNS_SECTIONS,
		COUNTS("0001", "0001", "0000", "0000") QUESTION "c00c " A, NULL },
	{ "another question: no pointers to it", false, DNS_SECTIONS,
		COUNTS("0001", "0002", "0000", "0000") QUESTION "0162 00 " A "c013 " A,
		"0162 00 " A "c015 " A },
	{ "two questions become one", false, DNS_SECTIONS,
		COUNTS("0002", "0001", "0000", "0000") QUESTION QUESTION "0162 00 " A,
		"0162 00 " A },
	{ "two questions become one: a pointer to the second", false, DNS_SECTIONS,
		COUNTS("0002", "0001", "0000", "0000") QUESTION QUESTION "c013 " A, NULL },
};

static const char *new_head(bool question_kept)
{
	return question_kept ? COUNTS("0001", "0000", "0000", "0000") QUESTION
			     : COUNTS("0001", "0000", "0000", "0000") NEW_QUESTION;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[256], out[256];
		size_t len, base;
		struct wire_writer w = wire_writer(out, sizeof out);
		struct dns_message m;
		bool done;

		len = hex_bytes(rows[i].from, bytes, sizeof bytes);
		put_hex(&w, new_head(rows[i].question_kept));
		base = w.pos;
		expect_int(rows[i].name, message_parse(bytes, len, &m), MESSAGE_OK);
		done = relocate_records(&m, rows[i].question_kept, rows[i].until, &w);
		expect(rows[i].name, done == (rows[i].want != NULL));
		if (done)
			assert_hex(rows[i].name, out + base, w.pos - base, rows[i].want);
	}
}

/* A question for a name below the old one, of another type: what pointed into the old one still can. */
static void test_question_below(void **state)
{
	static const struct {
		const char *from, *want;
	} below[] = {
		{ "c00c " A "0163 c00c " A "c013 " A, "c00e " A "0163 c00e " A "c015 " A },
		{ "c00e " A "c00c " A "0163 00 " A, "c010 " A "c00e " A "0163 00 " A },
		/* the type is no name, even where it reads like one: it is another now */
		{ "c00f " A "c00c " A "c00c " A, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(below); i++) {
		uint8_t bytes[256], out[256];
		struct wire_writer w = wire_writer(out, sizeof out);
		size_t len, base;
		struct dns_message m;
		char from[300];

		snprintf(from, sizeof from, "%s%s%s", COUNTS("0001", "0000", "0003", "0000"),
			QUESTION, below[i].from);
		len = hex_bytes(from, bytes, sizeof bytes);
		put_hex(&w, COUNTS("0001", "0000", "0003", "0000") "0162 0161 00 0110 0001");
		base = w.pos;
		assert_int_equal(message_parse(bytes, len, &m), MESSAGE_OK);
		expect(below[i].from,
			relocate_records(&m, true, DNS_ADDITIONAL, &w) == (below[i].want != NULL));
		if (below[i].want)
			assert_hex(below[i].from, out + base, w.pos - base, below[i].want);
	}
}

/* What is moved says the same: names written out are equal. */
static void test_rows_mean_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[256], out[256];
		size_t len = hex_bytes(rows[i].from, bytes, sizeof bytes);
		struct wire_writer w = wire_writer(out, sizeof out);
		struct dns_message m, moved;

		if (!rows[i].want || rows[i].until != DNS_SECTIONS)
			continue;
		put_hex(&w, new_head(rows[i].question_kept));
		assert_int_equal(message_parse(bytes, len, &m), MESSAGE_OK);
		assert_true(relocate_records(&m, rows[i].question_kept, DNS_SECTIONS, &w));
		for (unsigned s = 0; s < DNS_SECTIONS; s++)
			wire_put16(out + 6 + 2 * s, m.count[s]);
		if (m.opt)
			wire_put16(out + 10, (uint16_t)(m.count[DNS_ADDITIONAL] - 1));
		expect_int(rows[i].name, message_parse(out, w.pos, &moved), MESSAGE_OK);
		expect(rows[i].name, same_records(&m, &moved, DNS_SECTIONS));
	}
}

static void test_small_writer(void **state)
{
	const char *from =
		COUNTS("0001", "0000", "0000", "0003") QUESTION OPT "0162 00 " A "c01e " A;
	uint8_t bytes[128], out[128];
	size_t len = hex_bytes(from, bytes, sizeof bytes);
	struct dns_message m;

	(void)state;
	assert_int_equal(message_parse(bytes, len, &m), MESSAGE_OK);
	for (size_t cap = 19; cap <= 52; cap++) {
		struct wire_writer w = wire_writer(out, cap);

		memset(out, 0xee, sizeof out);
		put_hex(&w, new_head(true));
		assert_int_equal(relocate_records(&m, true, DNS_SECTIONS, &w), cap == 52);
		for (size_t i = cap; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);
	}
}

/* A target that moves beyond what 14 bits can say. */
static void test_pointer_range(void **state)
{
	static uint8_t bytes[20000], out[20000];

	(void)state;
	for (uint16_t target = 0x3ff0; target <= 0x3fff; target++) {
		struct wire_writer w = wire_writer(bytes, sizeof bytes);
		struct wire_writer to = wire_writer(out, sizeof out);
		struct dns_message m;

		put_header(&w, 0xbeef, 0x8180, 0);
		count_record(&w, DNS_ANSWER);
		wire_write8(&w, 0);
		put_fixed(&w, DNS_TYPE_TXT, (uint16_t)(target + 1 - 23));
		wire_zero(&w, target + 1u - 23);
		put_record(&w, DNS_ANSWER, target, DNS_TYPE_A, 0, 0);
		assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
		put_hex(&to, new_head(false)); /* nine octets more */
		assert_int_equal(
			relocate_records(&m, false, DNS_SECTIONS, &to), target + 9 <= 0x3fff);
	}
}

/* The budget of a message holds for moving its records too. */
static void test_budget(void **state)
{
	static uint8_t bytes[70000], out[70000];

	(void)state;
	for (unsigned records = 2730; records <= 2731; records++) {
		struct wire_writer w = wire_writer(bytes, sizeof bytes);
		struct wire_writer to = wire_writer(out, sizeof out);
		struct dns_message m;

		put_header(&w, 0xbeef, 0x8180, 1);
		put_hex(&w, QUESTION);
		put_opt(&w, "");
		for (unsigned i = 0; i < records; i++) {
			put_record(&w, DNS_ADDITIONAL, 12, 14, 4, 0); /* MINFO */
			wire_put16(bytes + w.pos - 4, 0xc00c);
			wire_put16(bytes + w.pos - 2, 0xc00c);
		}
		assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
		put_hex(&to, new_head(true));
		assert_int_equal(relocate_records(&m, true, DNS_SECTIONS, &to),
			records * 3 <= DNS_POINTER_BUDGET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_question_below),
		cmocka_unit_test(test_rows_mean_the_same),
		cmocka_unit_test(test_small_writer),
		cmocka_unit_test(test_pointer_range),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
