#include "tests/server/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/list.h"
#include "tests/server/buf.h"
#include "tests/server/hex.h"
#include "tests/server/mem.h"
#include "tests/server/sealed.h"
#include "tests/server/tls_cert.h"

#define DTLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-DTLS1.2"

struct tls_server {
	/* The first is for new sessions; those that have one borrow it, so all are kept to the end. */
	struct list certs;
	gnutls_priority_t priority, dtls_priority;
	gnutls_datum_t ticket_key;
	unsigned ticket_life; /* seconds; 0: as the library likes */
	bool tickets;
};

struct tls {
	gnutls_session_t session;
	struct buf *in, *out; /* borrowed */
	bool alert;	      /* received a fatal one */
	unsigned warnings;    /* received, not told yet */
	char error[160];
};

static void complain(const char *what, int code)
{
	fprintf(stderr, "%s: %s\n", what, gnutls_strerror(code));
}

bool tls_server_load(struct tls_server *s, const char *cert, const char *key, const char *staple)
{
	struct tls_cert *c = tls_cert_load(cert, key, staple);

	if (c)
		list_prepend(&s->certs, &c->node);
	return c;
}

void tls_server_rotate(struct tls_server *s)
{
	gnutls_free(s->ticket_key.data);
	gnutls_session_ticket_key_generate(&s->ticket_key);
}

bool tls_server_ticket_key(struct tls_server *s, const char *hex)
{
	size_t len;

	return hex_parse(hex, s->ticket_key.data, s->ticket_key.size, &len) &&
	       len == s->ticket_key.size;
}

void tls_server_ticket_life(struct tls_server *s, unsigned seconds)
{
	s->ticket_life = seconds;
}

void tls_server_tickets(struct tls_server *s, bool on)
{
	s->tickets = on;
}

bool tls_server_dtls_priority(struct tls_server *s, const char *priority)
{
	gnutls_priority_t other;
	int code = gnutls_priority_init(&other, priority, NULL);

	if (code) {
		complain("--dtls-priority", code);
		return false;
	}
	gnutls_priority_deinit(s->dtls_priority);
	s->dtls_priority = other;
	return true;
}

struct tls_server *tls_server_new(const char *cert, const char *key, const char *priority)
{
	struct tls_server *s = mem_new(sizeof(*s));
	int code = gnutls_priority_init(&s->priority, priority, NULL);

	list_init(&s->certs);
	s->tickets = true;
	tls_server_rotate(s);
	if (!code)
		code = gnutls_priority_init(&s->dtls_priority, DTLS_PRIORITY, NULL);
	if (!code && tls_server_load(s, cert, key, NULL))
		return s;
	if (code)
		complain("--priority", code);
	tls_server_free(s);
	return NULL;
}

void tls_server_free(struct tls_server *s)
{
	struct list *node;

	if (!s)
		return;
	while ((node = list_take(&s->certs)))
		tls_cert_free(container_of(node, struct tls_cert, node));
	gnutls_priority_deinit(s->priority);
	gnutls_priority_deinit(s->dtls_priority);
	gnutls_free(s->ticket_key.data);
	free(s);
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct tls *t = ptr;
	size_t n = buf_len(t->in);

	if (!n) {
		gnutls_transport_set_errno(t->session, EAGAIN);
		return -1;
	}
	if (n > size)
		n = size;
	memcpy(data, buf_front(t->in), n);
	buf_consume(t->in, n);
	return (ssize_t)n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct tls *t = ptr;

	buf_append(t->out, data, len);
	return (ssize_t)len;
}

int tls_server_equip(struct tls_server *s, gnutls_session_t session, bool datagrams)
{
	struct tls_cert *c = container_of(s->certs.next, struct tls_cert, node);
	int code = gnutls_priority_set(session, datagrams ? s->dtls_priority : s->priority);

	if (!code)
		code = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->credentials);
	if (!code && s->tickets)
		code = gnutls_session_ticket_enable_server(session, &s->ticket_key);
	if (s->ticket_life)
		gnutls_db_set_cache_expiration(session, (int)s->ticket_life);
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE);
	return code;
}

static int configure(struct tls *t, struct tls_server *s)
{
	static const gnutls_datum_t dot = { (unsigned char *)"dot", 3 };
	int code = tls_server_equip(s, t->session, false);

	if (!code)
		code = gnutls_alpn_set_protocols(t->session, &dot, 1, 0);
	gnutls_handshake_set_timeout(t->session, 0);
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_push_function(t->session, push);
	return code;
}

struct tls *tls_new(struct tls_server *s, struct buf *in, struct buf *out)
{
	struct tls *t = mem_new(sizeof(*t));
	int code;

	t->in = in;
	t->out = out;
	code = gnutls_init(&t->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (!code)
		code = configure(t, s);
	if (code)
		complain("TLS session", code);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	gnutls_deinit(t->session);
	free(t);
}

static enum tls_result failed(struct tls *t, int code)
{
	const char *alert = NULL;

	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		alert = gnutls_alert_get_name(gnutls_alert_get(t->session));
		t->alert = true;
	}
	snprintf(t->error, sizeof(t->error), "%s%s%s", gnutls_strerror(code), alert ? " " : "",
		alert ? alert : "");
	return TLS_FAILED;
}

static bool passing(int code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

enum tls_result tls_handshake(struct tls *t)
{
	int code;

	do {
		code = gnutls_handshake(t->session);
	} while (code && !gnutls_error_is_fatal(code) && !passing(code));
	if (!code)
		return TLS_DONE;
	if (passing(code))
		return TLS_MORE;
	gnutls_alert_send_appropriate(t->session, code);
	return failed(t, code);
}

enum tls_result tls_read(struct tls *t, void *data, size_t size, size_t *ret_len)
{
	size_t before;
	ssize_t n;

	/* GnuTLS says "again" behind a KeyUpdate or the like even with more octets at hand. */
	do {
		before = buf_len(t->in);
		n = gnutls_record_recv(t->session, data, size);
		t->warnings += n == GNUTLS_E_WARNING_ALERT_RECEIVED;
	} while (n < 0 && !gnutls_error_is_fatal((int)n) &&
		 (!passing((int)n) || (buf_len(t->in) && buf_len(t->in) < before)));
	if (n == 0)
		return TLS_EOF;
	if (n < 0)
		return passing((int)n) ? TLS_MORE : failed(t, (int)n);
	*ret_len = (size_t)n;
	return TLS_DONE;
}

unsigned tls_write(struct tls *t, const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned records = 0;

	while (len) {
		ssize_t n = gnutls_record_send(t->session, p, len);

		if (n <= 0)
			break;
		records++;
		p += n;
		len -= (size_t)n;
	}
	return records;
}

void tls_close_notify(struct tls *t)
{
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

void tls_fatal_alert(struct tls *t)
{
	gnutls_alert_send(t->session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
}

bool tls_key_update(struct tls *t, bool ask)
{
	return gnutls_session_key_update(t->session, ask ? GNUTLS_KU_PEER : 0) == 0;
}

bool tls_send_tickets(struct tls *t, unsigned n)
{
	return gnutls_session_ticket_send(t->session, n, 0) == 0;
}

bool tls_record(struct tls *t, uint8_t type, const uint8_t *data, size_t len)
{
	return sealed_record(t->session, t->out, type, data, len);
}

void tls_session_facts(gnutls_session_t session, struct tls_facts *ret)
{
	gnutls_datum_t alpn;
	size_t len = sizeof(ret->name);
	unsigned type;

	*ret = (struct tls_facts){ 0 };
	ret->tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
	ret->resumed = gnutls_session_is_resumed(session);
	ret->alpn_dot = gnutls_alpn_get_selected_protocol(session, &alpn) == 0;
	if (gnutls_server_name_get(session, ret->name, &len, &type, 0))
		ret->name[0] = 0;
}

void tls_facts(struct tls *t, struct tls_facts *ret)
{
	tls_session_facts(t->session, ret);
}

const char *tls_error(const struct tls *t)
{
	return t->error;
}

bool tls_got_alert(const struct tls *t)
{
	return t->alert;
}

unsigned tls_take_warnings(struct tls *t)
{
	unsigned n = t->warnings;

	t->warnings = 0;
	return n;
}
