/* Which records of a datagram reach the library. */
#include "tests/unit/cm.h"

#include <stdbool.h>
#include <string.h>

#include "proxy/upstream/dtls_filter.h"

#define FEED  DTLS_RECORD_FEED
#define DROP  DTLS_RECORD_DROP
#define ALERT DTLS_RECORD_ALERT

/* Header of a record: type, version 1.2, epoch, a sequence number, length of the body. */
#define RECORD(type, epoch, len) type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 7, 0, len
/* Header of a fragment: type, length, message_seq, offset, length of the part. */
#define PART(type, len, seq, at, part) type, 0, 0, len, 0, seq, 0, 0, at, 0, 0, part

struct row {
	const char *title;
	uint8_t octets[64];
	size_t len;
	enum dtls_record want, established; /* before and after the end of the handshake */
};

#define ROW(title, want, established, ...)                                                         \
	{                                                                                          \
		title, { __VA_ARGS__ }, sizeof(uint8_t[]){ __VA_ARGS__ }, want, established        \
	}

static const struct row rows[] = {
	ROW("one octet", DROP, DROP, 22),
	ROW("a header without its end", DROP, DROP, 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7, 0),
	ROW("no body", DROP, DROP, RECORD(23, 1, 0)),
	ROW("less than it says", DROP, DROP, RECORD(23, 1, 3), 1, 2),
	ROW("longer than a record", DROP, DROP, 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7, 0x40, 1),
	ROW("TLS", DROP, DROP, 23, 3, 3, 0, 1, 0, 0, 0, 0, 0, 7, 0, 1, 0),
	ROW("DTLS 1.3's short header", DROP, DROP, 0x2e, 1, 2, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
	ROW("epoch 2", DROP, DROP, RECORD(23, 2, 1), 0),
	ROW("epoch 256", DROP, DROP, 23, 0xfe, 0xfd, 1, 0, 0, 0, 0, 0, 0, 7, 0, 1, 0),

	ROW("data", FEED, FEED, RECORD(23, 1, 1), 0),
	ROW("data of DTLS 1.0", DROP, DROP, 23, 0xfe, 0xff, 0, 1, 0, 0, 0, 0, 0, 7, 0, 1, 0),
	ROW("data in clear", DROP, DROP, RECORD(23, 0, 1), 0),
	ROW("sealed Finished", FEED, FEED, RECORD(22, 1, 1), 0),
	ROW("sealed alert", FEED, FEED, RECORD(21, 1, 3), 2, 40, 0),
	ROW("sealed ChangeCipherSpec", DROP, DROP, RECORD(20, 1, 1), 1),
	ROW("heartbeat", DROP, DROP, RECORD(24, 1, 3), 1, 0, 0),
	ROW("connection id", DROP, DROP, RECORD(25, 1, 3), 1, 0, 0),

	ROW("fatal alert", ALERT, ALERT, RECORD(21, 0, 2), 2, 40),
	ROW("fatal alert of our epoch", ALERT, ALERT, RECORD(21, 1, 2), 2, 40),
	ROW("fatal alert of another epoch", DROP, DROP, RECORD(21, 7, 2), 2, 40),
	ROW("warning", DROP, DROP, RECORD(21, 0, 2), 1, 112),
	ROW("close_notify in clear", DROP, DROP, RECORD(21, 0, 2), 1, 0),
	ROW("half an alert", DROP, DROP, RECORD(21, 0, 1), 2),

	ROW("ChangeCipherSpec", FEED, DROP, RECORD(20, 0, 1), 1),
	ROW("ChangeCipherSpec of two", DROP, DROP, RECORD(20, 0, 2), 1, 1),
	ROW("ChangeCipherSpec of another value", DROP, DROP, RECORD(20, 0, 1), 2),
	ROW("ServerHelloDone", FEED, DROP, RECORD(22, 0, 12), PART(14, 0, 3, 0, 0)),
	ROW("a part", FEED, DROP, RECORD(22, 0, 14), PART(11, 9, 2, 4, 2), 1, 2),
	ROW("two messages", FEED, DROP, RECORD(22, 0, 25), PART(12, 1, 2, 0, 1), 1,
		PART(14, 0, 3, 0, 0)),
	ROW("HelloVerifyRequest of DTLS 1.0", FEED, DROP, 22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		15, PART(3, 3, 0, 0, 3), 0xfe, 0xff, 0),
	ROW("HelloVerifyRequest in parts", DROP, DROP, RECORD(22, 0, 14), PART(3, 3, 0, 0, 2), 1,
		2),
	ROW("half a header", DROP, DROP, RECORD(22, 0, 5), 14, 0, 0, 0, 0),
	ROW("octets behind", DROP, DROP, RECORD(22, 0, 13), PART(14, 0, 3, 0, 0), 0),
	ROW("part longer than the record", DROP, DROP, RECORD(22, 0, 13), PART(11, 9, 2, 0, 2), 1),
	ROW("part longer than the message", DROP, DROP, RECORD(22, 0, 14), PART(11, 1, 2, 0, 2), 1,
		2),
	ROW("part behind the message", DROP, DROP, RECORD(22, 0, 14), PART(11, 9, 2, 8, 2), 1, 2),
	ROW("nothing of something", DROP, DROP, RECORD(22, 0, 12), PART(11, 9, 2, 4, 0)),
	ROW("a message too long", DROP, DROP, RECORD(22, 0, 13), 11, 0, 0xc0, 1, 0, 2, 0, 0, 0, 0,
		0, 1, 0),
	ROW("too many messages", DROP, DROP, RECORD(22, 0, 12), PART(14, 0, 16, 0, 0)),
};

static void check_row(const struct row *r, bool established)
{
	struct dtls_filter f = { .established = established };
	uint8_t alert = 0;
	size_t used = 0;
	enum dtls_record want = established ? r->established : r->want;

	expect_int(r->title, dtls_filter_next(&f, r->octets, r->len, &used, &alert), want);
	expect(r->title, used > 0 && used <= r->len);
	if (want == ALERT)
		expect_int(r->title, alert, 40);
	if (want == FEED)
		expect_int(r->title, used, r->len);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_row(&rows[i], false);
		check_row(&rows[i], true);
	}
}

/* ------------------------------------------------------------------ what goes before counts */

static enum dtls_record part(struct dtls_filter *f, uint8_t type, uint8_t len, uint8_t seq)
{
	const uint8_t octets[] = { RECORD(22, 0, 13), PART(type, len, seq, 0, 1), 0 };
	size_t used;
	uint8_t alert;

	return dtls_filter_next(f, octets, sizeof octets, &used, &alert);
}

/* CVE-2026-33846: parts of one number that do not agree. */
static void test_parts_agree(void **state)
{
	struct dtls_filter f = { .established = false };

	(void)state;
	assert_int_equal(part(&f, 11, 200, 2), FEED);
	assert_int_equal(part(&f, 11, 200, 2), FEED);
	assert_int_equal(part(&f, 11, 201, 2), DROP); /* another length */
	assert_int_equal(part(&f, 12, 200, 2), DROP); /* another type */
	assert_int_equal(part(&f, 12, 201, 3), FEED);
}

/* Nobody remembers a HelloVerifyRequest: what follows has the same number. */
static void test_verify_request_is_forgotten(void **state)
{
	static const uint8_t request[] = { RECORD(22, 0, 15), PART(3, 3, 1, 0, 3), 0xfe, 0xff, 0 };
	struct dtls_filter f = { .established = false };
	size_t used;
	uint8_t alert;

	(void)state;
	assert_int_equal(dtls_filter_next(&f, request, sizeof request, &used, &alert), FEED);
	assert_int_equal(part(&f, 2, 80, 1), FEED);
	assert_int_equal(dtls_filter_next(&f, request, sizeof request, &used, &alert), FEED);
}

/* The library keeps each of them. */
static void test_change_cipher_specs_are_bounded(void **state)
{
	static const uint8_t ccs[] = { RECORD(20, 0, 1), 1 };
	struct dtls_filter f = { .established = false };
	size_t used;
	uint8_t alert;

	(void)state;
	for (unsigned i = 0; i < DTLS_CCS_MAX; i++)
		assert_int_equal(dtls_filter_next(&f, ccs, sizeof ccs, &used, &alert), FEED);
	assert_int_equal(dtls_filter_next(&f, ccs, sizeof ccs, &used, &alert), DROP);
}

/* Record by record; what does not hold together takes the rest along. */
static void test_records_of_a_datagram(void **state)
{
	static const uint8_t octets[] = { RECORD(23, 1, 2), 1, 2, RECORD(24, 1, 1), 3,
		RECORD(23, 1, 1), 4, RECORD(23, 1, 200), 5, 6 };
	static const struct {
		enum dtls_record want;
		size_t used;
	} steps[] = { { FEED, 15 }, { DROP, 14 }, { FEED, 14 }, { DROP, 15 } };
	struct dtls_filter f = { .established = true };
	size_t at = 0, used;
	uint8_t alert;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++, at += used) {
		assert_int_equal(
			dtls_filter_next(&f, octets + at, sizeof octets - at, &used, &alert),
			steps[i].want);
		assert_int_equal(used, steps[i].used);
	}
	assert_int_equal(at, sizeof octets);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_parts_agree),
		cmocka_unit_test(test_verify_request_is_forgotten),
		cmocka_unit_test(test_change_cipher_specs_are_bounded),
		cmocka_unit_test(test_records_of_a_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
