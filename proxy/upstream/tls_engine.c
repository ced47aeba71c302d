#include "proxy/upstream/tls_engine.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "proxy/upstream/credentials.h"

#define DOT_ALT_PORT                                                                               \
	443 /* shared with DoH: there the server has to choose "dot" (standards 7.5)               \
	     */

/*
 * ------------------------------------------------------------------ GnuTLS's side of the buffers
 */

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

static void fail(struct tls_engine *e, enum transport_fault fault, const char *text)
{
	e->end->stage = e->ready ? STAGE_DNS : STAGE_TLS;
	e->end->fault = fault;
	snprintf(e->end->text, sizeof e->end->text, "%s", text);
}

static void fail_library(struct tls_engine *e, int err)
{
	char text[TRANSPORT_TEXT_MAX];

	if (e->end->stage == STAGE_AUTH)
		return; /* the verdict on the certificate says more */
	if (err == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		snprintf(text, sizeof text, "alert from the server: %s",
			gnutls_alert_get_name(gnutls_alert_get(e->session)));
		/* Of a session that worked this is the server's way to reset it. */
		fail(e, e->ready ? FAULT_RESET : FAULT_PROTOCOL, text);
		return;
	}
	fail(e, FAULT_PROTOCOL, gnutls_strerror(err));
}

/* ------------------------------------------------------------------ the handshake */

static int on_verify(gnutls_session_t session)
{
	struct tls_engine *e = gnutls_session_get_ptr(session);

	if (credentials_verify(session, e->auth_name, e->addr, e->end->text, sizeof e->end->text))
		return 0;
	e->end->stage = STAGE_AUTH;
	e->end->fault = FAULT_PROTOCOL;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* The server may ignore ALPN, but not choose something that was not offered (RFC 9325 3.8). */
static bool alpn_is_good(struct tls_engine *e)
{
	gnutls_datum_t chosen;

	if (gnutls_alpn_get_selected_protocol(e->session, &chosen) == 0) {
		if (chosen.size == 3 && memcmp(chosen.data, "dot", 3) == 0)
			return true;
		fail(e, FAULT_PROTOCOL, "the server chose another protocol than DNS over TLS");
		return false;
	}
	if (addr_port(e->addr) != DOT_ALT_PORT)
		return true;
	fail(e, FAULT_PROTOCOL, "the server does not confirm DNS over TLS on port 443");
	return false;
}

enum tls_progress tls_engine_handshake(struct tls_engine *e)
{
	int err;

	do
		err = gnutls_handshake(e->session);
	while (err < 0 && err != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(err));
	if (err == GNUTLS_E_AGAIN)
		return TLS_PROGRESS_MORE;
	if (err == 0 && alpn_is_good(e)) {
		e->ready = true;
		return TLS_PROGRESS_DONE;
	}
	if (err < 0) {
		fail_library(e, err);
		gnutls_alert_send_appropriate(e->session, err);
	}
	return TLS_PROGRESS_END;
}

/*
 * Tickets come with a later capability: until they are kept with the verdict that they stand for,
 * none is asked for.  SNI carries the configured name; an address never goes there (RFC 6066 3,
 * standards 7.5).
 */
bool tls_engine_init(struct tls_engine *e, const struct credentials *credentials,
	const char *auth_name, const struct addr *addr, struct transport_end *end)
{
	*e = (struct tls_engine){ .auth_name = auth_name, .addr = addr, .end = end };
	if (gnutls_init(&e->session,
		    GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) < 0)
		return false;
	gnutls_session_set_ptr(e->session, e);
	gnutls_transport_set_ptr(e->session, e);
	gnutls_transport_set_pull_function(e->session, pull);
	gnutls_transport_set_pull_timeout_function(e->session, pull_timeout);
	gnutls_transport_set_push_function(e->session, push);
	gnutls_handshake_set_timeout(e->session, 0); /* whoever connects has a limit of its own */
	gnutls_session_set_verify_function(e->session, on_verify);
	return credentials_apply(credentials, e->session) == 0 &&
	       (!auth_name || gnutls_server_name_set(e->session, GNUTLS_NAME_DNS, auth_name,
				      strlen(auth_name)) == 0);
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
		fail(e, FAULT_LOCAL, "out of memory");
		return TLS_PROGRESS_END;
	}
	n = gnutls_record_recv(e->session, room, TLS_RECORD_MAX);
	if (n > 0) {
		bytes_commit(&e->plain, (size_t)n);
		return TLS_PROGRESS_MORE;
	}
	if (n == 0) {
		fail(e, FAULT_CLOSED, "closed by the server (close_notify)");
		return TLS_PROGRESS_END;
	}
	if (n == GNUTLS_E_AGAIN && e->in_len == 0)
		return TLS_PROGRESS_DONE;
	if (n == GNUTLS_E_AGAIN && e->in_len < before)
		return TLS_PROGRESS_MORE;
	if (!gnutls_error_is_fatal((int)n) && n != GNUTLS_E_REHANDSHAKE && n != GNUTLS_E_AGAIN)
		return TLS_PROGRESS_MORE;
	/* Also "again" without having taken anything: what was fed would be lost. */
	fail_library(e, (int)n); /* renegotiation is not done (RFC 9325 3.5) */
	return TLS_PROGRESS_END;
}

enum tls_progress tls_engine_open(struct tls_engine *e)
{
	enum tls_progress progress;

	do
		progress = open_one(e);
	while (progress == TLS_PROGRESS_MORE);
	return progress;
}

bool tls_engine_seal(struct tls_engine *e)
{
	while (bytes_len(&e->pending) > 0) {
		ssize_t n = gnutls_record_send(
			e->session, bytes_front(&e->pending), bytes_len(&e->pending));

		if (n < 0) {
			fail_library(e, (int)n);
			return false;
		}
		bytes_consume(&e->pending, (size_t)n);
	}
	return true;
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
