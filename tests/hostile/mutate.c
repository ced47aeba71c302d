#include "tests/hostile/mutate.h"

#include <stdbool.h>
#include <string.h>

#include "tests/server/random.h"

#define HEADER	   12u
#define USUAL_MAX  4096u
#define LABEL_MAX  63u
#define NAME_LIMIT 255u

struct draft {
	struct random dice;
	uint8_t *data;
	size_t len, max;
	size_t question, records; /* where they begin */
};

static bool one_in(struct draft *d, size_t n)
{
	return random_below(&d->dice, n) == 0;
}

static void put(struct draft *d, const void *octets, size_t n)
{
	if (n > d->max - d->len)
		n = d->max - d->len;
	memcpy(d->data + d->len, octets, n);
	d->len += n;
}

static void put8(struct draft *d, size_t value)
{
	put(d, &(uint8_t){ (uint8_t)value }, 1);
}

static void put16(struct draft *d, size_t value)
{
	put8(d, value >> 8);
	put8(d, value);
}

static void put_noise(struct draft *d, size_t n)
{
	if (n > d->max - d->len)
		n = d->max - d->len;
	random_fill(&d->dice, d->data + d->len, n);
	d->len += n;
}

static void set16(struct draft *d, size_t at, size_t value)
{
	d->data[at] = (uint8_t)(value >> 8);
	d->data[at + 1] = (uint8_t)value;
}

/* ---------------------------------------------------------------- good ones */

static void put_label(struct draft *d, size_t n)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	put8(d, n);
	if (one_in(d, 16)) {
		put_noise(d, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		put8(d, (uint8_t)letters[random_below(&d->dice, sizeof letters - 1)]);
}

static void put_name(struct draft *d)
{
	size_t left, labels;

	switch (random_below(&d->dice, 16)) {
	case 0: /* the root */
		break;
	case 1: /* as many labels as fit */
		for (size_t i = 0; i < 120; i++)
			put_label(d, 1);
		break;
	case 2: /* as long as may be */
		for (left = NAME_LIMIT - 1; left > 1;) {
			size_t n = left - 1 < LABEL_MAX ? left - 1 : LABEL_MAX;

			put_label(d, n);
			left -= 1 + n;
		}
		break;
	default:
		labels = 1 + random_below(&d->dice, 3);
		for (size_t i = 0; i < labels; i++)
			put_label(d, 1 + random_below(&d->dice, 12));
		put(d, "\7hostile\4test", 13);
	}
	put8(d, 0);
}

static size_t some_type(struct draft *d)
{
	static const uint16_t usual[] = { 1, 28, 16, 12, 15, 33, 65, 43, 48, 255, 252, 251, 41, 249,
		250, 0 };

	if (one_in(d, 4))
		return random_below(&d->dice, 65536);
	return one_in(d, 2) ? 1 : usual[random_below(&d->dice, sizeof usual / sizeof *usual)];
}

static void put_option(struct draft *d)
{
	static const uint8_t codes[] = { 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18 };
	size_t n = one_in(d, 8) ? random_below(&d->dice, 300) : random_below(&d->dice, 41);

	put16(d, one_in(d, 6) ? random_below(&d->dice, 65536)
			      : codes[random_below(&d->dice, sizeof codes)]);
	put16(d, n);
	put_noise(d, n);
}

static void put_opt(struct draft *d)
{
	size_t options = one_in(d, 2) ? 0 : random_below(&d->dice, one_in(d, 20) ? 200 : 6), length;

	put8(d, 0);
	put16(d, 41);
	put16(d, one_in(d, 4) ? random_below(&d->dice, 65536) : 1232);
	put16(d, one_in(d, 10) ? random_below(&d->dice, 65536) : 0);
	put16(d, one_in(d, 2) ? 0x8000 : 0);
	length = d->len;
	put16(d, 0);
	while (options--)
		put_option(d);
	if (d->len > length + 2)
		set16(d, length, d->len - length - 2);
}

static void put_record(struct draft *d)
{
	size_t n = random_below(&d->dice, one_in(d, 20) ? 2000 : 40);

	if (one_in(d, 2))
		put16(d, 0xc000 + HEADER);
	else
		put_name(d);
	put16(d, some_type(d));
	put16(d, 1);
	put_noise(d, 4);
	put16(d, n);
	put_noise(d, n);
}

static void put_query(struct draft *d)
{
	size_t more = one_in(d, 12) ? 1 + random_below(&d->dice, 5) : 0;
	bool edns = !one_in(d, 3);

	put_noise(d, 2);
	put16(d, one_in(d, 8) ? random_below(&d->dice, 65536) & 0x7fff : 0x0100);
	put16(d, 1);
	put16(d, 0);
	put16(d, 0);
	put16(d, more + edns);
	d->question = d->len;
	put_name(d);
	put16(d, some_type(d));
	put16(d, one_in(d, 16) ? random_below(&d->dice, 65536) : 1);
	d->records = d->len;
	for (size_t i = 0; i < more; i++)
		put_record(d);
	if (edns)
		put_opt(d);
}

/* ---------------------------------------------------------------- spoiling them */

static size_t somewhere(struct draft *d)
{
	return random_below(&d->dice, d->len);
}

static void flip(struct draft *d)
{
	for (size_t n = 1 + random_below(&d->dice, 8); n; n--)
		d->data[somewhere(d)] ^= (uint8_t)(1u << random_below(&d->dice, 8));
}

static void overwrite(struct draft *d)
{
	size_t at = somewhere(d), n = 1 + random_below(&d->dice, d->len - at);

	random_fill(&d->dice, d->data + at, n < 64 ? n : 64);
}

static void move_tail(struct draft *d, size_t at, size_t n)
{
	memmove(d->data + at + n, d->data + at, d->len - at);
	d->len += n;
}

static void insert(struct draft *d)
{
	size_t at = somewhere(d), n = 1 + random_below(&d->dice, 32);

	if (n > d->max - d->len)
		return;
	move_tail(d, at, n);
	random_fill(&d->dice, d->data + at, n);
}

static void cut_out(struct draft *d)
{
	size_t at = somewhere(d), n = 1 + random_below(&d->dice, d->len - at);

	memmove(d->data + at, d->data + at + n, d->len - at - n);
	d->len -= n;
}

static void cut_end(struct draft *d)
{
	d->len = somewhere(d);
}

static void twice(struct draft *d)
{
	size_t at = somewhere(d), n = 1 + random_below(&d->dice, d->len - at);

	if (n > d->max - d->len)
		return;
	move_tail(d, at, n);
	memcpy(d->data + at, d->data + at + n, n);
}

static void lie_about_counts(struct draft *d)
{
	if (d->len >= HEADER)
		set16(d, 4 + 2 * random_below(&d->dice, 4),
			one_in(d, 2) ? random_below(&d->dice, 4) : random_below(&d->dice, 65536));
}

static void point_somewhere(struct draft *d)
{
	size_t at = d->question < d->len ? d->question : 0;

	at += random_below(&d->dice, d->len - at);
	if (at + 2 <= d->len)
		set16(d, at, 0xc000 + random_below(&d->dice, d->len + 8));
}

static void lie_about_length(struct draft *d)
{
	if (d->len > d->records + 1)
		set16(d, d->records + random_below(&d->dice, d->len - d->records - 1),
			one_in(d, 2) ? random_below(&d->dice, 64) : random_below(&d->dice, 65536));
}

static void trail(struct draft *d)
{
	put_noise(d, 1 + random_below(&d->dice, 64));
}

static void any_flags(struct draft *d)
{
	if (d->len >= 4)
		set16(d, 2, random_below(&d->dice, 65536));
}

static void grow(struct draft *d)
{
	size_t n = d->len + random_below(&d->dice, 8192);

	d->max = MUTATED_MAX;
	if (one_in(d, 10))
		n = MUTATED_MAX - 1 - random_below(&d->dice, 2);
	put_noise(d, n > d->len ? n - d->len : 0);
}

static void (*const ways[])(struct draft *d) = { flip, overwrite, insert, cut_out, cut_end, twice,
	lie_about_counts, point_somewhere, lie_about_length, trail, any_flags };

static void spoil(struct draft *d)
{
	size_t times = 1 + random_below(&d->dice, 3);

	while (times-- && d->len)
		ways[random_below(&d->dice, sizeof ways / sizeof *ways)](d);
	if (d->len && one_in(d, 500))
		grow(d);
}

size_t mutated_query(uint64_t seed, uint64_t n, uint8_t ret_message[MUTATED_MAX])
{
	struct draft d = { .dice = random_seeded(seed * 0x9e3779b97f4a7c15u + n),
		.data = ret_message,
		.max = USUAL_MAX };

	for (size_t i = 0; i < 4; i++)
		random_next(&d.dice); /* neighbours of a seed begin alike */
	if (one_in(&d, 50)) {
		put_noise(&d, random_below(&d.dice, 600));
		return d.len;
	}
	put_query(&d);
	if (!one_in(&d, 10))
		spoil(&d);
	return d.len;
}
