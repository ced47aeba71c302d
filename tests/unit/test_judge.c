#include "proxy/client/judge.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#include <stdio.h>

#define RD 0x0100u

/* What the OPT of a query may be. */
static const struct opt {
	const char *name, *bytes; /* "": no OPT */
	unsigned rcode;		  /* with opcode 0: what it leads to over UDP, */
	unsigned rcode_tcp;	  /* and over TCP; 0: it is fine */
} opts[] = {
	{ "no OPT", "", 0, 0 },
	{ "EDNS 0", "00 0029 04d0 00000000 0000", 0, 0 },
	{ "EDNS 0 with DO and unknown flags", "00 0029 04d0 0000ffff 0000", 0, 0 },
	{ "EDNS 0, extended RCODE set", "00 0029 04d0 ff000000 0000", 0, 0 },
	{ "EDNS 0 with an unknown option", "00 0029 04d0 00000000 0006 ff00 0002 0102", 0, 0 },
	{ "EDNS 0 with keepalive", "00 0029 04d0 00000000 0004 000b 0000", 0, 0 },
	{ "EDNS 0 with a cookie", "00 0029 04d0 00000000 000c 000a 0008 0102030405060708", 0, 0 },
	{ "EDNS 0 with both cookies", "00 0029 04d0 00000000 002c 000a 0028 77*40", 0, 0 },
	{ "EDNS 0 with no octet of cookie", "00 0029 04d0 00000000 0004 000a 0000", 1, 1 },
	{ "EDNS 0 with 7 octets of cookie", "00 0029 04d0 00000000 000b 000a 0007 77*7", 1, 1 },
	{ "EDNS 0 with 15 octets of cookie", "00 0029 04d0 00000000 0013 000a 000f 77*15", 1, 1 },
	{ "EDNS 0 with 41 octets of cookie", "00 0029 04d0 00000000 002d 000a 0029 77*41", 1, 1 },
	{ "EDNS 1 with 7 octets of cookie", "00 0029 04d0 00010000 000b 000a 0007 77*7", 16, 16 },
	{ "EDNS 1", "00 0029 04d0 00010000 0000", 16, 16 },
	{ "EDNS 255", "00 0029 04d0 00ff0000 0000", 16, 16 },
	{ "EDNS 1 with a broken option", "00 0029 04d0 00010000 0003 000a 00", 16, 16 },
	{ "an option cut in its header", "00 0029 04d0 00000000 0003 000a 00", 1, 1 },
	{ "an option longer than the list", "00 0029 04d0 00000000 0005 000a 0002 01", 1, 1 },
	{ "keepalive with a value", "00 0029 04d0 00000000 0006 000b 0002 0064", 0, 1 },
	{ "keepalive with one octet", "00 0029 04d0 00000000 0005 000b 0001 64", 0, 1 },
};

static const uint16_t classes[] = { 0, 1, 2, 3, 4, 254, 255, 256, 65280, 65535 };
static const uint16_t types[] = { 0, 1, 2, 6, 10, 28, 41, 64, 65, 127, 128, 129, 248, 249, 250, 251, 252, 253,
	254, 255, 256, 1000, 65280, 65535 };

/* What the cookie of the next query is worth. */
static enum cookie_standing cookie;

static struct judgement judge(const uint8_t *bytes, size_t len, bool stream)
{
	uint8_t *copy = exact_copy(bytes, len);
	struct dns_message m;
	struct edns e = { 0 };
	enum message_verdict v = message_parse(copy, len, &m);
	struct judgement j;

	assert_int_not_equal(v, MESSAGE_SHORT);
	if (v != MESSAGE_NO_QUESTION)
		edns_parse(&m, false, &e);
	j = judge_query(v, &m, &e, cookie, stream);
	free(copy);
	return j;
}

static struct judgement judge_hex(const char *hex, bool stream)
{
	uint8_t bytes[600];

	return judge(bytes, hex_bytes(hex, bytes, sizeof bytes), stream);
}

static size_t query(uint8_t bytes[300], unsigned opcode, uint16_t class, uint16_t type, const char *opt)
{
	struct wire_writer w = wire_writer(bytes, 300);

	put_header(&w, 0x1234, (uint16_t)(opcode << 11 | RD), 1);
	put_question(&w, "example.com", type);
	wire_put16(bytes + w.pos - 2, class);
	if (*opt)
		count_record(&w, DNS_ADDITIONAL);
	put_hex(&w, opt);
	return w.pos;
}

static bool is_meta(unsigned type)
{
	return type == 41 || (type >= 250 && type <= 254); /* OPT, TSIG IXFR AXFR MAILB MAILA */
}

struct wanted {
	unsigned rcode; /* 0: it passes */
	int ede;
};

/* Threats A24, A25, standards 5.4: what comes first decides. */
static struct wanted want(unsigned opcode, unsigned class, unsigned type, unsigned opt_rcode)
{
	if (opcode != 0)
		return (struct wanted){ 4, -1 };
	if (opt_rcode)
		return (struct wanted){ opt_rcode, -1 };
	if (class == 3)
		return (struct wanted){ 5, 21 };
	if (is_meta(type))
		return (struct wanted){ 4, 21 };
	if (type == 128)
		return (struct wanted){ 1, 30 };
	return (struct wanted){ 0, -1 };
}

static void check(const char *row, struct judgement j, struct wanted w)
{
	expect_int(row, j.pass, w.rcode == 0);
	if (j.pass)
		return;
	expect_int(row, j.rcode, w.rcode);
	expect_int(row, j.ede.code, w.ede);
	expect_int(row, j.ede.text != NULL, w.ede >= 0);
}

static void check_one(unsigned opcode, uint16_t class, uint16_t type, const struct opt *opt, bool stream)
{
	uint8_t bytes[300];
	char row[120];
	size_t len = query(bytes, opcode, class, type, opt->bytes);

	snprintf(row, sizeof row, "opcode %u class %u type %u, %s, %s", opcode, class, type, opt->name,
		stream ? "TCP" : "UDP");
	check(row, judge(bytes, len, stream), want(opcode, class, type, stream ? opt->rcode_tcp : opt->rcode));
}

static void check_types(unsigned opcode, uint16_t class, uint16_t type)
{
	for (size_t i = 0; i < COUNT_OF(opts); i++) {
		check_one(opcode, class, type, &opts[i], false);
		check_one(opcode, class, type, &opts[i], true);
	}
}

static void test_opcodes_classes_types_edns(void **state)
{
	(void)state;
	for (unsigned opcode = 0; opcode < 16; opcode++)
		for (size_t c = 0; c < COUNT_OF(classes); c++)
			for (size_t t = 0; t < COUNT_OF(types); t++)
				check_types(opcode, classes[c], types[t]);
}

/* Any type but the few that can't be forwarded (RFC 3597). */
static void test_every_type(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 65536; type++)
		check_one(0, 1, (uint16_t)type, &opts[1], false);
}

#define QUESTION "076578616d706c65 03636f6d 00 0001 0001"

static const struct {
	const char *name, *message;
	struct wanted wanted;
} rows[] = {
	{ "no question", "1234 0100 0000 0000 0000 0000", { 1, -1 } },
	{ "no question, a cookie",
		"1234 0100 0000 0000 0000 0001 00 0029 04d0 00000000 000c 000a 0008 0102030405060708", { 1, -1 } },
	{ "no question, EDNS 1", "1234 0100 0000 0000 0000 0001 00 0029 04d0 00010000 0000", { 16, -1 } },
	{ "two questions", "1234 0100 0002 0000 0000 0000" QUESTION QUESTION, { 1, -1 } },
	{ "two questions, EDNS 1",
		"1234 0100 0002 0000 0000 0001" QUESTION QUESTION "00 0029 04d0 00010000 0000", { 16, -1 } },
	{ "65,535 questions, one there", "1234 0100 ffff 0000 0000 0000" QUESTION, { 1, -1 } },
	{ "the question is missing", "1234 0100 0001 0000 0000 0000", { 1, -1 } },
	{ "the question is cut", "1234 0100 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 00", { 1, -1 } },
	{ "a pointer as the question", "1234 0100 0001 0000 0000 0000 c00c 0001 0001", { 1, -1 } },
	{ "an octet behind it", "1234 0100 0001 0000 0000 0000" QUESTION "00", { 1, -1 } },
	{ "malformed, EDNS 1", "1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 00010000 0000 00", { 1, -1 } },
	{ "two OPT", "1234 0100 0001 0000 0000 0002" QUESTION "00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000",
		{ 1, -1 } },
	{ "malformed, RD=0", "1234 0000 0001 0000 0000 0000" QUESTION "00", { 1, -1 } },
	{ "RD=0", "1234 0000 0001 0000 0000 0000" QUESTION, { 5, 20 } },
	{ "RD=0, all other flags", "1234 06f0 0001 0000 0000 0000" QUESTION, { 5, 20 } },
	{ "RD=0, class CH", "1234 0000 0001 0000 0000 0000 076578616d706c65 00 0010 0003", { 5, 20 } },
	{ "RD=0, AXFR", "1234 0000 0001 0000 0000 0000 00 00fc 0001", { 5, 20 } },
	{ "RD=0, EDNS 1", "1234 0000 0001 0000 0000 0001" QUESTION "00 0029 04d0 00010000 0000", { 16, -1 } },
	{ "all flags but QR", "1234 07ff 0001 0000 0000 0000" QUESTION, { 0, -1 } },
	{ "version.bind", "1234 0100 0001 0000 0000 0000 0776657273696f6e 0462696e64 00 0010 0003", { 5, 21 } },
	{ "class CH, AXFR", "1234 0100 0001 0000 0000 0000 00 00fc 0003", { 5, 21 } },
	{ "the root, ANY", "1234 0100 0001 0000 0000 0000 00 00ff 0001", { 0, -1 } },
	{ "an answer record in a query", "1234 0100 0001 0001 0000 0000" QUESTION "c00c 0001 0001 00000000 0004 01020304",
		{ 0, -1 } },
	{ "TKEY, as a record too", "1234 0100 0001 0000 0000 0001 00 00f9 00ff 00 00f9 00ff 00000000 0001 00", { 0, -1 } },
	{ "signed with TSIG", "1234 0100 0001 0000 0000 0001" QUESTION "00 00fa 00ff 00000000 0011 00 000000000000 012c"
			      "0000 1234 0000 0000", { 0, -1 } },
	{ "TSIG not last", "1234 0100 0001 0000 0000 0002" QUESTION "00 00fa 00ff 00000000 0011 00 000000000000 012c"
			   "0000 1234 0000 0000 00 0029 04d0 00000000 0000", { 1, -1 } },
	{ "opcode 15, header only", "1234 7800 0000 0000 0000 0000", { 4, -1 } },
	{ "DSO, header and octets", "1234 3000 0000 0000 0000 0000 0001 0008 00000000 00000000", { 4, -1 } },
	{ "opcode 1, cut question", "1234 0900 0001 0000 0000 0000 0765", { 4, -1 } },
	{ "NOTIFY, RD=0", "1234 2000 0001 0000 0000 0000" QUESTION, { 4, -1 } },
};

/* RFC 7873 5.4, standards 11.3: what a query without question is answered with. */
static void test_cookie_only(void **state)
{
	static const char bad[] = "1234 0100 0000 0000 0000 0001 00 0029 04d0 00000000 000b 000a 0007 77*7",
			  good[] = "1234 0100 0000 0000 0000 0001 00 0029 04d0 00000000 000c 000a 0008 77*8";
	static const unsigned rcodes[] = { [COOKIE_NONE] = 1,
		[COOKIE_FRESH] = 0,
		[COOKIE_INVALID] = 23,
		[COOKIE_VALID] = 0,
		[COOKIE_RENEWED] = 0 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rcodes); i++) {
		for (unsigned stream = 0; stream < 2; stream++) {
			struct judgement j;

			cookie = (enum cookie_standing)i;
			j = judge_hex(good, stream);
			assert_false(j.pass);
			assert_int_equal(j.rcode, rcodes[i]);
			assert_int_equal(j.ede.code, EDE_NONE);
			j = judge_hex(bad, stream);
			assert_false(j.pass);
			assert_int_equal(j.rcode, 1);
			/* Nothing else changes by it. */
			check("a question", judge_hex("1234 0100 0001 0000 0000 0000" QUESTION, stream),
				(struct wanted){ 0, -1 });
			check("two", judge_hex("1234 0100 0002 0000 0000 0000" QUESTION QUESTION, stream),
				(struct wanted){ 1, -1 });
		}
	}
	cookie = COOKIE_NONE;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check(rows[i].name, judge_hex(rows[i].message, false), rows[i].wanted);
		check(rows[i].name, judge_hex(rows[i].message, true), rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opcodes_classes_types_edns),
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_cookie_only),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
