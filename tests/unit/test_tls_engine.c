/* TLS without a socket: octets in any portions, tickets, bounds, and every way to an end. */
#include "tests/unit/tls_case.h"

static const struct policy_form by_name = { .auth_name = "resolver.test" };
static const struct verdict by_hand = { .authenticated = true, .judged_us = 1 };

static gnutls_datum_t ticket_key;

static struct peer_form server_of(const char *priority)
{
	return (struct peer_form){ .priority = priority, .chain = { &leaf, &ca } };
}

static struct peer_form server_with_tickets(const char *priority)
{
	struct peer_form f = server_of(priority);

	f.ticket_key = &ticket_key;
	return f;
}

static void open_to(struct link *l, const char *priority)
{
	struct peer_form peer = server_of(priority);

	link_open(l, &by_name, &peer);
}

static void ready_with(struct link *l, const char *priority)
{
	struct peer_form peer = server_of(priority);

	link_ready(l, &by_name, &peer);
}

static void assert_end(const struct link *l, enum transport_stage stage, enum transport_fault fault,
	const char *says)
{
	assert_int_equal(l->end.stage, stage);
	assert_int_equal(l->end.fault, fault);
	if (!strstr(l->end.text, says))
		fail_msg("\"%s\" does not say \"%s\"", l->end.text, says);
}

/* A query there and an answer back. */
static void assert_talks(struct link *l)
{
	char got[32];

	assert_int_equal(bytes_append(&l->engine.pending, "query", 5), 0);
	assert_true(tls_engine_seal(&l->engine));
	assert_int_equal(bytes_len(&l->engine.pending), 0);
	to_server(l);
	assert_int_equal(peer_read(&l->peer, got, sizeof got), 5);
	assert_memory_equal(got, "query", 5);
	peer_write(&l->peer, "answer", 6);
	assert_int_equal(link_read(l, SIZE_MAX), TLS_PROGRESS_DONE);
	assert_plain(l, "answer", 6);
}

/* ------------------------------------------------------------------ the handshake */

static void test_full_handshake(void **state)
{
	static const char *const names[] = { "TLS1.3", "TLS1.2" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct link l;

		ready_with(&l, both[i]);
		assert_true(l.engine.judged && l.engine.verdict.authenticated);
		assert_false(l.engine.resumed);
		assert_string_equal(tls_engine_protocol(&l.engine), names[i]);
		assert_string_equal(tls_engine_cipher(&l.engine), "AES-128-GCM");
		assert_talks(&l);
		link_close(&l);
	}
}

/* The name, as it is configured; an address never (RFC 6066 3). */
static void test_server_name(void **state)
{
	static const struct policy_form by_address = { 0 };
	char name[64] = "";
	size_t len = sizeof name;
	struct peer_form peer = server_of(NULL);
	struct link l;
	unsigned type;

	(void)state;
	link_ready(&l, &by_name, &peer);
	assert_int_equal(gnutls_server_name_get(l.peer.session, name, &len, &type, 0), 0);
	assert_string_equal(name, "resolver.test");
	link_close(&l);
	link_ready(&l, &by_address, &peer);
	len = sizeof name;
	assert_int_equal(gnutls_server_name_get(l.peer.session, name, &len, &type, 0),
		GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	link_close(&l);
}

static void test_alpn(void **state)
{
	static const struct {
		const char *alpn, *addr;
		enum tls_progress progress;
	} rows[] = {
		{ "dot", "192.0.2.1", TLS_PROGRESS_DONE },
		{ NULL, "192.0.2.1", TLS_PROGRESS_DONE },
		{ "h2", "192.0.2.1", TLS_PROGRESS_DONE }, /* passed over by the server */
		{ "dot", "192.0.2.1:443", TLS_PROGRESS_DONE },
		{ NULL, "192.0.2.1:443", TLS_PROGRESS_END },
		{ "h2", "192.0.2.1:443", TLS_PROGRESS_END },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		struct peer_form peer = server_of(both[i % 2]);
		struct link l;

		peer.alpn = rows[i / 2].alpn;
		link_open_at(&l, &by_name, &peer, NULL, rows[i / 2].addr);
		assert_int_equal(link_shake_all(&l), rows[i / 2].progress);
		if (rows[i / 2].progress == TLS_PROGRESS_END)
			assert_end(&l, STAGE_TLS, FAULT_PROTOCOL, "port 443");
		link_close(&l);
	}
}

/* However the octets come, it is ready with the last of them and not one sooner. */
static void test_octet_by_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct link l;

		open_to(&l, both[i]);
		assert_int_equal(link_shake(&l, 1, SIZE_MAX), TLS_PROGRESS_DONE);
		assert_int_equal(bytes_len(&l.peer.out), 0);
		peer_write(&l.peer, "one", 3);
		peer_write(&l.peer, "two", 3);
		assert_int_equal(link_read(&l, 1), TLS_PROGRESS_DONE);
		assert_plain(&l, "onetwo", 6);
		assert_talks(&l);
		link_close(&l);
	}
}

/* Cut anywhere: it waits for more, is not ready, has no ticket, and can be freed. */
static void cut_everywhere(const char *priority)
{
	struct peer_form peer = server_with_tickets(priority);
	enum tls_progress progress;
	size_t limit = 0;
	struct link l;

	do {
		link_open(&l, &by_name, &peer);
		progress = link_shake(&l, SIZE_MAX, limit);
		if (progress != TLS_PROGRESS_DONE) {
			assert_int_equal(progress, TLS_PROGRESS_MORE);
			assert_int_equal(l.given, limit);
			assert_false(l.engine.ready);
		}
		link_close(&l);
		limit++;
	} while (progress == TLS_PROGRESS_MORE);
	assert_true(limit > 500); /* a certificate at the least */
}

static void test_cut_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++)
		cut_everywhere(both[i]);
}

/* A flight in records of a few octets each, fed at once: nothing may be left lying. */
static void test_small_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct link l;

		open_to(&l, both[i]);
		gnutls_record_set_max_size(l.peer.session, 512);
		gnutls_record_set_max_recv_size(l.engine.session, 512);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_DONE);
		assert_talks(&l);
		link_close(&l);
	}
}

static void test_what_is_no_tls(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const uint8_t dns[] = { 0, 12, 0, 1, 0x81, 0x83, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t zeros[64], alert[] = { 21, 3, 3, 0, 2, 2, 40 },
					data[] = { 23, 3, 3, 0, 1, 7 };
	static const struct {
		const void *octets;
		size_t len;
	} rows[] = {
		{ http, sizeof http },
		{ dns, sizeof dns },
		{ zeros, sizeof zeros },
		{ alert, sizeof alert },
		{ data, sizeof data },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct link l;

		open_to(&l, NULL);
		assert_int_equal(tls_engine_handshake(&l.engine), TLS_PROGRESS_MORE);
		assert_int_equal(bytes_append(&l.peer.out, rows[i].octets, rows[i].len), 0);
		assert_int_equal(to_client(&l, SIZE_MAX, tls_engine_handshake), TLS_PROGRESS_END);
		assert_end(&l, STAGE_TLS, FAULT_PROTOCOL, "");
		assert_false(l.engine.ready);
		link_close(&l);
	}
}

static void test_alert_of_the_server(void **state)
{
	struct link l;

	(void)state;
	open_to(&l, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048");
	assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
	assert_end(&l, STAGE_TLS, FAULT_PROTOCOL, "alert from the server: ");
	link_close(&l);
}

/* Another group than we have sent a key for. */
static void test_hello_retry(void **state)
{
	struct link l;

	(void)state;
	open_to(&l, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP521R1");
	assert_int_equal(link_shake(&l, 7, SIZE_MAX), TLS_PROGRESS_DONE);
	assert_talks(&l);
	link_close(&l);
}

/* ------------------------------------------------------------------ the floor */

/*
 * What our offer never lets a server choose. The library is made to offer it here, so that the check
 * at the end of the handshake is all that is left.
 */
static void test_floor(void **state)
{
	static const struct {
		const char *priority, *says;
		bool rsa;
	} rows[] = {
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.1", "older than TLS 1.2", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", "no AEAD", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", "without forward secrecy", true },
	};
	struct identity rsa;

	(void)state;
	identity_make(&rsa, &(struct identity_form){ .dns = "resolver.test", .rsa = true }, &ca);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct peer_form peer = { .priority = rows[i].priority,
			.chain = { rows[i].rsa ? &rsa : &leaf } };
		struct link l;

		link_open(&l, &by_name, &peer);
		assert_int_equal(
			gnutls_priority_set_direct(l.engine.session, rows[i].priority, NULL), 0);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
		assert_end(&l, STAGE_TLS, FAULT_PROTOCOL, rows[i].says);
		assert_false(l.engine.ready);
		link_close(&l);
	}
	identity_free(&rsa);
}

/* With our offer there is nothing that such a server could choose. */
static void test_server_below_the_floor(void **state)
{
	static const char *const servers[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.1",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:+AES-128-CBC" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		struct link l;

		open_to(&l, servers[i]);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
		assert_end(&l, STAGE_TLS, FAULT_PROTOCOL, "alert from the server: ");
		link_close(&l);
	}
}

/* ------------------------------------------------------------------ tickets */

/* What the engine keeps of a session that the server gave tickets to. */
static void keep(struct link *l, struct tickets *ts)
{
	if (gnutls_protocol_get_version(l->peer.session) == GNUTLS_TLS1_3 &&
		gnutls_session_ticket_send(l->peer.session, 2, 0) == 0)
		assert_int_equal(link_read(l, SIZE_MAX), TLS_PROGRESS_DONE);
	l->engine.verdict.judged_us = 1;
	if (l->engine.ticket_came)
		tls_engine_keep_ticket(&l->engine, ts, 2);
}

/* A ticket by a full handshake with such a server. */
static struct ticket *win_ticket(const struct policy_form *policy, const struct peer_form *peer)
{
	struct tickets ts;
	struct link l;
	struct ticket *t;

	tickets_init(&ts);
	link_ready(&l, policy, peer);
	keep(&l, &ts);
	assert_false(l.engine.ticket_came); /* taken note of */
	t = tickets_take(&ts, &l.addr, l.policy.policy->id, 2, time(NULL));
	assert_non_null(t);
	tickets_deinit(&ts);
	link_close(&l);
	return t;
}

static void test_resumed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct peer_form peer = server_with_tickets(both[i]);
		struct ticket *t = win_ticket(&by_name, &peer);
		struct tickets ts;
		struct link l;

		tickets_init(&ts);
		link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake(&l, 3, SIZE_MAX), TLS_PROGRESS_DONE);
		assert_true(l.engine.resumed && gnutls_session_is_resumed(l.peer.session));
		assert_false(l.engine.judged);
		assert_memory_equal(&l.engine.verdict, &t->verdict, sizeof t->verdict);
		assert_talks(&l);
		/* The chain goes on, under the first verdict. */
		keep(&l, &ts);
		assert_int_equal(ts.count, both[i] == both[0]);
		tickets_deinit(&ts);
		ticket_free(t);
		link_close(&l);
	}
}

/* Cut anywhere in the handshake of a ticket, too. */
static void test_resumed_cut_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct peer_form peer = server_with_tickets(both[i]);
		struct ticket *t = win_ticket(&by_name, &peer);
		enum tls_progress progress;
		size_t limit = 0;
		struct link l;

		do {
			link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
			progress = link_shake(&l, SIZE_MAX, limit++);
			assert_int_not_equal(progress, TLS_PROGRESS_END);
			assert_true(progress == TLS_PROGRESS_DONE || !l.engine.ready);
			link_close(&l);
		} while (progress == TLS_PROGRESS_MORE);
		assert_true(limit > 100);
		ticket_free(t);
	}
}

/* It has lost its key, or is somebody else: a full handshake, judged like any other. */
static void test_ticket_of_no_use_to_the_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct peer_form peer = server_with_tickets(both[i]);
		struct ticket *t = win_ticket(&by_name, &peer);
		struct link l;

		peer.ticket_key = NULL;
		link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_DONE);
		assert_true(l.engine.judged && !l.engine.resumed);
		assert_true(l.engine.verdict.authenticated);
		link_close(&l);

		peer.chain[0] = &leaf_below; /* whose issuer is missing: an impostor */
		peer.chain[1] = NULL;
		link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
		assert_end(&l, STAGE_AUTH, FAULT_PROTOCOL, "unknown issuer");
		assert_false(l.engine.verdict.authenticated);
		link_close(&l);
		ticket_free(t);
	}
}

/* What a ticket stands for is all that it gives. */
static void test_ticket_without_authentication(void **state)
{
	static const struct policy_form opportunistic = {
		.auth_name = "resolver.test", .pinned = { &leaf_below }, .opportunistic = true
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct peer_form peer = server_with_tickets(both[i]);
		struct ticket *t = win_ticket(&opportunistic, &peer);
		struct link l;

		assert_false(t->verdict.authenticated);
		link_open_at(&l, &opportunistic, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_DONE);
		assert_true(l.engine.resumed && !l.engine.verdict.authenticated);
		link_close(&l);
		/* Nobody should offer it under another policy. If somebody does: */
		link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
		assert_int_equal(l.end.stage, STAGE_AUTH);
		link_close(&l);
		ticket_free(t);
	}
}

/* As an update of the library may leave them: what it does not know any more means a full handshake. */
static void test_unknown_ticket(void **state)
{
	struct peer_form peer = server_with_tickets(NULL);
	struct ticket *t = calloc(1, sizeof *t + 200);

	(void)state;
	assert_non_null(t);
	t->verdict = by_hand;
	for (t->len = 1; t->len <= 200; t->len += 33) {
		struct link l;

		memset(t->data, (int)t->len, t->len);
		link_open_at(&l, &by_name, &peer, t, LINK_ADDR);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_DONE);
		assert_true(l.engine.judged && !l.engine.resumed);
		link_close(&l);
	}
	t->len = 200;
	ticket_free(t);
}

static void test_server_without_tickets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct tickets ts;
		struct link l;

		tickets_init(&ts);
		ready_with(&l, both[i]);
		assert_false(l.engine.ticket_came);
		l.engine.verdict = by_hand;
		tls_engine_keep_ticket(&l.engine, &ts, 2);
		assert_int_equal(ts.count, 0);
		tickets_deinit(&ts);
		link_close(&l);
	}
}

/* session-tickets = false: none is asked for in TLS 1.2, none is kept in TLS 1.3. */
static void test_tickets_turned_off(void **state)
{
	static const struct policy_form without = { .auth_name = "resolver.test",
		.no_tickets = true };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct peer_form peer = server_with_tickets(both[i]);
		struct tickets ts;
		struct link l;

		tickets_init(&ts);
		link_ready(&l, &without, &peer);
		keep(&l, &ts);
		assert_int_equal(ts.count, 0);
		assert_talks(&l);
		tickets_deinit(&ts);
		link_close(&l);
	}
}

/* ------------------------------------------------------------------ records */

static void test_many_records_at_once(void **state)
{
	uint8_t want[400];
	struct link l;

	(void)state;
	ready_with(&l, NULL);
	for (size_t i = 0; i < sizeof want; i++) {
		want[i] = (uint8_t)i;
		peer_write(&l.peer, &want[i], 1);
	}
	assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
	assert_plain(&l, want, sizeof want);
	link_close(&l);
}

static void test_largest_record(void **state)
{
	static uint8_t want[TLS_RECORD_MAX], got[TLS_RECORD_MAX + 1];
	struct link l;

	(void)state;
	memset(want, 7, sizeof want);
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		ready_with(&l, both[i]);
		peer_write(&l.peer, want, sizeof want);
		assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
		assert_plain(&l, want, sizeof want);
		/* And as much the other way: in one record, which one call reads. */
		assert_int_equal(bytes_append(&l.engine.pending, want, sizeof want), 0);
		assert_true(tls_engine_seal(&l.engine));
		to_server(&l);
		assert_int_equal(peer_read(&l.peer, got, sizeof got), sizeof want);
		assert_memory_equal(got, want, sizeof want);
		/* More than one holds goes in several. */
		assert_int_equal(bytes_append(&l.engine.pending, want, sizeof want), 0);
		assert_int_equal(bytes_append(&l.engine.pending, "x", 1), 0);
		assert_true(tls_engine_seal(&l.engine));
		to_server(&l);
		assert_int_equal(peer_read(&l.peer, got, sizeof got), sizeof want);
		assert_int_equal(peer_read(&l.peer, got, sizeof got), 1);
		link_close(&l);
	}
}

/* An answer cut by whatever: what came whole before is there, the rest never is. */
static void test_cut_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		size_t len;
		struct link l;

		ready_with(&l, both[i]);
		peer_write(&l.peer, "whole", 5);
		len = bytes_len(&l.peer.out);
		peer_write(&l.peer, "half", 4);
		assert_int_equal(to_client(&l, len + 8, tls_engine_open), TLS_PROGRESS_DONE);
		assert_plain(&l, "whole", 5);
		assert_int_equal(to_client(&l, 8, tls_engine_open), TLS_PROGRESS_DONE);
		assert_int_equal(bytes_len(&l.engine.plain), 0);
		link_close(&l);
	}
}

/* One bit anywhere in a record that is not its version: an end, and no octet of it. */
static void test_tampered_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		for (size_t at = 5; at < 20; at++) {
			size_t len;
			struct link l;

			ready_with(&l, both[i]);
			peer_write(&l.peer, "whole", 5);
			len = bytes_len(&l.peer.out);
			peer_write(&l.peer, "spoilt", 6);
			l.peer.out.data[l.peer.out.start + len + at] ^= 1;
			assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_END);
			assert_end(&l, STAGE_DNS, FAULT_PROTOCOL, "");
			assert_plain(&l, "whole", 5);
			link_close(&l);
		}
	}
}

static void test_goodbye_of_the_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct link l;

		ready_with(&l, both[i]);
		peer_write(&l.peer, "last", 4);
		gnutls_bye(l.peer.session, GNUTLS_SHUT_WR);
		assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_END);
		assert_end(&l, STAGE_DNS, FAULT_CLOSED, "close_notify");
		assert_plain(&l, "last", 4);
		link_close(&l);
	}
}

static void test_fatal_alert_later(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct link l;

		ready_with(&l, both[i]);
		gnutls_alert_send(l.peer.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
		assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_END);
		assert_end(&l, STAGE_DNS, FAULT_RESET, "alert from the server: ");
		link_close(&l);
	}
}

static void test_our_goodbye(void **state)
{
	char got[8];
	struct link l;

	(void)state;
	ready_with(&l, NULL);
	tls_engine_goodbye(&l.engine);
	to_server(&l);
	assert_int_equal(peer_read(&l.peer, got, sizeof got), 0);
	link_close(&l);
}

/* ------------------------------------------------------------------ chatter */

static void send_tickets(struct link *l, unsigned count)
{
	while (count-- > 0)
		peer_send_ticket(&l->peer);
}

static void send_hello_requests(struct link *l, unsigned count)
{
	while (count-- > 0)
		assert_int_equal(gnutls_rehandshake(l->peer.session), 0);
}

static void send_warnings(struct link *l, unsigned count)
{
	while (count-- > 0)
		assert_int_equal(gnutls_alert_send(l->peer.session, GNUTLS_AL_WARNING,
					 GNUTLS_A_UNRECOGNIZED_NAME),
			0);
}

static const struct {
	const char *name, *priority;
	void (*send)(struct link *l, unsigned count);
} chatter[] = {
	{ "tickets", TLS13, send_tickets },
	{ "hello requests", TLS12, send_hello_requests },
	{ "warnings", TLS12, send_warnings },
};

static void chatty(struct link *l, size_t i)
{
	struct peer_form peer = server_with_tickets(chatter[i].priority);

	link_ready(l, &by_name, &peer);
}

/* As many as are allowed, then an answer, and again: it goes on.  One more is the end. */
static void test_chatter_in_a_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(chatter); i++) {
		const char *name = chatter[i].name;
		struct link l;

		chatty(&l, i);
		for (unsigned k = 0; k < 3; k++) {
			chatter[i].send(&l, TLS_CHATTER_ROW);
			peer_write(&l.peer, "x", 1);
			expect_int(name, link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
			assert_plain(&l, "x", 1);
		}
		chatter[i].send(&l, TLS_CHATTER_ROW + 1);
		peer_write(&l.peer, "x", 1);
		expect_int(name, link_read(&l, SIZE_MAX), TLS_PROGRESS_END);
		assert_end(&l, STAGE_DNS, FAULT_RESET, "too much that is no answer");
		expect(name, l.engine.chatter_over);
		expect_int(name, bytes_len(&l.engine.plain), 0);
		link_close(&l);
	}
}

/* Read one by one, so that no bound is a matter of how much comes at once. */
static void test_chatter_one_by_one(void **state)
{
	struct link l;

	(void)state;
	chatty(&l, 0);
	for (unsigned k = 0; k < TLS_CHATTER_ROW; k++) {
		send_tickets(&l, 1);
		assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
	}
	send_tickets(&l, 1);
	assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_END);
	assert_true(l.engine.chatter_over);
	link_close(&l);
}

/* Answers between do not make it endless. */
static void test_chatter_in_all(void **state)
{
	enum tls_progress progress;
	unsigned rounds = 0;
	struct link l;

	(void)state;
	chatty(&l, 0);
	do {
		send_tickets(&l, TLS_CHATTER_ROW);
		peer_write(&l.peer, "x", 1);
		progress = link_read(&l, SIZE_MAX);
		rounds++;
	} while (progress == TLS_PROGRESS_DONE && rounds < 1000);
	assert_int_equal(progress, TLS_PROGRESS_END);
	assert_int_equal(rounds, TLS_CHATTER_ALL / TLS_CHATTER_ROW + 1);
	assert_true(l.engine.chatter_over);
	link_close(&l);
}

/* The library has a bound of its own on these; ours holds whatever it is. */
static void test_key_updates(void **state)
{
	enum tls_progress progress;
	unsigned count = 0;
	struct link l;

	(void)state;
	ready_with(&l, TLS13);
	assert_int_equal(gnutls_session_key_update(l.peer.session, GNUTLS_KU_PEER), 0);
	assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
	assert_talks(&l); /* with new keys both ways */
	do {
		assert_int_equal(gnutls_session_key_update(l.peer.session, 0), 0);
		progress = link_read(&l, SIZE_MAX);
		count++;
	} while (progress == TLS_PROGRESS_DONE && count < 1000);
	assert_int_equal(progress, TLS_PROGRESS_END);
	assert_true(count > 1 && count <= TLS_CHATTER_ROW + 1);
	assert_true(l.engine.chatter_over);
	assert_end(&l, STAGE_DNS, FAULT_RESET, "too much that is no answer");
	link_close(&l);
}

/* Renegotiation is declined, and the session goes on (RFC 9325 3.5). */
static void test_renegotiation_is_declined(void **state)
{
	char got[8];
	struct link l;

	(void)state;
	ready_with(&l, TLS12);
	send_hello_requests(&l, 1);
	assert_int_equal(link_read(&l, SIZE_MAX), TLS_PROGRESS_DONE);
	to_server(&l);
	assert_int_equal(peer_read(&l.peer, got, sizeof got), GNUTLS_E_WARNING_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(l.peer.session), GNUTLS_A_NO_RENEGOTIATION);
	assert_talks(&l);
	link_close(&l);
}

/* ------------------------------------------------------------------ life */

static void test_deinit_of_a_zeroed_one(void **state)
{
	struct tls_engine e = { 0 };

	(void)state;
	tls_engine_deinit(&e);
	tls_engine_deinit(&e);
}

static int make_all(void **state)
{
	gnutls_session_ticket_key_generate(&ticket_key);
	return make_identities(state);
}

static int free_all(void **state)
{
	gnutls_free(ticket_key.data);
	return free_identities(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_handshake),
		cmocka_unit_test(test_server_name),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_cut_at_every_octet),
		cmocka_unit_test(test_small_records),
		cmocka_unit_test(test_what_is_no_tls),
		cmocka_unit_test(test_alert_of_the_server),
		cmocka_unit_test(test_hello_retry),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_server_below_the_floor),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_resumed_cut_at_every_octet),
		cmocka_unit_test(test_ticket_of_no_use_to_the_server),
		cmocka_unit_test(test_ticket_without_authentication),
		cmocka_unit_test(test_unknown_ticket),
		cmocka_unit_test(test_server_without_tickets),
		cmocka_unit_test(test_tickets_turned_off),
		cmocka_unit_test(test_many_records_at_once),
		cmocka_unit_test(test_largest_record),
		cmocka_unit_test(test_cut_record),
		cmocka_unit_test(test_tampered_record),
		cmocka_unit_test(test_goodbye_of_the_server),
		cmocka_unit_test(test_fatal_alert_later),
		cmocka_unit_test(test_our_goodbye),
		cmocka_unit_test(test_chatter_in_a_row),
		cmocka_unit_test(test_chatter_one_by_one),
		cmocka_unit_test(test_chatter_in_all),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_renegotiation_is_declined),
		cmocka_unit_test(test_deinit_of_a_zeroed_one),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
