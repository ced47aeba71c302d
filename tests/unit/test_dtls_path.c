/*
 * DTLS over a bad path: datagrams that are lost, doubled, late, damaged, and those of people who are not
 * the server (threats A07, A67).
 */
#include "tests/unit/dtls_case.h"

#define FORGED 10000u

static const struct policy_form named = { .auth_name = "resolver.test" };
static gnutls_datum_t ticket_key;
static const struct peer_form with_tickets = { .chain = { &leaf_below, &between },
	.ticket_key = &ticket_key };
static struct ticket *ticket;

/* ------------------------------------------------------------------ mishaps */

static const char *const mishap_text[] = { "none", "lost", "twice", "late", "damaged" };

/*
 * The n-th datagram has a mishap; true if there was an n-th.  What is damaged in clear may be as bad as a
 * forgery, though the checksum of UDP lets little of it come so far.
 */
static bool shake_with(enum mishap m, unsigned n, bool resume)
{
	char title[64];
	struct dlink l;

	snprintf(title, sizeof title, "datagram %u %s%s", n, mishap_text[m],
		resume ? ", resumed" : "");
	dlink_open_at(&l, &named, &with_tickets, resume ? ticket : NULL, true, LINK_ADDR);
	l.mishap = m;
	l.mishap_at = n;
	dlink_shake(&l, 20);
	n = l.mishap_at < l.sent;
	if (m != MISHAP_DAMAGED || (l.engine.tls.ready && l.peer.tls.ready)) {
		expect_int(title, l.progress, TLS_PROGRESS_DONE);
		expect(title, l.engine.tls.ready && l.peer.tls.ready);
		expect(title, l.engine.tls.verdict.authenticated);
		expect_int(title, l.engine.tls.resumed, resume);
		l.mishap = MISHAP_NONE;
		assert_dlink_talks(&l);
	}
	dlink_close(&l);
	return n;
}

static void test_each_mishap(void **state)
{
	(void)state;
	for (unsigned resume = 0; resume < 2; resume++)
		for (enum mishap m = MISHAP_LOST; m <= MISHAP_DAMAGED; m++) {
			unsigned n = 0;

			while (shake_with(m, n, resume))
				n++;
			assert_in_range(n, 6, 60);
		}
}

static unsigned next_random(void)
{
	static uint32_t x = 1;

	x = x * 1664525 + 1013904223;
	return x >> 16;
}

/* Nearly a third of all is lost, both ways, again and again. */
static void test_heavy_loss(void **state)
{
	unsigned ready = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct dlink l;

		dlink_open_at(&l, &named, &with_tickets, i % 2 ? ticket : NULL, true, LINK_ADDR);
		l.mishap = MISHAP_LOST;
		l.progress = dtls_engine_handshake(&l.engine);
		for (unsigned k = 0; k < 600 && !(l.engine.tls.ready && l.peer.tls.ready); k++) {
			/* One of those that come in this round, or none. */
			l.mishap_at = l.sent + next_random() % 6;
			dlink_tick(&l, 100);
		}
		l.mishap = MISHAP_NONE;
		if (l.engine.tls.ready && l.peer.tls.ready) {
			assert_dlink_talks(&l);
			ready++;
		}
		dlink_close(&l);
	}
	assert_in_range(ready, 36, 40);
}

/*
 * Of a resumed handshake our Finished is the last word: without it the server repeats its own, also
 * much later than any handshake lasts, and gets ours again (RFC 6347 4.2.4).
 */
static void test_last_flight_is_repeated(void **state)
{
	(void)state;
	for (unsigned late = 0; late < 2; late++) {
		struct dlink l;

		dlink_open_at(&l, &named, &with_tickets, ticket, true, LINK_ADDR);
		l.progress = dtls_engine_handshake(&l.engine);
		while (!l.engine.tls.ready) {
			carry_all(&l, &l.engine.out, true);
			carry_all(&l, &l.peer.out, false);
		}
		datagrams_consume(&l.engine.out, l.engine.out.count);
		assert_false(l.peer.tls.ready);
		dlink_tick(&l, late ? 40000 : 1100);
		assert_true(l.peer.tls.ready);
		assert_dlink_talks(&l);
		dlink_close(&l);
	}
}

/* ------------------------------------------------------------------ forgeries */

static const uint8_t clear_alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };
static const uint8_t goodbye[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0 };
static const uint8_t our_epoch[] = { 21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 2, 80 };
static const uint8_t short_one[] = { 23, 0xfe, 0xfd, 0, 1 };
static const uint8_t liar[] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0x40, 0, 1 };
static const uint8_t dns[] = { 0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 };
static const uint8_t clear_data[] = { 23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4 };
static const uint8_t junk_data[] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 28, 1, 2, 3, 4, 5,
	6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t junk_alert[] = { 21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 9, 0, 26, 1, 2, 3, 4, 5,
	6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6 };
static const uint8_t junk_finished[] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 25, 1, 2, 3, 4,
	5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5 };
static const uint8_t far_ahead[] = { 23, 0xfe, 0xfd, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0,
	25, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5 };

static const struct {
	const uint8_t *octets;
	size_t len;
} forgeries[] = {
#define FORGERY(f)                                                                                 \
	{                                                                                          \
		f, sizeof f                                                                        \
	}
	FORGERY(clear_alert), FORGERY(goodbye), FORGERY(our_epoch), FORGERY(short_one),
	FORGERY(liar), FORGERY(dns), FORGERY(clear_data), FORGERY(junk_data), FORGERY(junk_alert),
	FORGERY(junk_finished), FORGERY(far_ahead)
};

static void forge_random(struct dlink *l)
{
	uint8_t octets[200];
	size_t len = 1 + next_random() % sizeof octets;

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)next_random();
	/* Half of them look like a record. */
	if (len > 13 && next_random() % 2) {
		memcpy(octets, junk_data, 5);
		octets[0] = (uint8_t)(20 + next_random() % 6);
		octets[11] = 0;
		octets[12] = (uint8_t)(len - 13);
	}
	client_gets(l, octets, len);
}

static void forge(struct dlink *l, unsigned count)
{
	void (*before)(struct dlink * l, const uint8_t *data, size_t len) = l->before;

	l->before = NULL;
	for (unsigned i = 0; i < count; i++) {
		size_t k = i % (COUNT_OF(forgeries) + 1);

		if (k < COUNT_OF(forgeries))
			client_gets(l, forgeries[k].octets, forgeries[k].len);
		else
			forge_random(l);
		assert_int_not_equal(l->progress, TLS_PROGRESS_END);
	}
	l->before = before;
}

static void forge_before(struct dlink *l, const uint8_t *data, size_t len)
{
	(void)data;
	(void)len;
	forge(l, 100);
}

/* Before each datagram of the server's handshake, and before each answer. */
static void test_forgeries_everywhere(void **state)
{
	(void)state;
	for (unsigned resume = 0; resume < 2; resume++) {
		struct dlink l;

		dlink_open_at(&l, &named, &with_tickets, resume ? ticket : NULL, true, LINK_ADDR);
		l.before = forge_before;
		assert_int_equal(dlink_shake(&l, 0), TLS_PROGRESS_DONE);
		assert_true(l.engine.alerted); /* it came in clear */
		for (unsigned i = 0; i < 10; i++)
			assert_dlink_talks(&l);
		assert_true(l.engine.discarded > 300);
		dlink_close(&l);
	}
}

/* Ten thousand, of which none costs an answer, and no more than one makes us doubt. */
static void test_ten_thousand_forgeries(void **state)
{
	struct dlink l;

	(void)state;
	dlink_open_at(&l, &named, &with_tickets, NULL, true, LINK_ADDR);
	dlink_shake(&l, 0);
	for (unsigned i = 0; i < FORGED / 100; i++) {
		forge(&l, 100);
		assert_dlink_talks(&l);
	}
	assert_int_equal(l.engine.tls.chatter_all, 0); /* nobody's records are not the server's */
	dlink_close(&l);
}

/* The server's own datagrams, again: nothing of it is opened twice. */
static void test_replays(void **state)
{
	struct datagrams heard = { .count = 0 };
	struct dlink l;
	size_t at = 0;

	(void)state;
	dlink_open_at(&l, &named, &with_tickets, NULL, true, LINK_ADDR);
	dlink_shake(&l, 0);
	for (unsigned i = 0; i < 40; i++)
		dtls_peer_write(&l.peer, "an answer", 9);
	while (l.peer.out.count > 0) {
		datagrams_put(&heard, bytes_front(&l.peer.out.octets), l.peer.out.len[0]);
		carry(&l, false, bytes_front(&l.peer.out.octets), l.peer.out.len[0]);
		datagrams_consume(&l.peer.out, 1);
	}
	assert_int_equal(bytes_len(&l.engine.tls.plain), 40 * (DTLS_PLAIN_PREFIX + 9));
	for (unsigned i = 0; i < FORGED; i++) {
		unsigned k = i % heard.count;

		client_gets(&l, bytes_front(&heard.octets) + at, heard.len[k]);
		at = k + 1 == heard.count ? 0 : at + heard.len[k];
	}
	assert_int_equal(bytes_len(&l.engine.tls.plain), 40 * (DTLS_PLAIN_PREFIX + 9));
	assert_int_equal(l.engine.discarded, FORGED);
	bytes_consume(&l.engine.tls.plain, bytes_len(&l.engine.tls.plain));
	assert_dlink_talks(&l);
	datagrams_free(&heard);
	dlink_close(&l);
}

/* Answers that overtake each other within the window; one that is older than that is gone. */
static void test_reordered_answers(void **state)
{
	struct dlink l;

	(void)state;
	dlink_open_at(&l, &named, &with_tickets, NULL, true, LINK_ADDR);
	dlink_shake(&l, 0);
	for (uint8_t i = 0; i < 60; i++)
		dtls_peer_write(&l.peer, &i, 1);
	for (size_t i = 60, each = l.peer.out.len[0]; i-- > 0;)
		client_gets(&l, bytes_front(&l.peer.out.octets) + i * each, each);
	datagrams_consume(&l.peer.out, 60);
	for (uint8_t i = 60; i-- > 0;)
		assert_message(&l, &i, 1);
	assert_dlink_talks(&l);
	dlink_close(&l);
}

/* Any octet of a sealed record. */
static void test_flipped_octets(void **state)
{
	struct dlink l;
	size_t len;

	(void)state;
	dlink_open_at(&l, &named, &with_tickets, NULL, true, LINK_ADDR);
	dlink_shake(&l, 0);
	dtls_peer_write(&l.peer, "an answer", 9);
	len = l.peer.out.len[0];
	for (size_t i = 0; i < 8 * len; i++) {
		uint8_t copy[256];

		memcpy(copy, bytes_front(&l.peer.out.octets), len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		client_gets(&l, copy, len);
		assert_int_equal(l.progress, TLS_PROGRESS_DONE);
		assert_int_equal(bytes_len(&l.engine.tls.plain), 0);
	}
	dlink_pass(&l);
	assert_message(&l, "an answer", 9);
	dlink_close(&l);
}

/* ------------------------------------------------------------------ forged handshakes */

/*
 * What is in clear can be anyone's: such a message may break the attempt, but it neither ends anything
 * that is ready, nor is anybody taken for the server.
 */
static void test_forged_handshake(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct dlink l;
		uint8_t octets[100] = { 22, 0xfe, 0xfd };
		unsigned body = 12 + next_random() % 60, len = body - 12;

		octets[10] = (uint8_t)next_random();
		octets[12] = (uint8_t)body;
		octets[13] = (uint8_t)(next_random() % 21);
		octets[16] = (uint8_t)(next_random() % 4 ? len : next_random());
		octets[18] = (uint8_t)(next_random() % 4);
		octets[24] = (uint8_t)len;
		for (unsigned k = 25; k < 13 + body; k++)
			octets[k] = (uint8_t)next_random();
		dlink_open_at(&l, &named, &with_tickets, NULL, i % 2, LINK_ADDR);
		l.progress = dtls_engine_handshake(&l.engine);
		if (i % 4 > 1) {
			carry_all(&l, &l.engine.out, true);
			carry_all(&l, &l.peer.out, false);
		}
		if (l.progress == TLS_PROGRESS_MORE)
			client_gets(&l, octets, 13 + body);
		if (l.progress == TLS_PROGRESS_MORE)
			dlink_pass(&l);
		if (l.engine.tls.ready)
			assert_true(l.engine.tls.verdict.authenticated);
		dlink_close(&l);
	}
}

static int make_all(void **state)
{
	struct tickets ts;
	struct dlink l;

	if (gnutls_session_ticket_key_generate(&ticket_key) < 0 || make_identities(state) != 0)
		return -1;
	tickets_init(&ts);
	dlink_ready(&l, &named, &with_tickets, NULL);
	tls_engine_keep_ticket(&l.engine.tls, &ts, 1);
	ticket = tickets_take(&ts, &l.addr, l.policy.policy->id, 1, time(NULL));
	dlink_close(&l);
	return ticket ? 0 : -1;
}

static int free_all(void **state)
{
	ticket_free(ticket);
	gnutls_free(ticket_key.data);
	return free_identities(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mishap),
		cmocka_unit_test(test_heavy_loss),
		cmocka_unit_test(test_last_flight_is_repeated),
		cmocka_unit_test(test_forgeries_everywhere),
		cmocka_unit_test(test_ten_thousand_forgeries),
		cmocka_unit_test(test_replays),
		cmocka_unit_test(test_reordered_answers),
		cmocka_unit_test(test_flipped_octets),
		cmocka_unit_test(test_forged_handshake),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
