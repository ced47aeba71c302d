#include "common/dns/name.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

/* Four labels of 63, 63, 63 and `last` octets: 194 + last octets with the root. */
#define LONG_NAME(last_len_hex, last) "3f 61*63 3f 62*63 3f 63*63 " last_len_hex " 64*" last " 00"
#define HEADER			      "00*12 "

static const struct {
	const char *name;
	const char *hex;
	size_t pos;
	const char *want; /* expanded; NULL: malformed */
	size_t end;
	unsigned steps; /* taken from the budget */
} reads[] = {
	{ "root", "00", 0, "00", 1, 0 },
	{ "one label", "0161 00", 0, "0161 00", 3, 0 },
	{ "case is kept", "03 41625a 00", 0, "03 41625a 00", 5, 0 },
	{ "any octet may stand in a label", "04 00c0ff2e 00", 0, "04 00c0ff2e 00", 6, 0 },
	{ "label of 63", "3f 61*63 00", 0, "3f 61*63 00", 65, 0 },
	{ "255 octets", LONG_NAME("3d", "61"), 0, LONG_NAME("3d", "61"), 255, 0 },
	{ "behind a name", "0161 00 0162 00", 3, "0162 00", 6, 0 },
	{ "octets behind it", "0161 00 ff", 0, "0161 00", 3, 0 },
	{ "pointer", HEADER "0161 00 c00c", 15, "0161 00", 17, 1 },
	{ "label and pointer", HEADER "0161 00 0162 c00c", 15, "0162 0161 00", 19, 1 },
	{ "pointer to a pointer", HEADER "0161 00 c00c c00f", 17, "0161 00", 19, 2 },
	{ "pointer into a name", HEADER "0161 0162 00 c00e", 17, "0162 00", 19, 1 },
	{ "pointer to the root", HEADER "00 c00c", 13, "00", 15, 1 },
	{ "chain through labels", HEADER "0161 00 0162 c00c 0163 c00f", 19, "0163 0162 0161 00", 23,
		2 },
	{ "sixteen labels behind a pointer cost one more",
		HEADER
		"0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161"
		"00 c00c",
		45,
		"0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 "
		"00",
		47, 2 },

	{ "nothing", "", 0, NULL, 0, 0 },
	{ "no root", "0161", 0, NULL, 0, 0 },
	{ "label cut", "0361 62", 0, NULL, 0, 0 },
	{ "only a length", "03", 0, NULL, 0, 0 },
	{ "label type 01", "40 61*64 00", 0, NULL, 0, 0 },
	{ "label type 01, high", "7f 61*127 00", 0, NULL, 0, 0 },
	{ "label type 10", "80 61*64 00", 0, NULL, 0, 0 },
	{ "label type 10, high", "bf 61*191 00", 0, NULL, 0, 0 },
	{ "256 octets", LONG_NAME("3e", "62"), 0, NULL, 0, 0 },
	{ "255 octets without the root", "3f 61*63 3f 61*63 3f 61*63 3e 61*62", 0, NULL, 0, 0 },
	{ "256 octets through a pointer", HEADER LONG_NAME("3c", "60") "0161 c00c", 266, NULL, 0,
		0 },
	{ "half a pointer at the end", HEADER "0161 00 c0", 15, NULL, 0, 0 },
	{ "label and half a pointer", HEADER "0161 00 0162 c0", 15, NULL, 0, 0 },
	{ "pointer to itself", HEADER "c00c", 12, NULL, 0, 0 },
	{ "pointer into its own run", HEADER "0161 0162 c00c", 12, NULL, 0, 0 },
	{ "pointer to the last label of its run", HEADER "0161 0162 c00e", 12, NULL, 0, 0 },
	{ "pointer forward", HEADER "c00e 00", 12, NULL, 0, 0 },
	{ "pointer beyond the end", HEADER "00 ffff", 13, NULL, 0, 0 },
	{ "pointers at each other", HEADER "c00e c00c", 14, NULL, 0, 0 },
	{ "second pointer leads forward again", HEADER "0161 c012 00 00 00 c00c", 19, NULL, 0, 0 },
	{ "prior labels reach the pointer", HEADER "0161 0162 0163 c00c", 14, NULL, 0, 0 },
	{ "prior labels reach behind the pointer", HEADER "0561 6262 c00c 6100", 16, NULL, 0, 0 },
	{ "prior label type 01", HEADER "4161 00 c00c", 15, NULL, 0, 0 },
};

static void test_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reads); i++) {
		uint8_t bytes[512], name[DNS_NAME_MAX];
		size_t n = hex_bytes(reads[i].hex, bytes, sizeof bytes), len;
		uint8_t *data = exact_copy(bytes, n);
		struct wire_reader r = wire_reader(data, n), again;
		unsigned budget = 100, budget_again = 100;

		r.pos = reads[i].pos;
		again = r;
		len = name_read(&r, &budget, name);
		expect(reads[i].name, r.bad == !reads[i].want);
		expect_int(reads[i].name, name_read(&again, &budget_again, NULL), len);
		expect_int(reads[i].name, budget_again, budget);
		if (reads[i].want) {
			assert_hex(reads[i].name, name, len, reads[i].want);
			expect_int(reads[i].name, r.pos, reads[i].end);
			expect_int(reads[i].name, 100 - budget, reads[i].steps);
			expect_int(reads[i].name, name_len(name), len);
		} else {
			expect_int(reads[i].name, len, 0);
		}
		free(data);
	}
}

/* Without pointers both readers agree; with one the plain reader refuses. */
static void test_plain_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reads); i++) {
		uint8_t bytes[512];
		size_t n = hex_bytes(reads[i].hex, bytes, sizeof bytes), len;
		uint8_t *data = exact_copy(bytes, n);
		struct wire_reader r = wire_reader(data, n);
		bool valid = reads[i].want && reads[i].steps == 0;

		r.pos = reads[i].pos;
		len = name_read_plain(&r);
		expect(reads[i].name, r.bad == !valid);
		expect(reads[i].name, valid ? len == reads[i].end - reads[i].pos : len == 0);
		expect_int(reads[i].name, r.pos, valid ? reads[i].end : reads[i].pos);
		free(data);
	}
}

static void test_bad_reader_reads_nothing(void **state)
{
	struct wire_reader r = wire_reader("\1a", 3);
	unsigned budget = 9;

	(void)state;
	r.bad = true;
	assert_int_equal(name_read(&r, &budget, NULL), 0);
	assert_int_equal(name_read_plain(&r), 0);
	r.bad = false;
	assert_int_equal(name_read_plain(&r), 3);
}

static void test_pointers_into_the_header(void **state)
{
	(void)state;
	for (unsigned target = 0; target <= 12; target++) {
		uint8_t data[16] = { 0 };
		struct wire_reader r = wire_reader(data, sizeof data);
		unsigned budget = 9;

		data[13] = 0xc0;
		data[14] = (uint8_t)target;
		r.pos = 13;
		assert_int_equal(name_read(&r, &budget, NULL), target == 12 ? 1 : 0);
		assert_int_equal(r.bad, target != 12);
	}
}

/* Every pointer that is not strictly backwards is refused, at any place of a message. */
static void test_pointers_forward_at_every_place(void **state)
{
	(void)state;
	for (size_t at = 12; at < 80; at++) {
		for (size_t target = at; target < 84; target++) {
			uint8_t data[84] = { 0 };
			struct wire_reader r = wire_reader(data, sizeof data);
			unsigned budget = 9;

			data[at] = 0xc0;
			data[at + 1] = (uint8_t)target;
			r.pos = at;
			assert_int_equal(name_read(&r, &budget, NULL), 0);
			assert_true(r.bad);
		}
	}
}

/* Label types 01 and 10 are no pointers, far behind in a message either. */
static void test_label_types_far_behind(void **state)
{
	static uint8_t data[0x4000];

	(void)state;
	for (unsigned type = 0x40; type <= 0xff; type++) {
		struct wire_reader r = wire_reader(data, sizeof data);
		unsigned budget = 9;

		r.pos = 0x3ff0;
		data[0x3ff0] = (uint8_t)type;
		data[0x3ff1] = 0x20;
		assert_int_equal(name_read(&r, &budget, NULL), type >= 0xc0 ? 1 : 0);
	}
}

static void test_labels(void **state)
{
	uint8_t data[300];

	(void)state;
	for (unsigned labels = 126; labels <= 128; labels++) {
		struct wire_reader r = wire_reader(data, labels * 2 + 1);

		for (unsigned i = 0; i < labels; i++)
			memcpy(data + 2 * i, "\1a", 2);
		data[2 * labels] = 0;
		assert_int_equal(
			name_read_plain(&r), labels <= DNS_NAME_LABELS ? labels * 2 + 1 : 0);
		assert_int_equal(r.bad, labels > DNS_NAME_LABELS);
	}
}

/* A chain of `hops` pointers, each to the one before; at the bottom the root. */
static size_t chain(uint8_t *data, unsigned hops)
{
	size_t pos = 12;

	memset(data, 0, 13);
	for (unsigned i = 0; i < hops; i++) {
		size_t target = i == 0 ? 12 : pos - 2;

		pos = pos == 12 ? 13 : pos;
		wire_put16(data + pos, (uint16_t)(0xc000 | target));
		pos += 2;
	}
	return pos;
}

static void test_budget(void **state)
{
	static uint8_t data[16384];
	size_t len = chain(data, 500);

	(void)state;
	for (unsigned have = 498; have <= 501; have++) {
		struct wire_reader r = wire_reader(data, len);
		unsigned budget = have;

		r.pos = len - 2;
		assert_int_equal(name_read(&r, &budget, NULL), have >= 500 ? 1 : 0);
		assert_int_equal(budget, have >= 500 ? have - 500 : 0);
		assert_int_equal(r.bad, have < 500);
	}
}

/* A name of 127 labels behind a pointer: 1 + 127 / 16. */
static void test_budget_of_long_names(void **state)
{
	uint8_t data[300] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 127; i++)
		memcpy(data + 12 + 2 * i, "\1a", 2);
	wire_put16(data + 267, 0xc00c);
	for (unsigned have = 7; have <= 8; have++) {
		struct wire_reader r = wire_reader(data, sizeof data);
		unsigned budget = have;

		r.pos = 267;
		assert_int_equal(name_read(&r, &budget, NULL), have == 8 ? 255 : 0);
		assert_int_equal(r.bad, have < 8);
	}
}

static uint8_t slow_fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Every octet at every place of the eight that fold together, and in the rest. */
static void test_fold(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 11; at++) {
			uint8_t in[11], out[12];

			memset(in, 'Q', sizeof in);
			in[at] = (uint8_t)c;
			out[11] = 0xee;
			name_fold(out, in, sizeof in);
			for (size_t i = 0; i < sizeof in; i++)
				assert_int_equal(out[i], slow_fold(in[i]));
			assert_int_equal(out[11], 0xee);
		}
	}
}

static void test_equal(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (unsigned d = 0; d < 256; d++) {
			uint8_t a[9] = { 8, 'a', 'B' }, b[9] = { 8, 'A', 'b' };
			size_t at = 3 + (c + d) % 6; /* in the eight and behind */

			a[at] = (uint8_t)c;
			b[at] = (uint8_t)d;
			assert_int_equal(name_equal(a, b, sizeof a),
				slow_fold((uint8_t)c) == slow_fold((uint8_t)d));
		}
	}
}

static void test_copy(void **state)
{
	uint8_t out[6] = { 0 };

	(void)state;
	name_copy(out, (const uint8_t *)"\3AbZ", 5);
	assert_memory_equal(out, "\3AbZ\0", 6);
}

static const struct {
	const char *name;
	const char *hex;
	const char *text;
} texts[] = {
	{ "root", "00", "." },
	{ "plain", "03777777 07 6578616d706c65 00", "www.example." },
	{ "case is kept", "02 4161 00", "Aa." },
	{ "dot in a label", "03 612e62 00", "a\\.b." },
	{ "backslash", "01 5c 00", "\\\\." },
	{ "quote, brackets, semicolon, at, dollar", "06 22 28 29 3b 40 24 00",
		"\\\"\\(\\)\\;\\@\\$." },
	{ "blank", "03 612062 00", "a\\032b." },
	{ "line feed", "03 610a62 00", "a\\010b." },
	{ "carriage return and line feed", "02 0d0a 00", "\\013\\010." },
	{ "escape sequence", "04 1b5b324a 00", "\\027[2J." },
	{ "NUL", "01 00 00", "\\000." },
	{ "delete", "01 7f 00", "\\127." },
	{ "255", "01 ff 00", "\\255." },
	{ "UTF-8", "02 c3a9 00", "\\195\\169." },
	{ "format letters", "04 256e2573 00", "%n%s." },
	{ "tag", "08 3c7363726970743e 00", "<script>." },
	{ "exposition format", "05 227d2031 61 00", "\\\"}\\0321a." },
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		uint8_t name[64], back[DNS_NAME_MAX];
		char text[DNS_NAME_TEXT_MAX];
		size_t len = hex_bytes(texts[i].hex, name, sizeof name);

		assert_ptr_equal(name_text(name, text, sizeof text), text);
		if (strcmp(text, texts[i].text) != 0)
			fail_msg("%s: %s, not %s", texts[i].name, text, texts[i].text);
		expect_int(texts[i].name, name_from_text(text, back), len);
		assert_hex(texts[i].name, back, len, texts[i].hex);
	}
}

/* The longest text fits: 255 octets, each of which takes four characters. */
static void test_longest_text(void **state)
{
	uint8_t name[DNS_NAME_MAX], back[DNS_NAME_MAX];
	char text[DNS_NAME_TEXT_MAX + 1];

	(void)state;
	assert_int_equal(
		hex_bytes("3f 01*63 3f ff*63 3f 20*63 3d 7f*61 00", name, sizeof name), 255);
	text[DNS_NAME_TEXT_MAX] = 'x';
	name_text(name, text, DNS_NAME_TEXT_MAX);
	assert_int_equal(text[DNS_NAME_TEXT_MAX], 'x');
	assert_int_equal(strlen(text), 250 * 4 + 4);
	for (const char *t = text; *t; t++)
		assert_in_range(*t, 0x21, 0x7e);
	assert_int_equal(name_from_text(text, back), 255);
	assert_memory_equal(back, name, 255);
}

static const struct {
	const char *name;
	const char *text;
	const char *want; /* NULL: not a name */
} from_texts[] = {
	{ "without final dot", "a.bc", "0161 026263 00" },
	{ "with final dot", "a.bc.", "0161 026263 00" },
	{ "escaped final dot", "a\\.", "02 612e 00" },
	{ "decimal escape", "\\065\\000\\255", "03 4100ff 00" },
	{ "escaped letter", "\\a", "0161 00" },
	{ "label of 63", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"3f 61*63 00" },
	{ "empty", "", NULL },
	{ "two dots", "..", NULL },
	{ "dot in front", ".a", NULL },
	{ "empty label", "a..b", NULL },
	{ "two final dots", "a..", NULL },
	{ "label of 64", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	{ "backslash at the end", "a\\", NULL },
	{ "one digit", "\\1", NULL },
	{ "two digits", "\\12", NULL },
	{ "two digits and a letter", "\\12a", NULL },
	{ "256", "\\256", NULL },
	{ "999", "\\999", NULL },
};

static void test_from_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(from_texts); i++) {
		uint8_t name[DNS_NAME_MAX];
		size_t len = name_from_text(from_texts[i].text, name);

		if (from_texts[i].want)
			assert_hex(from_texts[i].name, name, len, from_texts[i].want);
		else
			expect_int(from_texts[i].name, len, 0);
	}
}

/* 255 octets and not one more, in labels of 63 or of 1. */
static void test_from_text_limit(void **state)
{
	uint8_t name[DNS_NAME_MAX + 1];
	char text[400];

	(void)state;
	name[DNS_NAME_MAX] = 0xee;
	for (size_t last = 60; last <= 63; last++) {
		memset(text, 'a', sizeof text);
		text[63] = text[127] = text[191] = '.';
		text[192 + last] = '\0';
		assert_int_equal(name_from_text(text, name), last <= 61 ? 194 + last : 0);
	}
	for (size_t labels = 126; labels <= 128; labels++) {
		for (size_t i = 0; i < labels; i++)
			memcpy(text + 2 * i, "a.", 2);
		text[2 * labels] = '\0';
		assert_int_equal(name_from_text(text, name), labels <= 127 ? 2 * labels + 1 : 0);
	}
	assert_int_equal(name[DNS_NAME_MAX], 0xee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_plain_reads),
		cmocka_unit_test(test_bad_reader_reads_nothing),
		cmocka_unit_test(test_pointers_into_the_header),
		cmocka_unit_test(test_pointers_forward_at_every_place),
		cmocka_unit_test(test_label_types_far_behind),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_of_long_names),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_longest_text),
		cmocka_unit_test(test_from_text),
		cmocka_unit_test(test_from_text_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
