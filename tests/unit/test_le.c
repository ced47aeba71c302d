/* Numbers from octets. */
#include "common/base/le.h"

#include "tests/unit/cm.h"

static const uint8_t octets[] = { 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09 };

static void test_whole(void **state)
{
	(void)state;
	assert_true(le_read64(octets) == UINT64_C(0xf8e7d6c5b4a39281));
	assert_true(le_read64(octets + 1) == UINT64_C(0x09f8e7d6c5b4a392));
	assert_int_equal(le_read32(octets + 1), 0xc5b4a392);
}

static void test_few(void **state)
{
	(void)state;
	for (size_t len = 0; len < 8; len++) {
		uint64_t want = 0;

		for (size_t i = 0; i < len; i++)
			want |= (uint64_t)octets[i] << 8 * i;
		assert_true(le_read_few(octets, len) == want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
