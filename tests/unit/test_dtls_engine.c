/* DTLS as a client, against a server in memory: handshakes, messages, tickets, ends, bounds. */
#include "tests/unit/dtls_case.h"

#include <errno.h>

static const struct policy_form named = { .auth_name = "resolver.test" };
static gnutls_datum_t ticket_key;

static const struct peer_form good = { .chain = { &leaf } };
static const struct peer_form with_tickets = { .chain = { &leaf }, .ticket_key = &ticket_key };

static void assert_end(const struct dlink *l, enum transport_stage stage,
	enum transport_fault fault, const char *says)
{
	assert_int_equal(l->progress, TLS_PROGRESS_END);
	assert_int_equal(l->end.stage, stage);
	assert_int_equal(l->end.fault, fault);
	if (!strstr(l->end.text, says))
		fail_msg("\"%s\" does not say \"%s\"", l->end.text, says);
}

/* ------------------------------------------------------------------ handshakes */

static void test_full_handshake(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	assert_int_equal(l.peer.verify_requests, 1);
	assert_true(l.engine.tls.verdict.authenticated && l.engine.tls.judged);
	assert_false(l.engine.tls.resumed);
	assert_string_equal(tls_engine_protocol(&l.engine.tls), "DTLS1.2");
	assert_int_equal(dtls_engine_message_max(&l.engine), 1195); /* standards 9.2 */
	assert_dlink_talks(&l);
	dlink_close(&l);
}

static void test_without_cookies(void **state)
{
	struct dlink l;

	(void)state;
	dlink_open_at(&l, &named, &good, NULL, false, LINK_ADDR);
	assert_int_equal(dlink_shake(&l, 0), TLS_PROGRESS_DONE);
	assert_dlink_talks(&l);
	dlink_close(&l);
}

/* SNI as over TLS; "dot" is no name for DTLS. */
static void test_hello(void **state)
{
	struct dlink l;
	char name[64];
	size_t size = sizeof name;
	unsigned type;
	gnutls_datum_t chosen;
	struct peer_form peer = { .chain = { &leaf }, .alpn = "dot" };

	(void)state;
	dlink_ready(&l, &named, &peer, NULL);
	assert_int_equal(gnutls_server_name_get(l.peer.tls.session, name, &size, &type, 0), 0);
	assert_string_equal(name, "resolver.test");
	assert_true(gnutls_alpn_get_selected_protocol(l.peer.tls.session, &chosen) < 0);
	assert_true(gnutls_session_ext_master_secret_status(l.peer.tls.session));
	assert_false(gnutls_heartbeat_allowed(l.peer.tls.session, GNUTLS_HB_LOCAL_ALLOWED_TO_SEND));
	dlink_close(&l);
}

/* What is weaker than the floor is not agreed on. */
static void test_servers_below_the_floor(void **state)
{
	static const char *const priorities[] = { "NORMAL:-VERS-ALL:+VERS-DTLS1.0",
		"NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC",
		"NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+RSA",
		"NORMAL:-VERS-ALL:+VERS-DTLS1.2:%NO_SESSION_HASH" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(priorities); i++) {
		struct peer_form peer = { .chain = { &leaf }, .priority = priorities[i] };
		struct dlink l;

		dlink_open_at(&l, &named, &peer, NULL, true, LINK_ADDR);
		dlink_shake(&l, 2);
		expect(priorities[i], !l.engine.tls.ready);
		dlink_close(&l);
	}
}

/* An alert in clear proves nothing: it is noted, the attempt goes on. */
static void test_refusal_is_noted(void **state)
{
	struct peer_form peer = { .chain = { &leaf },
		.priority = "NORMAL:-VERS-ALL:+VERS-DTLS1.0" };
	struct dlink l;

	(void)state;
	dlink_open_at(&l, &named, &peer, NULL, true, LINK_ADDR);
	assert_int_equal(dlink_shake(&l, 0), TLS_PROGRESS_MORE);
	assert_true(l.engine.alerted);
	assert_string_equal(dtls_engine_alert_text(l.engine.alert), "Handshake failed");
	dlink_close(&l);
}

/* Our flight goes out after 1 s, 2 s more, 4 s more, and never in between. */
static void test_retransmission(void **state)
{
	static const unsigned due_ms[] = { 1000, 3000, 7000, 15000 };
	struct dlink l;
	unsigned next = 0;

	(void)state;
	dlink_open_at(&l, &named, &good, NULL, true, LINK_ADDR);
	l.progress = dtls_engine_handshake(&l.engine);
	assert_int_equal(l.engine.out.count, 1);
	datagrams_consume(&l.engine.out, 1);
	for (unsigned ms = 100; ms <= 16000; ms += 100) {
		dtls_clock_advance(100);
		assert_int_equal(dtls_engine_handshake(&l.engine), TLS_PROGRESS_MORE);
		if (l.engine.out.count > 0) {
			assert_int_equal(ms, due_ms[next]);
			next++;
			datagrams_consume(&l.engine.out, l.engine.out.count);
		}
	}
	assert_int_equal(next, COUNT_OF(due_ms));
	dlink_close(&l);
}

/* A path that takes less: our flight goes in smaller parts, which the server puts together. */
static void test_small_path(void **state)
{
	struct dlink l;
	unsigned parts;

	(void)state;
	dlink_open_at(&l, &named, &good, NULL, false, LINK_ADDR);
	dtls_engine_set_payload_max(&l.engine, 120);
	l.progress = dtls_engine_handshake(&l.engine);
	parts = l.engine.out.count;
	assert_true(parts > 1);
	for (unsigned i = 0; i < parts; i++)
		assert_true(l.engine.out.len[i] <= 120);
	dlink_pass(&l);
	assert_int_equal(l.progress, TLS_PROGRESS_DONE);
	assert_int_equal(dtls_engine_message_max(&l.engine), 120 - DTLS_OVERHEAD);
	assert_dlink_talks(&l);
	dlink_close(&l);
}

/* ------------------------------------------------------------------ messages */

static void test_longest_message(void **state)
{
	static const uint8_t zeros[2000];
	struct dlink l;
	uint8_t got[2000];
	size_t max;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	max = dtls_engine_message_max(&l.engine);
	assert_int_equal(dtls_engine_seal(&l.engine, zeros, max + 1), -EMSGSIZE);
	assert_int_equal(l.engine.out.count, 0);
	assert_int_equal(dtls_engine_seal(&l.engine, zeros, max), 0);
	assert_int_equal(l.engine.out.count, 1);
	assert_int_equal(l.engine.out.len[0], PAYLOAD);
	carry_all(&l, &l.engine.out, true);
	assert_int_equal(dtls_peer_read(&l.peer, got, sizeof got), max);
	dtls_engine_set_payload_max(&l.engine, 548);
	assert_int_equal(dtls_engine_seal(&l.engine, zeros, 512), -EMSGSIZE);
	assert_int_equal(dtls_engine_seal(&l.engine, zeros, 511), 0);
	dlink_close(&l);
}

/* Each in a datagram of its own on the way out; the bound is that of the queue. */
static void test_many_messages(void **state)
{
	struct dlink l;
	uint8_t query[64] = { 0 }, got[64];

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	for (uint8_t i = 0; i < DATAGRAMS_MAX; i++) {
		query[0] = i;
		assert_int_equal(dtls_engine_seal(&l.engine, query, sizeof query), 0);
	}
	assert_int_equal(dtls_engine_seal(&l.engine, query, sizeof query), -ENOBUFS);
	assert_int_equal(l.engine.out.count, DATAGRAMS_MAX);
	for (uint8_t i = 0; i < DATAGRAMS_MAX; i++) {
		deliver(&l, true, bytes_front(&l.engine.out.octets), l.engine.out.len[0]);
		datagrams_consume(&l.engine.out, 1);
		assert_int_equal(dtls_peer_read(&l.peer, got, sizeof got), sizeof query);
		assert_int_equal(got[0], i);
	}
	dlink_close(&l);
}

static void test_records_in_one_datagram(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	dtls_peer_write(&l.peer, "one", 3);
	dtls_peer_write(&l.peer, "second", 6);
	dtls_peer_write(&l.peer, "3", 1);
	client_gets(&l, bytes_front(&l.peer.out.octets), bytes_len(&l.peer.out.octets));
	assert_message(&l, "one", 3);
	assert_message(&l, "second", 6);
	assert_message(&l, "3", 1);
	dlink_close(&l);
}

/* An answer of 16 KB, as no path takes it in one piece. */
static void test_longest_record(void **state)
{
	static uint8_t answer[DTLS_RECORD_MAX - DTLS_OVERHEAD];
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	gnutls_dtls_set_mtu(l.peer.tls.session, 17000);
	dtls_peer_write(&l.peer, answer, sizeof answer);
	client_gets(&l, bytes_front(&l.peer.out.octets), l.peer.out.len[0]);
	assert_message(&l, answer, sizeof answer);
	dlink_close(&l);
}

/* ------------------------------------------------------------------ tickets */

static struct ticket *win_ticket(struct dlink *l)
{
	struct tickets ts;
	struct ticket *t;

	tickets_init(&ts);
	assert_true(l->engine.tls.ticket_came);
	tls_engine_keep_ticket(&l->engine.tls, &ts, 1);
	assert_int_equal(ts.count, 1);
	assert_null(tickets_take(&ts, &l->addr, l->policy.policy->id + 1, 1, time(NULL)));
	tls_engine_keep_ticket(&l->engine.tls, &ts, 1);
	t = tickets_take(&ts, &l->addr, l->policy.policy->id, 1, time(NULL));
	assert_non_null(t);
	assert_null(tickets_take(&ts, &l->addr, l->policy.policy->id, 1, time(NULL)));
	return t;
}

static void test_resumed(void **state)
{
	struct dlink l;
	struct ticket *t;

	(void)state;
	dlink_ready(&l, &named, &with_tickets, NULL);
	t = win_ticket(&l);
	dlink_close(&l);
	dlink_ready(&l, &named, &with_tickets, t);
	assert_true(l.engine.tls.resumed);
	assert_false(l.engine.tls.judged);
	assert_true(l.engine.tls.verdict.authenticated);
	assert_dlink_talks(&l);
	dlink_close(&l);
	ticket_free(t);
}

/* A server that does not know it: a full handshake, judged as any other. */
static void test_unknown_ticket(void **state)
{
	gnutls_datum_t other_key;
	struct peer_form peer = { .chain = { &leaf }, .ticket_key = &other_key };
	struct dlink l;
	struct ticket *t;

	(void)state;
	assert_int_equal(gnutls_session_ticket_key_generate(&other_key), 0);
	dlink_ready(&l, &named, &with_tickets, NULL);
	t = win_ticket(&l);
	dlink_close(&l);
	dlink_ready(&l, &named, &peer, t);
	assert_true(!l.engine.tls.resumed && l.engine.tls.judged);
	dlink_close(&l);
	ticket_free(t);
	gnutls_free(other_key.data);
}

static void test_tickets_turned_off(void **state)
{
	struct policy_form policy = { .auth_name = "resolver.test", .no_tickets = true };
	struct dlink l;

	(void)state;
	dlink_ready(&l, &policy, &with_tickets, NULL);
	assert_false(l.engine.tls.ticket_came);
	dlink_close(&l);
}

/* Those of TLS and of DTLS never meet, whatever else is the same. */
static void test_policies_of_both_transports(void **state)
{
	struct policy_case tls, dtls;

	(void)state;
	make_policy(&tls, &named);
	make_dtls_policy(&dtls, &named);
	assert_true(tls.policy->id != dtls.policy->id);
	tls_policy_free(tls.policy);
	tls_policy_free(dtls.policy);
}

static void test_priority_without_dtls(void **state)
{
	struct config_upstream u = { .auth_name = (char *)(uintptr_t) "resolver.test" };
	char error[256];

	(void)state;
	assert_null(dtls_policy_new(
		&u, "NORMAL:-KX-ALL:-GROUP-ALL:+GROUP-X25519", trust, error, sizeof error));
	assert_non_null(strstr(error, "tls-priority"));
	assert_null(dtls_policy_new(&u, "NORMAL:%COMPAT", trust, error, sizeof error));
	assert_non_null(strstr(error, "%COMPAT"));
}

/* A string that names versions of TLS alone is no hindrance: its suites count. */
static void test_priority_of_tls_1_2(void **state)
{
	struct policy_form policy = { .auth_name = "resolver.test",
		.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct dlink l;

	(void)state;
	dlink_ready(&l, &policy, &good, NULL);
	dlink_close(&l);
}

/* ------------------------------------------------------------------ ends */

static void test_goodbye_of_the_server(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	dtls_peer_write(&l.peer, "last", 4);
	gnutls_bye(l.peer.tls.session, GNUTLS_SHUT_WR);
	dlink_pass(&l);
	assert_message(&l, "last", 4);
	assert_end(&l, STAGE_DNS, FAULT_CLOSED, "close_notify");
	dlink_close(&l);
}

/* Sealed with our keys: it is the server's word (RFC 8094 3.1). */
static void test_sealed_alert(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	gnutls_alert_send(l.peer.tls.session, GNUTLS_AL_FATAL, GNUTLS_A_USER_CANCELED);
	dlink_pass(&l);
	assert_end(&l, STAGE_DNS, FAULT_RESET, "alert from the server");
	dlink_close(&l);
}

static void test_our_goodbye(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	dtls_engine_goodbye(&l.engine);
	assert_int_equal(l.engine.out.count, 1);
	carry_all(&l, &l.engine.out, true);
	assert_int_equal(l.peer.last, 0);
	dlink_close(&l);
}

static void test_last_record_of_a_key(void **state)
{
	struct dlink l;
	char got[8];

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	l.engine.sealed = DTLS_SEALED_MAX - 1;
	assert_int_equal(dtls_engine_seal(&l.engine, (const uint8_t *)"last", 4), 0);
	assert_int_equal(dtls_engine_seal(&l.engine, (const uint8_t *)"more", 4), -EPIPE);
	assert_int_equal(l.end.fault, FAULT_CLOSED);
	carry_all(&l, &l.engine.out, true);
	assert_int_equal(dtls_peer_read(&l.peer, got, sizeof got), 4);
	dlink_close(&l);
}

/* ------------------------------------------------------------------ chatter (threats A65) */

static void warn(struct dlink *l)
{
	gnutls_alert_send(l->peer.tls.session, GNUTLS_AL_WARNING, GNUTLS_A_UNRECOGNIZED_NAME);
}

static void ask_to_renegotiate(struct dlink *l)
{
	dtls_clock_advance(61000); /* it repeats itself, but not at once */
	gnutls_rehandshake(l->peer.tls.session);
}

static void test_chatter_in_a_row(void **state)
{
	static void (*const kinds[])(struct dlink * l) = { warn, ask_to_renegotiate };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct dlink l;
		unsigned n = 0;

		dlink_ready(&l, &named, &good, NULL);
		for (; n < 10 * TLS_CHATTER_ROW && l.progress == TLS_PROGRESS_DONE; n++) {
			kinds[i](&l);
			carry_all(&l, &l.peer.out, false);
			datagrams_consume(&l.engine.out, l.engine.out.count);
		}
		assert_in_range(n, TLS_CHATTER_ROW / 4, TLS_CHATTER_ROW + 1);
		assert_end(&l, STAGE_DNS, FAULT_RESET, "too much that is no answer");
		assert_true(l.engine.tls.chatter_over);
		dlink_close(&l);
	}
}

static void test_renegotiation_is_declined(void **state)
{
	struct dlink l;

	(void)state;
	dlink_ready(&l, &named, &good, NULL);
	ask_to_renegotiate(&l);
	carry_all(&l, &l.peer.out, false);
	assert_int_equal(l.engine.out.count, 1); /* no_renegotiation */
	carry_all(&l, &l.engine.out, true);
	assert_int_equal(l.peer.last, GNUTLS_E_WARNING_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(l.peer.tls.session), GNUTLS_A_NO_RENEGOTIATION);
	assert_dlink_talks(&l);
	dlink_close(&l);
}

static void test_deinit_of_a_zeroed_one(void **state)
{
	struct dtls_engine e = { 0 };

	(void)state;
	dtls_engine_deinit(&e);
}

static int make_all(void **state)
{
	dtls_clock_stop();
	return gnutls_session_ticket_key_generate(&ticket_key) < 0 ? -1 : make_identities(state);
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
		cmocka_unit_test(test_without_cookies),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_servers_below_the_floor),
		cmocka_unit_test(test_refusal_is_noted),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_small_path),
		cmocka_unit_test(test_longest_message),
		cmocka_unit_test(test_many_messages),
		cmocka_unit_test(test_records_in_one_datagram),
		cmocka_unit_test(test_longest_record),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_unknown_ticket),
		cmocka_unit_test(test_tickets_turned_off),
		cmocka_unit_test(test_policies_of_both_transports),
		cmocka_unit_test(test_priority_without_dtls),
		cmocka_unit_test(test_priority_of_tls_1_2),
		cmocka_unit_test(test_goodbye_of_the_server),
		cmocka_unit_test(test_sealed_alert),
		cmocka_unit_test(test_our_goodbye),
		cmocka_unit_test(test_last_record_of_a_key),
		cmocka_unit_test(test_chatter_in_a_row),
		cmocka_unit_test(test_renegotiation_is_declined),
		cmocka_unit_test(test_deinit_of_a_zeroed_one),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
