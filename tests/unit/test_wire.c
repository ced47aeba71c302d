#include "common/dns/wire.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

static void test_reads_in_order(void **state)
{
	static const uint8_t data[] = { 0x01, 0x02, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x08, 0x09 };
	struct wire_reader r = wire_reader(data, sizeof data);

	(void)state;
	assert_int_equal(wire_read8(&r), 0x01);
	assert_int_equal(wire_read16(&r), 0x0203);
	assert_int_equal(wire_read32(&r), 0xf4f5f6f7u);
	assert_int_equal(wire_left(&r), 2);
	assert_ptr_equal(wire_read(&r, 2), data + 7);
	assert_int_equal(wire_left(&r), 0);
	assert_non_null(wire_read(&r, 0)); /* nothing is always there */
	assert_false(r.bad);
}

static void test_short_read_stays_bad(void **state)
{
	static const uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; /* only three are given */
	const struct {
		const char *name;
		size_t n;
	} rows[] = { { "one too many", 4 }, { "huge", SIZE_MAX },
		{ "near the top", SIZE_MAX - 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wire_reader r = wire_reader(data, 3);

		expect(rows[i].name, !wire_read(&r, rows[i].n));
		expect(rows[i].name, r.bad);
		expect_int(rows[i].name, r.pos, 0);
		expect_int(rows[i].name, wire_left(&r), 0);
		expect(rows[i].name, !wire_read(&r, 1)); /* would have been there */
		expect_int(rows[i].name, wire_read8(&r), 0);
		expect_int(rows[i].name, wire_read16(&r), 0);
		expect_int(rows[i].name, wire_read32(&r), 0);
	}
}

static void test_integers_do_not_cross_the_end(void **state)
{
	static const uint8_t data[] = { 0xff, 0xff, 0xff, 0xff };
	struct wire_reader r = wire_reader(data, 1), r4 = wire_reader(data, 3);

	(void)state;
	assert_int_equal(wire_read16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(wire_read32(&r4), 0);
	assert_true(r4.bad);
}

static void test_reads_nothing_from_null(void **state)
{
	struct wire_reader r = wire_reader(NULL, 0);

	(void)state;
	assert_int_equal(wire_read8(&r), 0);
	assert_true(r.bad);
}

static void test_writes_in_order(void **state)
{
	uint8_t out[12];
	struct wire_writer w = wire_writer(out, sizeof out);

	(void)state;
	memset(out, 0xee, sizeof out);
	wire_write8(&w, 0x01);
	wire_write16(&w, 0x0203);
	wire_write32(&w, 0xf4f5f6f7u);
	wire_write(&w, "ab", 2);
	wire_zero(&w, 2);
	wire_write(&w, NULL, 0);
	assert_false(w.bad);
	assert_int_equal(wire_room(&w), 1);
	assert_hex("written", out, w.pos, "01 0203 f4f5f6f7 6162 0000");
	assert_int_equal(out[11], 0xee);
}

static void test_full_writer_stays_bad(void **state)
{
	uint8_t out[4];
	struct wire_writer w = wire_writer(out, 3);

	(void)state;
	memset(out, 0xee, sizeof out);
	wire_write8(&w, 1);
	wire_write32(&w, 0);
	assert_true(w.bad);
	assert_int_equal(wire_room(&w), 0);
	wire_write8(&w, 2);
	wire_write16(&w, 2);
	wire_zero(&w, 1);
	wire_write(&w, "x", 1);
	assert_null(wire_reserve(&w, 1));
	assert_int_equal(w.pos, 1);
	assert_hex("nothing written behind", out, 4, "01 eeeeee");
}

static void test_reserve_does_not_wrap(void **state)
{
	uint8_t out[4];
	struct wire_writer w = wire_writer(out, sizeof out);

	(void)state;
	wire_write16(&w, 0);
	assert_null(wire_reserve(&w, SIZE_MAX));
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_in_order),
		cmocka_unit_test(test_short_read_stays_bad),
		cmocka_unit_test(test_integers_do_not_cross_the_end),
		cmocka_unit_test(test_reads_nothing_from_null),
		cmocka_unit_test(test_writes_in_order),
		cmocka_unit_test(test_full_writer_stays_bad),
		cmocka_unit_test(test_reserve_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
