#include "proxy/upstream/tls_engine.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "proxy/upstream/memory.h"
#include "proxy/upstream/priority.h"
#include "proxy/upstream/tls_engine_parts.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/verify.h"

/* Shared with DoH: there the server has to choose "dot" (standards 7.5). */
#define DOT_ALT_PORT 443

#define RECORD_HEADER 5u /* type, version, length (RFC 8446 5.1) */

/*
 * ------------------------------------------------------------------ GnuTLS's side of the buffers
 */

/*
 * The library passes over records without content and says nothing: those are counted where they
 * come in.
 */
static void count_records(struct tls_engine *e, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (e->record_seen < RECORD_HEADER) {
			e->record_len = e->record_len << 8 | data[i++];
			if (++e->record_seen < RECORD_HEADER)
				continue;
			e->record_len = RECORD_HEADER + (e->record_len & 0xffff);
			e->record_row++;
		} else {
			size_t n = e->record_len - e->record_seen;

			n = n < len - i ? n : len - i;
			e->record_seen += n;
			i += n;
		}
		if (e->record_seen == e->record_len)
			e->record_seen = e->record_len = 0;
	}
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct tls_engine *e = ptr;

	if (e->in_len == 0) {
		gnutls_transport_set_errno(e->session, EAGAIN);
		return -1;
	}
	if (len > e->in_len)
		len = e->in_len;
	memcpy(data, e->in, len);
	count_records(e, e->in, len);
	e->in += len;
	e->in_len -= len;
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct tls_engine *e = ptr;

	(void)ms;
	return e->in_len > 0;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct tls_engine *e = ptr;

	if (bytes_append(&e->out, data, len) < 0) {
		gnutls_transport_set_errno(e->session, ENOMEM);
		return -1;
	}
	return (ssize_t)len;
}

/* ------------------------------------------------------------------ the end */

void tls_engine_fail(struct tls_engine *e, enum transport_fault fault, const char *text)
{
	e->end->stage = e->ready ? STAGE_DNS : STAGE_TLS;
	e->end->fault = fault;
	snprintf(e->end->text, sizeof e->end->text, "%s", text);
}

void tls_engine_fail_library(struct tls_engine *e, int err)
{
	char text[TRANSPORT_TEXT_MAX];

	if (e->end->stage == STAGE_AUTH)
		return; /* the verdict on the certificate says more */
	if (err == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		snprintf(text, sizeof text, "alert from the server: %s",
			gnutls_alert_get_name(gnutls_alert_get(e->session)));
		/* Of a session that worked this is the server's way to reset it. */
		tls_engine_fail(e, e->ready ? FAULT_RESET : FAULT_PROTOCOL, text);
		return;
	}
	if (err == GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS || err == GNUTLS_E_TOO_MANY_EMPTY_PACKETS) {
		e->chatter_over = true;
		tls_engine_fail(e, e->ready ? FAULT_RESET : FAULT_PROTOCOL,
			"the server sends too much that is no answer");
		return;
	}
	tls_engine_fail(e, FAULT_PROTOCOL, gnutls_strerror(err));
}

/* ------------------------------------------------------------------ the handshake */

/* Full handshakes only: one that is resumed shows no certificate. */
static int on_verify(gnutls_session_t session)
{
	struct tls_engine *e = gnutls_session_get_ptr(session);
	struct verify_result result;

	verify_peer(session, e->policy, e->addr, &result);
	e->judged = true;
	e->verdict = (struct verdict){ .authenticated = result.authenticated,
		.not_after = result.not_after,
		.policy = e->policy->id };
	snprintf(e->reason, sizeof e->reason, "%s", result.reason);
	if (result.authenticated || !e->policy->strict)
		return 0;
	e->end->stage = STAGE_AUTH;
	e->end->fault = result.local ? FAULT_LOCAL : FAULT_PROTOCOL;
	snprintf(e->end->text, sizeof e->end->text, "%s", result.reason);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* RFC 8446 4.6.1: zero means that it is to be thrown away; in TLS 1.2 (RFC 5077 3.3), not said. */
static bool is_to_keep(const struct tls_engine *e, const gnutls_datum_t *ticket)
{
	static const uint8_t zero[4];

	return gnutls_protocol_get_version(e->session) != GNUTLS_TLS1_3 ||
	       (ticket->size >= sizeof zero && memcmp(ticket->data, zero, sizeof zero) != 0);
}

/*
 * Of every handshake message before it is dealt with, also those that come afterwards.  GnuTLS
 * answers key updates and takes tickets inside; here they are counted.
 */
static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *msg)
{
	struct tls_engine *e = gnutls_session_get_ptr(session);

	(void)when;
	if (!incoming)
		return 0;
	if (type == GNUTLS_HANDSHAKE_NEW_SESSION_TICKET)
		e->ticket_came = e->policy->tickets && is_to_keep(e, msg);
	if (e->ready)
		e->chatter_row++;
	return 0;
}

/* The server may ignore ALPN, but not choose something that was not offered (RFC 9325 3.8). */
static bool alpn_is_good(struct tls_engine *e)
{
	gnutls_datum_t chosen;

	if (gnutls_alpn_get_selected_protocol(e->session, &chosen) == 0) {
		if (chosen.size == 3 && memcmp(chosen.data, "dot", 3) == 0)
			return true;
		tls_engine_fail(
			e, FAULT_PROTOCOL, "the server chose another protocol than DNS over TLS");
		return false;
	}
	if (e->policy->datagram || addr_port(e->addr) != DOT_ALT_PORT)
		return true;
	tls_engine_fail(e, FAULT_PROTOCOL, "the server does not confirm DNS over TLS on port 443");
	return false;
}

static bool floor_holds(struct tls_engine *e)
{
	const char *what;

	if (priority_floor_holds(e->session, &what))
		return true;
	tls_engine_fail(e, FAULT_PROTOCOL, what);
	return false;
}

/*
 * A session that was resumed is as authenticated as the one that gave the ticket.  One that is not
 * must have been judged: strict means that nothing is left to chance.
 */
static bool is_judged(struct tls_engine *e)
{
	e->resumed = gnutls_session_is_resumed(e->session) != 0;
	if (!e->resumed && !e->judged)
		e->verdict.authenticated = false;
	if (e->verdict.authenticated || !e->policy->strict)
		return true;
	tls_engine_fail(e, FAULT_PROTOCOL, "the server was not authenticated");
	e->end->stage = STAGE_AUTH;
	return false;
}

enum tls_progress tls_engine_end_handshake(struct tls_engine *e, int err)
{
	if (err == 0 && floor_holds(e) && alpn_is_good(e) && is_judged(e)) {
		e->ready = true;
		e->record_row = 0;
		return TLS_PROGRESS_DONE;
	}
	if (err < 0) {
		tls_engine_fail_library(e, err);
		gnutls_alert_send_appropriate(e->session, err);
	}
	return TLS_PROGRESS_END;
}

/* GnuTLS says "again" after each record that holds only a part of a message, too. */
static bool goes_on(const struct tls_engine *e, int err, size_t before)
{
	if (err == GNUTLS_E_AGAIN)
		return e->in_len > 0 && e->in_len < before;
	return err < 0 && !gnutls_error_is_fatal(err);
}

enum tls_progress tls_engine_handshake(struct tls_engine *e)
{
	size_t before;
	int err;

	do {
		before = e->in_len;
		err = gnutls_handshake(e->session);
	} while (goes_on(e, err, before));
	if (err == GNUTLS_E_AGAIN && e->in_len == 0)
		return TLS_PROGRESS_MORE;
	return tls_engine_end_handshake(e, err);
}

static void set_callbacks(struct tls_engine *e, const struct tls_engine_io *io)
{
	gnutls_session_set_ptr(e->session, e);
	gnutls_transport_set_ptr(e->session, e);
	gnutls_transport_set_pull_function(e->session, io->pull);
	gnutls_transport_set_pull_timeout_function(e->session, io->pull_timeout);
	gnutls_transport_set_push_function(e->session, io->push);
	gnutls_handshake_set_timeout(e->session, 0); /* whoever connects has a limit of its own */
	gnutls_handshake_set_max_packet_length(e->session, TLS_HANDSHAKE_MAX);
	gnutls_session_set_verify_function(e->session, on_verify);
	gnutls_handshake_set_hook_function(
		e->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_message);
}

/* One that the library does not take any more means a full handshake. */
static void set_ticket(struct tls_engine *e, const struct ticket *ticket)
{
	if (gnutls_session_set_data(e->session, ticket->data, ticket->len) == 0)
		e->verdict = ticket->verdict;
}

/*
 * SNI carries the configured name; an address never goes there (RFC 6066 3, standards 7.5).  No early
 * data, ever (RFC 9325 3.10).
 */
bool tls_engine_begin(struct tls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end,
	const struct tls_engine_io *io)
{
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			 (policy->datagram ? GNUTLS_DATAGRAM : 0) |
			 (policy->tickets ? 0 : GNUTLS_NO_TICKETS);
	const char *name = policy->auth_name;

	*e = (struct tls_engine){ .policy = policy, .addr = addr, .end = end };
	if (!memory_is_left(MEMORY_OF_HANDSHAKE))
		return false;
	if (gnutls_init(&e->session, flags) < 0)
		return false;
	set_callbacks(e, io);
	if (tls_policy_apply(policy, e->session) < 0 ||
		(name && gnutls_server_name_set(e->session, GNUTLS_NAME_DNS, name, strlen(name)) <
				 0))
		return false;
	if (ticket)
		set_ticket(e, ticket);
	return true;
}

bool tls_engine_init(struct tls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end)
{
	static const struct tls_engine_io io = { pull, pull_timeout, push };

	return tls_engine_begin(e, policy, ticket, addr, end, &io);
}

void tls_engine_deinit(struct tls_engine *e)
{
	if (e->session)
		gnutls_deinit(e->session);
	bytes_free(&e->plain);
	bytes_free(&e->pending);
	bytes_free(&e->out);
	*e = (struct tls_engine){ 0 };
}

/* ------------------------------------------------------------------ records */

/* A record may hold many messages, or none. */
static unsigned chatter_now(const struct tls_engine *e)
{
	return e->chatter_row > e->record_row ? e->chatter_row : e->record_row;
}

/* Work that brings no answer is bounded (threats A65). */
bool tls_engine_chatter_is_bounded(struct tls_engine *e)
{
	if (chatter_now(e) <= TLS_CHATTER_ROW && e->chatter_all + chatter_now(e) <= TLS_CHATTER_ALL)
		return true;
	e->chatter_over = true;
	tls_engine_fail(e, FAULT_RESET, "the server sends too much that is no answer");
	return false;
}

void tls_engine_note_answer(struct tls_engine *e)
{
	e->chatter_all += chatter_now(e);
	e->chatter_row = e->record_row = 0;
}

/*
 * What the library leaves to us: warnings are passed over; TLS 1.2's wish to shake hands anew is
 * declined (RFC 5246 7.4.1.1, RFC 9325 3.5).
 */
bool tls_engine_is_passed_over(struct tls_engine *e, int err)
{
	if (err == GNUTLS_E_REHANDSHAKE) {
		e->chatter_row++;
		return gnutls_alert_send(
			       e->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION) == 0;
	}
	if (gnutls_error_is_fatal(err) || err == GNUTLS_E_AGAIN)
		return false;
	e->chatter_row++;
	return true;
}

/*
 * One record, or as much as is here of one.  Post-handshake messages (tickets, key updates) are
 * dealt with inside GnuTLS, which then says "again" with more records at hand.
 */
static enum tls_progress open_one(struct tls_engine *e)
{
	uint8_t *room = bytes_reserve(&e->plain, TLS_RECORD_MAX);
	size_t before = e->in_len;
	ssize_t n;

	if (!room) {
		tls_engine_fail(e, FAULT_LOCAL, "out of memory");
		return TLS_PROGRESS_END;
	}
	n = gnutls_record_recv(e->session, room, TLS_RECORD_MAX);
	if (n > 0) {
		bytes_commit(&e->plain, (size_t)n);
		e->record_row -= e->record_row > 0; /* this one is no chatter */
	}
	if (!tls_engine_chatter_is_bounded(e))
		return TLS_PROGRESS_END;
	if (n > 0) {
		tls_engine_note_answer(e);
		return TLS_PROGRESS_MORE;
	}
	if (n == 0) {
		tls_engine_fail(e, FAULT_CLOSED, "closed by the server (close_notify)");
		return TLS_PROGRESS_END;
	}
	if (n == GNUTLS_E_AGAIN && e->in_len == 0)
		return TLS_PROGRESS_DONE;
	if (n == GNUTLS_E_AGAIN && e->in_len < before)
		return TLS_PROGRESS_MORE;
	if (tls_engine_is_passed_over(e, (int)n))
		return tls_engine_chatter_is_bounded(e) ? TLS_PROGRESS_MORE : TLS_PROGRESS_END;
	/* Also "again" without having taken anything: what was fed would be lost. */
	tls_engine_fail_library(e, (int)n);
	gnutls_alert_send_appropriate(e->session, (int)n);
	return TLS_PROGRESS_END;
}

enum tls_progress tls_engine_open(struct tls_engine *e)
{
	enum tls_progress progress;

	/* Servers send two tickets or more at once, and the library has the last one only. */
	do {
		progress = open_one(e);
		if (e->ticket_came && e->keep_ticket && progress != TLS_PROGRESS_END)
			e->keep_ticket(e->keep_arg, e);
	} while (progress == TLS_PROGRESS_MORE);
	return progress;
}

bool tls_engine_seal(struct tls_engine *e)
{
	while (bytes_len(&e->pending) > 0) {
		ssize_t n = gnutls_record_send(
			e->session, bytes_front(&e->pending), bytes_len(&e->pending));

		if (n < 0) {
			tls_engine_fail_library(e, (int)n);
			return false;
		}
		bytes_consume(&e->pending, (size_t)n);
	}
	return true;
}

void tls_engine_keep_ticket(struct tls_engine *e, struct tickets *tickets, uint64_t boot_us)
{
	gnutls_datum_t data = { NULL, 0 };

	e->ticket_came = false;
	if (!(gnutls_session_get_flags(e->session) & GNUTLS_SFLAGS_SESSION_TICKET) ||
		gnutls_session_get_data2(e->session, &data) < 0)
		return;
	tickets_put(tickets, e->addr, &e->verdict, data.data, data.size, boot_us);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
}

void tls_engine_goodbye(struct tls_engine *e)
{
	gnutls_bye(e->session, GNUTLS_SHUT_WR);
}

const char *tls_engine_protocol(const struct tls_engine *e)
{
	return gnutls_protocol_get_name(gnutls_protocol_get_version(e->session));
}

const char *tls_engine_cipher(const struct tls_engine *e)
{
	return gnutls_cipher_get_name(gnutls_cipher_get(e->session));
}
