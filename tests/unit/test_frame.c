#include "common/dns/frame.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

static const struct {
	const char *name;
	const char *hex;
	enum frame_state want;
	size_t used;
	size_t len; /* FRAME_MESSAGE */
} rows[] = {
	{ "nothing", "", FRAME_MORE, 2, 0 },
	{ "half a prefix", "00", FRAME_MORE, 2, 0 },
	{ "half a long prefix", "ff", FRAME_MORE, 2, 0 },
	{ "length 0", "0000", FRAME_BAD, 0, 0 },
	{ "length 1", "0001 00", FRAME_BAD, 0, 0 },
	{ "length 11", "000b 00*11", FRAME_BAD, 0, 0 },
	{ "length 11 before its data", "000b", FRAME_BAD, 0, 0 },
	{ "length 12, prefix only", "000c", FRAME_MORE, 14, 0 },
	{ "length 12, one octet missing", "000c 00*11", FRAME_MORE, 14, 0 },
	{ "length 12, whole", "000c 00*12", FRAME_MESSAGE, 14, 12 },
	{ "two messages in one segment", "000c 01*12 000d 02*13", FRAME_MESSAGE, 14, 12 },
	{ "a message and garbage", "000d 01*13 0000", FRAME_MESSAGE, 15, 13 },
	{ "length 65535, prefix only", "ffff", FRAME_MORE, 65537, 0 },
	{ "length 65535, one octet missing", "ffff 07*65534", FRAME_MORE, 65537, 0 },
	{ "length 65535, whole", "ffff 07*65535", FRAME_MESSAGE, 65537, 65535 },
};

static void test_rows(void **state)
{
	static uint8_t bytes[FRAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t n = hex_bytes(rows[i].hex, bytes, sizeof bytes), len = 0, used = 0;
		uint8_t *data = exact_copy(bytes, n);
		const uint8_t *msg = NULL;

		expect_int(rows[i].name, frame_next(data, n, &msg, &len, &used), rows[i].want);
		if (rows[i].want != FRAME_BAD)
			expect_int(rows[i].name, used, rows[i].used);
		expect_int(rows[i].name, len, rows[i].len);
		expect(rows[i].name, msg == (rows[i].len ? data + FRAME_PREFIX : NULL));
		free(data);
	}
}

/* One octet a segment: the frame completes with its last octet and not before. */
static void test_octet_by_octet(void **state)
{
	uint8_t data[64];
	size_t n = hex_bytes("0014 aa*20", data, sizeof data), len = 0, used = 0;
	const uint8_t *msg = NULL;

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(frame_next(data, i, &msg, &len, &used), FRAME_MORE);
	assert_int_equal(frame_next(data, n, &msg, &len, &used), FRAME_MESSAGE);
	assert_int_equal(len, 20);
	assert_int_equal(used, 22);
}

/* Several frames in a row, consumed as `used` says. */
static void test_stream_of_frames(void **state)
{
	uint8_t data[64];
	size_t n = hex_bytes("000c 01*12 000d 02*13 000e 03*14 000c", data, sizeof data);
	size_t pos = 0, len = 0, used = 0;
	const uint8_t *msg = NULL;

	(void)state;
	for (uint8_t k = 1; k <= 3; k++) {
		assert_int_equal(frame_next(data + pos, n - pos, &msg, &len, &used), FRAME_MESSAGE);
		assert_int_equal(len, 11 + k);
		assert_int_equal(msg[0], k);
		assert_int_equal(msg[len - 1], k);
		pos += used;
	}
	assert_int_equal(frame_next(data + pos, n - pos, &msg, &len, &used), FRAME_MORE);
	assert_int_equal(used, 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_stream_of_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
