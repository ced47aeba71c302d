#include "tests/server/dtls.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/mem.h"

/* RFC 6347 4.1 and 4.2.2: the headers of a record and of a handshake message. */
enum {
	RECORD_HEADER = 13,
	HANDSHAKE_HEADER = 12,
	TYPE_HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	RANDOM_AT = RECORD_HEADER + HANDSHAKE_HEADER + 2
};

/* RFC 6347 4.2.4.1 for the first; how long a handshake is waited for altogether. */
enum { RETRANSMIT_MS = 1000, HANDSHAKE_MS = 60000 };

struct dtls {
	gnutls_session_t session;
	const uint8_t *in; /* borrowed; NULL: there is none */
	size_t in_len;
	dtls_push *push;
	void *arg;
	bool alert; /* received a fatal one */
	char error[160];
};

void dtls_cookies_init(struct dtls_cookies *c)
{
	gnutls_rnd(GNUTLS_RND_RANDOM, c->key, sizeof(c->key));
}

bool dtls_is_hello(const uint8_t *data, size_t len, const uint8_t **ret_random)
{
	if (len < RANDOM_AT + DTLS_RANDOM || data[0] != TYPE_HANDSHAKE || data[3] || data[4] ||
		data[RECORD_HEADER] != CLIENT_HELLO)
		return false;
	*ret_random = data + RANDOM_AT;
	return true;
}

static gnutls_datum_t key_of(struct dtls_cookies *c)
{
	return (gnutls_datum_t){ c->key, sizeof(c->key) };
}

bool dtls_cookie_good(struct dtls_cookies *c, const void *peer, size_t peer_len,
	const uint8_t *data, size_t len, struct dtls_prestate *ret)
{
	gnutls_datum_t key = key_of(c);
	gnutls_dtls_prestate_st state = { 0 };

	/* The library asks for more than it needs: it changes neither. */
	if (gnutls_dtls_cookie_verify(
		    &key, (void *)(uintptr_t)peer, peer_len, (void *)(uintptr_t)data, len, &state))
		return false;
	*ret = (struct dtls_prestate){ state.record_seq, state.hsk_read_seq, state.hsk_write_seq };
	return true;
}

struct sink {
	dtls_push *push;
	void *arg;
};

static ssize_t push_to_sink(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	const struct sink *s = ptr;

	s->push(s->arg, data, len);
	return (ssize_t)len;
}

void dtls_cookie_ask(
	struct dtls_cookies *c, const void *peer, size_t peer_len, dtls_push *push, void *arg)
{
	gnutls_datum_t key = key_of(c);
	gnutls_dtls_prestate_st state = { 0 };
	struct sink sink = { push, arg };

	gnutls_dtls_cookie_send(
		&key, (void *)(uintptr_t)peer, peer_len, &state, &sink, push_to_sink);
}

static ssize_t on_pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct dtls *d = ptr;
	size_t n = d->in_len < size ? d->in_len : size;

	if (!d->in) {
		gnutls_transport_set_errno(d->session, EAGAIN);
		return -1;
	}
	memcpy(data, d->in, n);
	d->in = NULL;
	return (ssize_t)n;
}

/* Nothing is waited for: a datagram is there or it is not. */
static int on_pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct dtls *d = ptr;

	(void)ms;
	return d->in != NULL;
}

static ssize_t on_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	const struct dtls *d = ptr;

	d->push(d->arg, data, len);
	return (ssize_t)len;
}

static void wire_up(struct dtls *d, const struct dtls_prestate *prestate, unsigned mtu)
{
	gnutls_dtls_prestate_st state = { prestate->record_seq, prestate->read_seq,
		prestate->write_seq };

	gnutls_dtls_prestate_set(d->session, &state);
	gnutls_dtls_set_mtu(d->session, mtu);
	gnutls_dtls_set_timeouts(d->session, RETRANSMIT_MS, HANDSHAKE_MS);
	gnutls_transport_set_ptr(d->session, d);
	gnutls_transport_set_pull_function(d->session, on_pull);
	gnutls_transport_set_pull_timeout_function(d->session, on_pull_timeout);
	gnutls_transport_set_push_function(d->session, on_push);
}

struct dtls *dtls_new(struct tls_server *s, const struct dtls_prestate *prestate, unsigned mtu,
	dtls_push *push, void *arg)
{
	struct dtls *d = mem_new(sizeof(*d));
	int code = gnutls_init(
		&d->session, GNUTLS_SERVER | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	d->push = push;
	d->arg = arg;
	if (!code)
		code = tls_server_equip(s, d->session, true);
	if (code) {
		fprintf(stderr, "DTLS session: %s\n", gnutls_strerror(code));
		dtls_free(d);
		return NULL;
	}
	wire_up(d, prestate, mtu);
	return d;
}

void dtls_free(struct dtls *d)
{
	if (!d)
		return;
	gnutls_deinit(d->session);
	free(d);
}

void dtls_take(struct dtls *d, const uint8_t *data, size_t len)
{
	d->in = data;
	d->in_len = len;
}

static enum tls_result failed(struct dtls *d, int code)
{
	const char *alert = NULL;

	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		alert = gnutls_alert_get_name(gnutls_alert_get(d->session));
		d->alert = true;
	}
	snprintf(d->error, sizeof(d->error), "%s%s%s", gnutls_strerror(code), alert ? " " : "",
		alert ? alert : "");
	return TLS_FAILED;
}

static bool passing(int code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

enum tls_result dtls_handshake(struct dtls *d)
{
	int code;

	do {
		code = gnutls_handshake(d->session);
	} while (code && !gnutls_error_is_fatal(code) && (!passing(code) || d->in));
	if (!code)
		return TLS_DONE;
	if (passing(code))
		return TLS_MORE;
	gnutls_alert_send_appropriate(d->session, code);
	return failed(d, code);
}

unsigned dtls_timeout_ms(struct dtls *d)
{
	return gnutls_dtls_get_timeout(d->session);
}

enum tls_result dtls_read(struct dtls *d, void *data, size_t size, size_t *ret_len)
{
	ssize_t n;

	do {
		n = gnutls_record_recv(d->session, data, size);
	} while (n < 0 && !gnutls_error_is_fatal((int)n) && (!passing((int)n) || d->in));
	if (n == 0)
		return TLS_EOF;
	if (n < 0)
		return passing((int)n) ? TLS_MORE : failed(d, (int)n);
	*ret_len = (size_t)n;
	return TLS_DONE;
}

bool dtls_write(struct dtls *d, const void *data, size_t len)
{
	return gnutls_record_send(d->session, data, len) == (ssize_t)len;
}

size_t dtls_room(const struct dtls *d)
{
	return gnutls_dtls_get_data_mtu(d->session);
}

void dtls_close_notify(struct dtls *d)
{
	gnutls_bye(d->session, GNUTLS_SHUT_WR);
}

bool dtls_alert(struct dtls *d, uint8_t level, uint8_t description)
{
	return !gnutls_alert_send(
		d->session, (gnutls_alert_level_t)level, (gnutls_alert_description_t)description);
}

void dtls_facts(struct dtls *d, struct tls_facts *ret)
{
	tls_session_facts(d->session, ret);
}

const char *dtls_error(const struct dtls *d)
{
	return d->error;
}

bool dtls_got_alert(const struct dtls *d)
{
	return d->alert;
}

unsigned dtls_discarded(const struct dtls *d)
{
	return gnutls_record_get_discarded(d->session);
}
