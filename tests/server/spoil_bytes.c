#include "tests/server/actions.h"

#include "common/dns/wire.h"
#include "tests/server/hex.h"
#include "tests/server/value.h"

void spoil_short(struct reply *r, const struct action *a)
{
	if ((size_t)a->a < r->len)
		r->len = (size_t)a->a;
	r->opt_at = 0;
}

void spoil_trailing(struct reply *r, const struct action *a)
{
	size_t n = (size_t)a->a;

	if (n > REPLY_MAX - r->len)
		n = REPLY_MAX - r->len;
	random_fill(r->random, reply_data(r) + r->len, n);
	r->len += n;
	r->opt_at = 0;
}

/* The whole message as given; the id is the query's. */
void spoil_hex(struct reply *r, const struct action *a)
{
	size_t len;

	if (!hex_parse(a->text, reply_data(r), REPLY_MAX, &len))
		return;
	r->len = len;
	r->opt_at = 0;
	if (len >= 2)
		wire_put16(reply_data(r), r->q->id);
}

/* Mutations: but for "whole" the id, QR, opcode, QDCOUNT and the question stay as they are. */

static void flip(struct reply *r, size_t from, struct random *random)
{
	for (size_t n = 1 + random_below(random, 8); n && r->len > from; n--)
		reply_data(r)[from + random_below(random, r->len - from)] ^=
			(uint8_t)(1u << random_below(random, 8));
}

static void overwrite(struct reply *r, size_t from, struct random *random)
{
	size_t at, n;

	if (r->len <= from)
		return;
	at = from + random_below(random, r->len - from);
	n = 1 + random_below(random, r->len - at);
	random_fill(random, reply_data(r) + at, n);
}

static void insert(struct reply *r, size_t from, struct random *random)
{
	size_t at = from + random_below(random, r->len - from + 1);
	size_t n = 1 + random_below(random, 32);

	if (n > REPLY_MAX - r->len)
		return;
	memmove(reply_data(r) + at + n, reply_data(r) + at, r->len - at);
	random_fill(random, reply_data(r) + at, n);
	r->len += n;
}

static void cut(struct reply *r, size_t from, struct random *random)
{
	if (r->len > from)
		r->len = from + random_below(random, r->len - from);
}

static void count(struct reply *r, size_t from, struct random *random)
{
	uint8_t *p = reply_data(r) + 6 + 2 * random_below(random, 3);

	(void)from;
	wire_put16(p, (uint16_t)(wire_get16(p) + 1 + random_below(random, 65535)));
}

static void (*const mutations[])(struct reply *r, size_t from, struct random *random) = { flip,
	overwrite, insert, cut, count };

#define MUTATIONS (sizeof(mutations) / sizeof(*mutations))

/* With a seed the same question is spoilt in the same way each time, whenever it is asked. */
void spoil_mutate(struct reply *r, const struct action *a)
{
	uint64_t seed = a->a ? (uint64_t)a->a << 32 | r->q->hash : random_next(r->random);
	struct random random = random_seeded(seed);
	bool broken = mutation_names[a->b + 1] == NULL, whole = a->b == (long)MUTATIONS + 1;
	size_t kind = (size_t)a->b, from = whole ? 0 : r->question_end;

	if (r->len < r->question_end)
		return;
	do {
		if (!a->b || broken || whole)
			kind = 1 + random_below(&random, MUTATIONS);
		mutations[kind - 1](r, from, &random);
	} while (broken && message_walks(reply_data(r), r->len) && r->len > r->question_end);
	r->opt_at = 0;
}
