#include "common/config/nearest.h"

#include <string.h>

#define WORD_MAX 64u

/* Without case, and '_' as '-': people mix those up most. */
static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/*
 * Letters to insert, delete, replace, or swap with their neighbour to get from a to b.  Row i of
 * the matrix holds the distances from the first i letters of a; three rows are enough.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *above2 = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = above2;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
				fold(a[i - 2]) == fold(b[j - 1]) && above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
		above2 = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

void nearest_offer(struct nearest *best, const char *word, const char *candidate)
{
	size_t word_len = strlen(word), len = strlen(candidate), d;

	if (word_len > WORD_MAX || len > WORD_MAX)
		return;
	d = distance(word, word_len, candidate, len);
	/* A third of the letters wrong, and it is another word. */
	if (d > (word_len > len ? word_len : len) / 3 || (best->name && d >= best->distance))
		return;
	best->name = candidate;
	best->distance = d;
}
