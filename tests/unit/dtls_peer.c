#include "tests/unit/dtls_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char client_name[] = "the client";

#define NEED(call) need((call) >= 0, #call)

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "dtls_peer: %s\n", what);
	abort();
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct dtls_peer *p = ptr;

	if (p->in.count == 0) {
		gnutls_transport_set_errno(p->tls.session, EAGAIN);
		return -1;
	}
	need(p->in.len[0] <= len, "a longer datagram than the library takes");
	len = p->in.len[0];
	memcpy(data, bytes_front(&p->in.octets), len);
	datagrams_consume(&p->in, 1);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct dtls_peer *p = ptr;

	(void)ms;
	return p->in.count > 0;
}

/* Whoever does not take them away loses them. */
static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	datagrams_put(&((struct dtls_peer *)ptr)->out, data, len);
	return (ssize_t)len;
}

void dtls_peer_init(struct dtls_peer *p, const struct peer_form *form, bool cookies)
{
	struct peer_form f = *form;

	*p = (struct dtls_peer){ .verified = !cookies, .last = 1 };
	f.flags |= GNUTLS_DATAGRAM;
	if (!f.priority)
		f.priority = "NORMAL:-VERS-ALL:+VERS-DTLS1.2";
	peer_init(&p->tls, &f);
	gnutls_transport_set_ptr(p->tls.session, p);
	gnutls_transport_set_pull_function(p->tls.session, pull);
	gnutls_transport_set_pull_timeout_function(p->tls.session, pull_timeout);
	gnutls_transport_set_push_function(p->tls.session, push);
	gnutls_dtls_set_timeouts(p->tls.session, 1000, 0x7ffff000u);
	gnutls_dtls_set_mtu(p->tls.session, 1232);
	if (cookies)
		NEED(gnutls_key_generate(&p->cookie_key, GNUTLS_COOKIE_KEY_SIZE));
}

void dtls_peer_deinit(struct dtls_peer *p)
{
	peer_deinit(&p->tls);
	datagrams_free(&p->in);
	datagrams_free(&p->out);
	datagrams_free(&p->messages);
	gnutls_free(p->cookie_key.data);
}

/* True: it is to be dealt with. */
static bool verify(struct dtls_peer *p, const uint8_t *data, size_t len)
{
	gnutls_dtls_prestate_st state = { 0 };
	void *msg = (void *)(uintptr_t)data;

	if (p->verified)
		return true;
	if (gnutls_dtls_cookie_verify(
		    &p->cookie_key, client_name, sizeof client_name, msg, len, &state) == 0) {
		gnutls_dtls_prestate_set(p->tls.session, &state);
		return p->verified = true;
	}
	NEED(gnutls_dtls_cookie_send(
		&p->cookie_key, client_name, sizeof client_name, &state, p, push));
	p->verify_requests++;
	return false;
}

/* A repeated flight of the client's is answered in here, too. */
static void read_all(struct dtls_peer *p)
{
	uint8_t msg[2048];

	while (p->in.count > 0) {
		ssize_t n = gnutls_record_recv(p->tls.session, msg, sizeof msg);

		if (n > 0)
			datagrams_put(&p->messages, msg, (size_t)n);
		else if (n != GNUTLS_E_AGAIN)
			p->last = (int)n;
		if (n == 0 || n == GNUTLS_E_INVALID_SESSION)
			break;
	}
}

void dtls_peer_feed(struct dtls_peer *p, const uint8_t *data, size_t len)
{
	if (!verify(p, data, len))
		return;
	datagrams_put(&p->in, data, len);
	peer_handshake(&p->tls);
	if (p->tls.ready)
		read_all(p);
}

void dtls_peer_tick(struct dtls_peer *p)
{
	if (p->verified)
		peer_handshake(&p->tls);
}

size_t dtls_peer_read(struct dtls_peer *p, void *data, size_t size)
{
	size_t len = p->messages.count > 0 ? p->messages.len[0] : 0;

	need(len <= size, "a longer message than expected");
	if (len == 0)
		return 0;
	memcpy(data, bytes_front(&p->messages.octets), len);
	datagrams_consume(&p->messages, 1);
	return len;
}

void dtls_peer_write(struct dtls_peer *p, const void *data, size_t len)
{
	NEED(gnutls_record_send(p->tls.session, data, len));
}
