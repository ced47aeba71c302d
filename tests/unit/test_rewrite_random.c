/* Answers made at random (fixed seed) and what must hold of every reply made from one. */
#include "common/dns/rewrite.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/expand.h"

#define ROUNDS	  20000
#define NAMES_MAX 64

static uint64_t seed;

static unsigned rnd(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* The names written so far, where a later one may point to. */
struct gen {
	struct wire_writer w;
	uint16_t at[NAMES_MAX];
	unsigned count;
};

static void put_random_name(struct gen *g)
{
	size_t start = g->w.pos;
	unsigned labels = rnd(4);

	for (unsigned i = 0; i < labels; i++) {
		unsigned len = 1 + rnd(i == 0 ? 12 : 4);

		wire_write8(&g->w, (uint8_t)len);
		while (len-- > 0)
			wire_write8(&g->w, (uint8_t)(rnd(8) ? "abcXYZ-_"[rnd(8)] : (char)rnd(256)));
	}
	if (g->count && rnd(4))
		wire_write16(&g->w, (uint16_t)(0xc000 | g->at[rnd(g->count)]));
	else
		wire_write8(&g->w, 0);
	/* A chain of long names may get too long: names that others point to stay few and short. */
	if (g->count < NAMES_MAX && start < 0x3f00 && g->w.pos - start < 12)
		g->at[g->count++] = (uint16_t)start;
}

static void put_random_octets(struct gen *g, unsigned n)
{
	while (n-- > 0)
		wire_write8(&g->w, (uint8_t)(rnd(3) ? rnd(256) : 0xc0));
}

static void put_random_rdata(struct gen *g, uint16_t type)
{
	for (const char *l = expand_layout(type); *l; l++) {
		if (*l == 'n')
			put_random_name(g);
		else if (*l == 's')
			wire_write(&g->w, "\3abc", 4);
		else
			put_random_octets(g, (unsigned)(*l - '0'));
	}
	if (type == DNS_TYPE_SOA)
		put_random_octets(g, 20);
	else if (type == DNS_TYPE_SIG || type == DNS_TYPE_NXT || !*expand_layout(type))
		put_random_octets(g, rnd(rnd(10) ? 20 : 400));
}

static void put_random_record(struct gen *g, enum dns_section section)
{
	static const uint16_t types[] = { 1, 2, 5, 6, 12, 14, 15, 16, 17, 18, 21, 24, 26, 28, 30,
		33, 35, 39, 46, 47, 64, 65, 257, 65280 };
	uint16_t type = types[rnd(COUNT_OF(types))];
	size_t rdlen_at;

	count_record(&g->w, section);
	put_random_name(g);
	put_fixed(&g->w, type, 0);
	rdlen_at = g->w.pos - 2;
	if (rnd(20))
		put_random_rdata(g, type);
	wire_put16(g->w.data + rdlen_at, (uint16_t)(g->w.pos - rdlen_at - 2));
}

static void put_random_opt(struct gen *g)
{
	static const char *const options[] = {
		"", "000c0004 00000000", "000f0002 0017",
		"000f0009 0006 62616420 6b6579 000a0008 11*8", "000b0002 0064 000f0004 0000 c328",
		"000f0002 0001 000c0004 00", /* broken at its end */
	};

	put_opt(&g->w, options[rnd(COUNT_OF(options))]);
}

/* Returns its length. */
static size_t random_answer(uint8_t *data, size_t cap)
{
	struct gen g = { .w = wire_writer(data, cap) };
	unsigned opt_at = rnd(8), counts[DNS_SECTIONS] = { rnd(6), rnd(3), rnd(6) };
	bool has_question = rnd(10) != 0;

	put_header(&g.w, (uint16_t)rnd(65536), (uint16_t)(0x8000 | rnd(0x800)), has_question);
	if (has_question) {
		g.at[g.count++] = (uint16_t)g.w.pos;
		put_question(&g.w, "Www.Example.Com", DNS_TYPE_A);
	}
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		for (unsigned i = 0; i < counts[s]; i++) {
			if (s == DNS_ADDITIONAL && i == opt_at)
				put_random_opt(&g);
			put_random_record(&g, s);
		}
	}
	if (opt_at == 7 || opt_at == counts[DNS_ADDITIONAL])
		put_random_opt(&g);
	assert_false(g.w.bad);
	return g.w.pos;
}

static const uint8_t client_name[] = "\3wWw\7eXample\3com";

static struct client_form random_client(void)
{
	static const size_t limits[] = { 512, 512, 1232, 4096, 65535 };

	return (struct client_form){
		.id = (uint16_t)rnd(65536),
		.flags = (uint16_t)rnd(0x800),
		.has_question = true,
		.question = { .name = client_name,
			.name_len = sizeof client_name,
			.type = 1,
			.class = 1 },
		.edns = rnd(2),
		.dnssec_ok = rnd(2),
		.udp_size = 1232,
		.limit = limits[rnd(COUNT_OF(limits))],
		.keepalive = rnd(2) ? -1 : 100,
	};
}

/* The names of the answer's question and the client's are the same but for case. */
static void check_reply(
	const struct dns_message *a, const struct client_form *c, const uint8_t *out, size_t len)
{
	bool asked_ad = (c->flags & DNS_AD) || c->dnssec_ok;
	enum dns_section until = DNS_SECTIONS;
	struct dns_message m;

	assert_int_equal(message_parse(out, len, &m), MESSAGE_OK);
	assert_true(len <= c->limit);
	assert_int_equal(m.opt != 0, c->edns);
	assert_int_equal(m.opt && m.opt + m.opt_len != len, 0);
	assert_int_equal(m.id, c->id);
	assert_int_equal(m.qdcount, 1);
	assert_memory_equal(m.question.name, client_name, sizeof client_name);
	assert_int_equal(message_rcode(&m), message_rcode(a));
	assert_int_equal(m.flags & DNS_Z, 0);
	assert_true(asked_ad || !(m.flags & DNS_AD));
	if (m.count[DNS_ANSWER] + m.count[DNS_AUTHORITY] <
		a->count[DNS_ANSWER] + a->count[DNS_AUTHORITY]) {
		assert_true(m.flags & DNS_TC);
		until = DNS_ANSWER;
	} else if (m.count[DNS_ADDITIONAL] - (m.opt != 0) <
		   a->count[DNS_ADDITIONAL] - (a->opt != 0)) {
		until = DNS_ADDITIONAL;
	}
	assert_true(same_records(a, &m, until));
}

static void test_random_answers(void **state)
{
	static uint8_t in[70000], out[70000];
	unsigned valid = 0, moved = 0, whole = 0, cut = 0;

	(void)state;
	seed = 20240117;
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len = random_answer(in, sizeof in), n;
		struct client_form c = random_client();
		struct dns_message a;

		if (message_parse(in, len, &a) != MESSAGE_OK || a.has_signature)
			continue; /* a name got too long, or random octets say SIG(0) */
		valid++;
		n = rewrite_answer(&a, rnd(2), &c, out, sizeof out);
		assert_true(n > 0);
		check_reply(&a, &c, out, n);
		moved += a.opt && a.opt + a.opt_len < a.len;
		whole += n > a.len - a.opt_len;
		cut += n < a.len / 2;
	}
	/* The generator does reach what it is for. */
	assert_true(valid > ROUNDS * 9 / 10);
	assert_true(moved > ROUNDS / 10);
	assert_true(whole > ROUNDS / 10);
	assert_true(cut > ROUNDS / 50);
}

/* Octets of valid answers changed at random: whatever still parses can be rewritten or is refused.
 */
static void test_mutated_answers(void **state)
{
	static uint8_t in[70000], out[70000];
	unsigned valid = 0;

	(void)state;
	seed = 7;
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len = random_answer(in, sizeof in), n;
		struct client_form c = random_client();
		struct dns_message a, m;

		for (unsigned k = 1 + rnd(3); k > 0; k--)
			in[rnd((unsigned)len)] = (uint8_t)rnd(256);
		if (message_parse(in, len, &a) != MESSAGE_OK || a.has_signature)
			continue;
		valid++;
		n = rewrite_answer(&a, true, &c, out, sizeof out);
		if (n == 0 || !a.qdcount || a.question.name_len != c.question.name_len)
			continue;
		assert_int_equal(message_parse(out, n, &m), MESSAGE_OK);
		assert_true(n <= c.limit);
	}
	assert_true(valid > ROUNDS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_answers),
		cmocka_unit_test(test_mutated_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
