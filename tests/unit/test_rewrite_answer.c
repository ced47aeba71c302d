#include <string.h>

#include "common/dns/rewrite.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/expand.h"

#define EXAMPLE_COM "076578616d706c6503636f6d00 0001 0001 "
#define Example_Com "074578616d706c6503436f4d00 0001 0001 " /* as the client spells it */
#define RECORD	    "c00c 0001 0001 0000003c 0004 c0000201 "
#define HEAD	    "beef 8180 0001 0001 0000 "
#define REPLY	    "1234 8180 0001 0001 0000 "

static const uint8_t client_name[] = "\7Example\3CoM";

static struct client_form client(void)
{
	return (struct client_form){
		.id = 0x1234,
		.flags = 0x0100,
		.has_question = true,
		.question = { .name = client_name, .name_len = 13, .type = 1, .class = 1 },
		.edns = true,
		.udp_size = 1232,
		.limit = 1232,
		.keepalive = -1,
	};
}

static struct client_form client_without_edns(void)
{
	struct client_form c = client();

	c.edns = false;
	return c;
}

static struct dns_message parse(const char *hex)
{
	static uint8_t bytes[70000];
	static struct dns_message m;
	size_t len = hex_bytes(hex, bytes, sizeof bytes);

	expect_int(hex, message_parse(bytes, len, &m), MESSAGE_OK);
	return m;
}

static uint8_t reply[70000];

static size_t rewrite(const char *hex, bool trusted, const struct client_form *c)
{
	struct dns_message m = parse(hex);

	return rewrite_answer(&m, trusted, c, reply, sizeof reply);
}

static const struct {
	const char *name;
	bool edns;
	const char *answer;
	const char *want;
} rows[] = {
	{ "neither side has an OPT", false, HEAD "0000" EXAMPLE_COM RECORD,
		REPLY "0000" Example_Com RECORD },
	{ "only the upstream", false, HEAD "0001" EXAMPLE_COM RECORD "0000290200000000000000",
		REPLY "0000" Example_Com RECORD },
	{ "only the client", true, HEAD "0000" EXAMPLE_COM RECORD,
		REPLY "0001" Example_Com RECORD "00002904d0000000000000" },
	{ "both", true, HEAD "0001" EXAMPLE_COM RECORD "0000290200000000000000",
		REPLY "0001" Example_Com RECORD "00002904d0000000000000" },
	{ "the upstream's DO, flags and options stay behind", true,
		HEAD "0001" EXAMPLE_COM RECORD "00 0029 1000 0000ffff 0020"
		     "00030004 01020304 000a0008 11*8 000b0002 0064 000c0002 0000",
		REPLY "0001" Example_Com RECORD "00002904d0000000000000" },
	{ "answer with cookie (captured)", true,
		"beef85000001000100000001076578616d706c6503636f6d0000010001c00c00010001000151"
		"8000045db8d822000029100000000000001c000a0018a954d29208767b5ccf75f75b5db0bf05"
		"75c9f2d76c962883",
		"1234 8580 0001 0001 0000 0001" Example_Com "c00c 0001 0001 00015180 0004 5db8d822"
		"00002904d0000000000000" },
	{ "AA, TC and RCODE pass, Z does not", false, "beef 8643 0001 0000 0000 0000" EXAMPLE_COM,
		"1234 8783 0001 0000 0000 0000" Example_Com },
	{ "RA is set, RD is the client's", false, "beef 8000 0001 0000 0000 0000" EXAMPLE_COM,
		"1234 8180 0001 0000 0000 0000" Example_Com },
	{ "CD is the client's", false, "beef 8190 0001 0000 0000 0000" EXAMPLE_COM,
		"1234 8180 0001 0000 0000 0000" Example_Com },
	{ "error without question", true, "beef 8181 0000 0000 0000 0000",
		"1234 8181 0001 0000 0000 0001" Example_Com "00002904d0000000000000" },
	{ "error without question, with OPT", true,
		"beef 8185 0000 0000 0000 0001 0000290200000000000000",
		"1234 8185 0001 0000 0000 0001" Example_Com "00002904d0000000000000" },
	{ "error without question but with a record", false,
		"beef 8185 0000 0000 0001 0000 0161 00 0002 0001 00000000 0004 016e c00c",
		"1234 8185 0001 0000 0001 0000" Example_Com
		"0161 00 0002 0001 00000000 0004 016e c01d" },
	{ "OPT before records: their pointers move", true,
		HEAD "0003" EXAMPLE_COM RECORD "0000290200000000000000"
		     "026e73 c00c 0001 0001 0000003c 0004 01020304"
		     "c038 001c 0001 0000003c 0004 01020304",
		REPLY "0003" Example_Com RECORD "026e73 c00c 0001 0001 0000003c 0004 01020304"
		      "c02d 001c 0001 0000003c 0004 01020304 00002904d0000000000000" },
	{ "pointer into the OPT", true,
		HEAD "0002" EXAMPLE_COM RECORD "0000290200000000000000"
		     "c02d 0001 0001 0000003c 0004 01020304",
		"" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct client_form c = rows[i].edns ? client() : client_without_edns();
		size_t len = rewrite(rows[i].answer, true, &c);

		assert_hex(rows[i].name, reply, len, rows[i].want);
	}
}

/* Vector: minimal truncated answer (40), standards.md 25.4; the name as there. */
static void test_truncated_vector(void **state)
{
	struct client_form c = client();

	(void)state;
	c.question.name = (const uint8_t *)"\7example\3com";
	c.limit = 50;
	assert_hex("truncated", reply,
		rewrite(HEAD "0001" EXAMPLE_COM RECORD "0000290200000000000000", true, &c),
		"123483800001000000000001076578616d706c6503636f6d000001000100002904d000000000"
		"0000");
	c.edns = false;
	c.limit = 44;
	assert_hex("without OPT", reply, rewrite(HEAD "0000" EXAMPLE_COM RECORD, true, &c),
		"1234 8380 0001 0000 0000 0000" EXAMPLE_COM);
}

/* The id, opcode, RD and CD are the client's whatever the upstream says. */
static void test_client_flags(void **state)
{
	static const struct {
		const char *name;
		uint16_t flags, want;
	} cases[] = {
		{ "nothing set", 0x0000, 0x8080 },
		{ "RD", 0x0100, 0x8180 },
		{ "CD", 0x0010, 0x8090 },
		{ "RD and CD", 0x0110, 0x8190 },
		{ "opcode 2", 0x1000, 0x9080 },
		{ "everything else does not come back", 0x86ef, 0x8080 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct client_form c = client_without_edns();

		c.flags = cases[i].flags;
		assert_int_equal(
			rewrite("beef 8180 0001 0000 0000 0000" EXAMPLE_COM, false, &c), 29);
		expect_int(cases[i].name, wire_get16(reply), 0x1234);
		expect_int(cases[i].name, wire_get16(reply + 2), cases[i].want);
	}
}

/* RFC 6840 5.8, RFC 4035 4.9.3: received, trusted, and asked for by AD or DO. */
static void test_ad(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		bool received = bits & 1, trusted = bits & 2, ad = bits & 4, dnssec_ok = bits & 8;
		const char *answer = received ? "beef 81a0 0001 0000 0000 0000" EXAMPLE_COM
					      : "beef 8180 0001 0000 0000 0000" EXAMPLE_COM;
		struct client_form c = client();

		c.flags |= ad ? DNS_AD : 0;
		c.dnssec_ok = dnssec_ok;
		assert_int_equal(rewrite(answer, trusted, &c), 40);
		assert_int_equal(!!(wire_get16(reply + 2) & DNS_AD),
			received && trusted && (ad || dnssec_ok));
		assert_int_equal(wire_get16(reply + 36), dnssec_ok ? 0x8000 : 0);
	}
}

static void test_keepalive(void **state)
{
	struct client_form c = client();
	size_t len;

	(void)state;
	c.keepalive = 100;
	len = rewrite(HEAD "0000" EXAMPLE_COM RECORD, false, &c);
	assert_hex("keepalive", reply, len,
		REPLY "0001" Example_Com RECORD "00 0029 04d0 00000000 0006 000b0002 0064");
	c.limit = len;
	assert_int_equal(rewrite(HEAD "0000" EXAMPLE_COM RECORD, false, &c), len);
	c.limit = len - 1; /* it goes before anything else does */
	len = rewrite(HEAD "0000" EXAMPLE_COM RECORD, false, &c);
	assert_hex("no room for it", reply, len,
		REPLY "0001" Example_Com RECORD "00 0029 04d0 00000000 0000");
	c.edns = false;
	len = rewrite(HEAD "0000" EXAMPLE_COM RECORD, false, &c);
	assert_hex("no OPT", reply, len, REPLY "0000" Example_Com RECORD);
}

/* ------------------------------------------------------------------ Extended DNS Errors */

#define EDE_ANSWER "beef 8182 0001 0000 0000 0001" EXAMPLE_COM "00 0029 0200 00000000 "
#define EDE_REPLY  "1234 8182 0001 0000 0000 0001" Example_Com "00 0029 04d0 00000000 "
#define UPSTREAM   "757073747265616d" /* "upstream" */

static const struct {
	const char *name;
	const char *answer;
	const char *want;
} edes[] = {
	{ "code alone names the source", EDE_ANSWER "0006 000f0002 0017",
		EDE_REPLY "000e 000f000a 0017" UPSTREAM },
	{ "text", EDE_ANSWER "0009 000f0005 0006 616263",
		EDE_REPLY "0013 000f000f 0006" UPSTREAM "3a20 616263" },
	{ "NUL at the end, line feed inside", EDE_ANSWER "000a 000f0006 0006 610a6300",
		EDE_REPLY "0013 000f000f 0006" UPSTREAM "3a20 613f63" },
	{ "unknown code", EDE_ANSWER "0006 000f0002 fde8",
		EDE_REPLY "000e 000f000a fde8" UPSTREAM },
	{ "empty option is none", EDE_ANSWER "0004 000f0000", EDE_REPLY "0000" },
	{ "one octet is none", EDE_ANSWER "0005 000f0001 00", EDE_REPLY "0000" },
	{ "two, other options between",
		EDE_ANSWER "0014 000f0002 0001 000c0004 00000000 000f0002 0002",
		EDE_REPLY "001c 000f000a 0001" UPSTREAM "000f000a 0002" UPSTREAM },
	{ "five become four",
		EDE_ANSWER
		"001e 000f0002 0001 000f0002 0002 000f0002 0003 000f0002 0004 000f0002 0005",
		EDE_REPLY "0038 000f000a 0001" UPSTREAM "000f000a 0002" UPSTREAM
			  "000f000a 0003" UPSTREAM "000f000a 0004" UPSTREAM },
	{ "what stands before a broken option", EDE_ANSWER "0009 000f0002 0001 000f00",
		EDE_REPLY "000e 000f000a 0001" UPSTREAM },
	{ "200 octets in all", EDE_ANSWER "0104 000f0100 0001 61*254",
		EDE_REPLY "00ce 000f00ca 0001" UPSTREAM "3a20 61*190" },
	{ "a character just fits", EDE_ANSWER "00c4 000f00c0 0001 61*187 e282ac",
		EDE_REPLY "00ce 000f00ca 0001" UPSTREAM "3a20 61*187 e282ac" },
	{ "cut before a character that does not fit", EDE_ANSWER "00c5 000f00c1 0001 61*188 e282ac",
		EDE_REPLY "00cc 000f00c8 0001" UPSTREAM "3a20 61*188" },
};

static void test_edes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(edes); i++) {
		struct client_form c = client(), plain = client_without_edns();

		assert_hex(edes[i].name, reply, rewrite(edes[i].answer, true, &c), edes[i].want);
		assert_hex(edes[i].name, reply, rewrite(edes[i].answer, true, &plain),
			"1234 8182 0001 0000 0000 0000" Example_Com);
	}
}

/* RCODEs above 15 speak of our own hop. */
static void test_extended_rcode(void **state)
{
	struct client_form c = client();

	(void)state;
	assert_hex("BADVERS", reply,
		rewrite("beef 8180 0001 0000 0000 0001" EXAMPLE_COM "00 0029 0200 01000000 0000",
			true, &c),
		"1234 8182 0001 0000 0000 0001" Example_Com "00 0029 04d0 00000000 001f"
		"000f001b 0000 757073747265616d20616e73776572656420 42414456455253");
	assert_hex("BADCOOKIE with records", reply,
		rewrite("beef 8187 0001 0001 0000 0001" EXAMPLE_COM RECORD
			"00 0029 0200 01000000 0000",
			true, &c),
		"1234 8182 0001 0000 0000 0001" Example_Com "00 0029 04d0 00000000 0021"
		"000f001d 0000 757073747265616d20616e73776572656420 424144434f4f4b4945");
	assert_hex("4095", reply,
		rewrite("beef 818f 0001 0000 0000 0001" EXAMPLE_COM "00 0029 0200 ff000000 0000",
			true, &c),
		"1234 8182 0001 0000 0000 0001" Example_Com "00 0029 04d0 00000000 0021"
		"000f001d 0000 757073747265616d20616e73776572656420 52434f444534303935");
	c.edns = false;
	assert_hex("without OPT", reply,
		rewrite("beef 8180 0001 0000 0000 0001" EXAMPLE_COM "00 0029 0200 01000000 0000",
			true, &c),
		"1234 8182 0001 0000 0000 0000" Example_Com);
}

/* ------------------------------------------------------------------ signed */

#define TSIG "00 00fa 00ff 00000000 0003 aabbcc"

static void test_signed(void **state)
{
	static const char with_tsig[] = "beef 85ff 0001 0001 0000 0002" EXAMPLE_COM RECORD
					"00 0029 0200 01000000 0000" TSIG;
	static const char plain[] = HEAD "0001" EXAMPLE_COM RECORD "0000290200000000000000";
	struct client_form c = client();
	struct dns_message m;

	(void)state;
	assert_hex("signed answer", reply, rewrite(with_tsig, true, &c),
		"1234 85ff 0001 0001 0000 0002" EXAMPLE_COM RECORD
		"00 0029 0200 01000000 0000" TSIG);
	c.passthrough = true;
	assert_hex("signed query", reply, rewrite(plain, false, &c),
		"1234 8180 0001 0001 0000 0001" EXAMPLE_COM RECORD "0000290200000000000000");
	c.limit = 55;
	assert_hex("too long", reply, rewrite(plain, false, &c),
		"1234 8380 0001 0000 0000 0001" Example_Com "00002904d0000000000000");
	c.limit = 56;
	assert_int_equal(rewrite(plain, false, &c), 56);
	m = parse(plain);
	assert_int_equal(rewrite_answer(&m, false, &c, reply, 55), 0);
	assert_int_equal(rewrite_answer(&m, false, &c, reply, 56), 56);
}

/* ------------------------------------------------------------------ size */

static uint8_t big[70000];

/* An answer with TXT records of these lengths in the three sections, and an OPT with long EDEs. */
static struct dns_message build(size_t answer, size_t authority, size_t additional, bool opt)
{
	const size_t want[DNS_SECTIONS] = { answer, authority, additional };
	struct wire_writer w = wire_writer(big, sizeof big);
	struct dns_message m;

	put_header(&w, 0xbeef, 0x8180, 1);
	put_question(&w, "example.com", DNS_TYPE_A);
	for (unsigned s = 0; s < DNS_SECTIONS; s++)
		for (size_t left = want[s]; left > 0;) {
			size_t n = left > 12 + 4000 + 12 ? 12 + 4000 : left;

			put_record(&w, s, 12, DNS_TYPE_TXT, (uint16_t)(n - 12), 'x');
			left -= n;
		}
	if (opt)
		put_opt(&w, "000f00ff 0001 61*253 000f00ff 0002 62*253 000f00ff 0003 63*253");
	assert_int_equal(message_parse(big, w.pos, &m), MESSAGE_OK);
	return m;
}

struct size_case {
	size_t answer, authority, additional;
	bool opt;
};

/* How the rules say it must come out, worked out independently. */
static void check_size(const struct size_case *s, const struct client_form *c, const char *row)
{
	struct dns_message a = build(s->answer, s->authority, s->additional, s->opt), m;
	size_t fixed = 29 + (c->edns ? 11u : 0);
	size_t core = s->answer + s->authority, all = core + s->additional;
	bool whole = fixed + all <= c->limit, no_additional = fixed + core <= c->limit;
	size_t len = rewrite_answer(&a, true, c, reply, sizeof reply), pos = 0, edes_len = 0;
	struct edns_option o;

	expect_int(row, message_parse(reply, len, &m), MESSAGE_OK);
	expect(row, len <= c->limit);
	expect_int(row, m.opt != 0, c->edns);
	expect_int(row, !!(m.flags & DNS_TC), !no_additional);
	expect(row, same_records(&a, &m,
			    whole	    ? DNS_SECTIONS
			    : no_additional ? DNS_ADDITIONAL
					    : DNS_ANSWER));
	while (edns_next_option(&m, &pos, &o)) {
		expect_int(row, o.code, EDNS_EDE);
		edes_len += 4u + o.len;
	}
	/* Nothing but whole records and as much of three reasons as there is room for. */
	expect_int(row, len, fixed + (whole ? all : no_additional ? core : 0) + edes_len);
	if (c->edns && s->opt && c->limit - (len - edes_len) >= 3 * 206)
		expect_int(row, edes_len, 3 * 206);
}

/* A28: sizes that a client may say, against answers from 100 octets to 64 KiB with long reasons. */
static void test_truncation_grid(void **state)
{
	static const long said[] = { -1, 0, 1, 511, 512, 1231, 1232, 4096, 65535 };
	static const struct size_case answers[] = {
		{ 71, 0, 0, true },
		{ 0, 71, 0, true },
		{ 100, 100, 200, true },
		{ 400, 71, 0, true },
		{ 472, 0, 0, true },
		{ 473, 0, 0, true },
		{ 483, 0, 0, true },
		{ 484, 0, 0, true },
		{ 400, 72, 12, true },
		{ 400, 72, 900, true },
		{ 1000, 192, 0, true },
		{ 1000, 193, 0, true },
		{ 1000, 192, 12, false },
		{ 1200, 300, 50, true },
		{ 3000, 1000, 50, true },
		{ 4000, 60, 5000, true },
		{ 20000, 9000, 9000, true },
		{ 64000, 300, 400, true },
		{ 0, 0, 65400, false },
		{ 65000, 0, 506, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		for (size_t k = 0; k < COUNT_OF(answers); k++) {
			struct client_form c = client();
			char row[80];
			long limit = said[i] < 512 ? 512 : said[i];

			snprintf(row, sizeof row, "client %ld, answer %zu", said[i], k);
			c.edns = said[i] >= 0;
			c.limit = (size_t)(limit > 1232 && k % 2 ? 1232 : limit);
			check_size(&answers[k], &c, row);
		}
	}
}

/* At every limit around the points where something goes. */
static void test_every_limit(void **state)
{
	static const struct size_case s = { 100, 50, 60, true };

	(void)state;
	for (size_t limit = 40; limit < 1000; limit++) {
		struct client_form c = client();
		char row[32];

		snprintf(row, sizeof row, "limit %zu", limit);
		c.limit = limit;
		check_size(&s, &c, row);
	}
}

/* Not even header, question and OPT fit. */
static void test_limit_too_small(void **state)
{
	struct client_form c = client();

	(void)state;
	for (c.limit = 0; c.limit < 40; c.limit++)
		assert_int_equal(rewrite(HEAD "0000" EXAMPLE_COM RECORD, true, &c), 0);
	assert_int_equal(rewrite(HEAD "0000" EXAMPLE_COM RECORD, true, &c), 40);
}

/* A27: the largest answer to a TCP client is exact but for the id and the spelling. */
static void test_largest(void **state)
{
	struct client_form c = client_without_edns();
	struct dns_message a = build(65535 - 29, 0, 0, false), m;

	(void)state;
	c.limit = 65535;
	assert_int_equal(a.len, 65535);
	assert_int_equal(rewrite_answer(&a, true, &c, reply, sizeof reply), 65535);
	assert_int_equal(wire_get16(reply), 0x1234);
	assert_memory_equal(reply + 2, big + 2, 10);
	assert_memory_equal(reply + 12, client_name, 13);
	assert_memory_equal(reply + 25, big + 25, 65535 - 25);

	/* An OPT must go in and nothing may be left out in part. */
	c = client();
	c.limit = 65535;
	assert_int_equal(rewrite_answer(&a, true, &c, reply, sizeof reply), 40);
	assert_int_equal(wire_get16(reply + 2), 0x8380);
	a = build(65000, 0, 506, false);
	assert_int_equal(rewrite_answer(&a, true, &c, reply, sizeof reply), 65040);
	assert_int_equal(wire_get16(reply + 2), 0x8180);
	assert_int_equal(message_parse(reply, 65040, &m), MESSAGE_OK);
	assert_int_equal(m.count[DNS_ADDITIONAL], 1);
	c.limit = 100000; /* no message is longer than 65535 */
	assert_int_equal(rewrite_answer(&a, true, &c, reply, sizeof reply), 65040);
}

/* A buffer that is too small: nothing, and nothing written behind it. */
static void test_cap(void **state)
{
	struct client_form c = client();
	struct dns_message m = parse(HEAD "0003" EXAMPLE_COM RECORD "0000290200000000000000"
					  "026e73 c00c 0001 0001 0000003c 0004 01020304"
					  "c038 001c 0001 0000003c 0004 01020304");
	size_t whole = rewrite_answer(&m, true, &c, reply, sizeof reply);

	(void)state;
	assert_int_equal(whole, 91);
	for (size_t cap = 0; cap < whole; cap++) {
		uint8_t out[100];

		memset(out, 0xee, sizeof out);
		assert_int_equal(rewrite_answer(&m, true, &c, out, cap), 0);
		for (size_t i = cap; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);
	}
	assert_int_equal(rewrite_answer(&m, true, &c, reply, whole), whole);
}

/* The client's cookie, never the upstream's; it has its room before records and reasons. */
static void test_cookie(void **state)
{
	struct client_form c = client();
	struct dns_message m = parse(HEAD "0001" EXAMPLE_COM RECORD "000029020000000000 000c 000a0008 99*8");
	size_t whole, records = m.opt - m.question_end;

	(void)state;
	c.has_cookie = true;
	memset(c.cookie, 0x77, sizeof c.cookie);
	whole = rewrite_answer(&m, true, &c, reply, sizeof reply);
	assert_int_equal(whole, 40 + records + 28);
	assert_hex("at the end", reply + 29 + records, whole - 29 - records,
		"00002904d000000000001c 000a0018 77*24");
	for (c.limit = 0; c.limit < 68; c.limit++)
		assert_int_equal(rewrite_answer(&m, true, &c, reply, sizeof reply), 0);
	for (; c.limit < whole; c.limit++) {
		assert_int_equal(rewrite_answer(&m, true, &c, reply, sizeof reply), 68);
		assert_true(reply[2] & 2); /* TC */
	}
	assert_int_equal(rewrite_answer(&m, true, &c, reply, sizeof reply), whole);
}

/* Optional things are left out where the buffer ends. */
static void test_cap_drops_options(void **state)
{
	struct client_form c = client();
	struct dns_message m = parse(EDE_ANSWER "0009 000f0005 0006 616263");

	(void)state;
	assert_int_equal(rewrite_answer(&m, true, &c, reply, 39), 0);
	assert_int_equal(rewrite_answer(&m, true, &c, reply, 40), 40);
	assert_int_equal(rewrite_answer(&m, true, &c, reply, 45), 40);
	assert_int_equal(rewrite_answer(&m, true, &c, reply, 46), 46); /* the code */
	assert_int_equal(rewrite_answer(&m, true, &c, reply, 59), 59); /* all of it */
}

/* A26: what the upstream heaps up does not come out. */
static void test_many_options(void **state)
{
	static const struct {
		const char *name;
		uint16_t code, len;
		unsigned count, want;
	} cases[] = {
		{ "500 COOKIE", 10, 100, 500, 0 },
		{ "500 PADDING", 12, 100, 500, 0 },
		{ "500 NSID", 3, 100, 500, 0 },
		{ "16,000 empty ones", 15, 0, 16000, 0 },
		{ "10,000 EDE", 15, 2, 10000, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct wire_writer w = wire_writer(big, sizeof big);
		struct client_form c = client();
		struct dns_message m;
		struct edns_option o;
		size_t rdlen, len, pos = 0;
		unsigned count = 0;

		put_header(&w, 0xbeef, 0x8180, 1);
		put_question(&w, "example.com", DNS_TYPE_A);
		put_opt(&w, "");
		rdlen = w.pos - 2;
		for (unsigned k = 0; k < cases[i].count; k++) {
			wire_write16(&w, cases[i].code);
			wire_write16(&w, cases[i].len);
			wire_zero(&w, cases[i].len);
		}
		wire_put16(big + rdlen, (uint16_t)(w.pos - rdlen - 2));
		expect_int(cases[i].name, message_parse(big, w.pos, &m), MESSAGE_OK);
		len = rewrite_answer(&m, true, &c, reply, sizeof reply);
		expect_int(cases[i].name, message_parse(reply, len, &m), MESSAGE_OK);
		while (edns_next_option(&m, &pos, &o))
			count++;
		expect_int(cases[i].name, count, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_truncated_vector),
		cmocka_unit_test(test_client_flags),
		cmocka_unit_test(test_ad),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_edes),
		cmocka_unit_test(test_extended_rcode),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_truncation_grid),
		cmocka_unit_test(test_every_limit),
		cmocka_unit_test(test_limit_too_small),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_cap_drops_options),
		cmocka_unit_test(test_many_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
