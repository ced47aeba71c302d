#include "common/base/siphash.h"

#include "common/base/le.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void one_round(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void two_rounds(struct state *s)
{
	one_round(s);
	one_round(s);
}

static inline void compress(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	two_rounds(s);
	s->v0 ^= word;
}

/* The octets that do not fill a word, with the length's low octet on top. */
static uint64_t last_word(const uint8_t *tail, size_t len)
{
	return le_read_few(tail, len % 8) | (uint64_t)len << 56;
}

uint64_t siphash(const uint8_t key[16], const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t k0 = le_read64(key), k1 = le_read64(key + 8);
	/* The constants spell "somepseudorandomlygeneratedbytes". */
	struct state s = {
		k0 ^ 0x736f6d6570736575u,
		k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u,
		k1 ^ 0x7465646279746573u,
	};
	size_t whole = len - len % 8;

	for (size_t i = 0; i < whole; i += 8)
		compress(&s, le_read64(p + i));
	compress(&s, last_word(whole < len ? p + whole : p, len));
	s.v2 ^= 0xff;
	two_rounds(&s);
	two_rounds(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
