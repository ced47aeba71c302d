#include "common/base/siphash.h"

#include "tests/unit/cm.h"

#include <stdlib.h>
#include <string.h>

/* Key 00..0f, message 00 01 02 ..; output as stored little-endian (reference vectors). */
static const struct {
	size_t len;
	uint8_t wanted[8];
} rows[] = {
	{ 0, { 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 } },
	{ 1, { 0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74 } },
	{ 7, { 0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab } },
	{ 8, { 0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93 } },
	{ 15, { 0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1 } },
	{ 16, { 0xdb, 0x9b, 0xc2, 0x57, 0x7f, 0xcc, 0x2a, 0x3f } },
	{ 20, { 0x98, 0xee, 0xa2, 0x1a, 0xf2, 0x5c, 0xd6, 0xbe } },
	{ 32, { 0xce, 0x7c, 0xf2, 0x72, 0x2f, 0x51, 0x27, 0x71 } },
	{ 63, { 0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95 } },
};

static void test_vectors(void **state)
{
	uint8_t key[16], message[64];

	(void)state;
	for (uint8_t i = 0; i < 64; i++) {
		message[i] = i;
		key[i % 16] = i % 16;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* Its own memory, so that one octet read too many is seen. */
		uint8_t *exact = malloc(rows[i].len + !rows[i].len);
		uint64_t hash;

		assert_non_null(exact);
		memcpy(exact, message, rows[i].len);
		hash = siphash(key, exact, rows[i].len);
		for (unsigned j = 0; j < 8; j++)
			assert_int_equal((uint8_t)(hash >> 8 * j), rows[i].wanted[j]);
		free(exact);
	}
}

static void test_alignment_does_not_matter(void **state)
{
	const uint8_t key[16] = { 1, 2, 3 };
	char room[40] = " the quick brown fox";
	uint64_t wanted = siphash(key, "the quick brown fox", 19);

	(void)state;
	for (size_t i = 1; i < 16; i++) {
		assert_int_equal(siphash(key, room + i, 19), wanted);
		memmove(room + i + 1, room + i, 19);
	}
}

static void test_key_matters(void **state)
{
	uint8_t key[16] = { 0 };
	uint64_t zero = siphash(key, "x", 1);

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		key[i] = 1;
		assert_int_not_equal(siphash(key, "x", 1), zero);
		key[i] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_alignment_does_not_matter),
		cmocka_unit_test(test_key_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
