#include "tests/unit/tls_peer.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tls_peer: %s\n", what);
	abort();
}

#define NEED(call) need((call) >= 0, #call)

/* ------------------------------------------------------------------ certificates */

static void put_names(gnutls_x509_crt_t c, const struct identity_form *f)
{
	const char *const dns[] = { f->dns, f->dns2 };
	unsigned char ip[16];

	for (size_t i = 0; i < 2; i++)
		if (dns[i])
			NEED(gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_DNSNAME, dns[i],
				(unsigned)strlen(dns[i]), GNUTLS_FSAN_APPEND));
	if (f->ip && inet_pton(AF_INET, f->ip, ip) == 1)
		NEED(gnutls_x509_crt_set_subject_alt_name(
			c, GNUTLS_SAN_IPADDRESS, ip, 4, GNUTLS_FSAN_APPEND));
	else if (f->ip && inet_pton(AF_INET6, f->ip, ip) == 1)
		NEED(gnutls_x509_crt_set_subject_alt_name(
			c, GNUTLS_SAN_IPADDRESS, ip, 16, GNUTLS_FSAN_APPEND));
}

static void put_permitted(gnutls_x509_crt_t c, const char *domain)
{
	gnutls_datum_t name = { (unsigned char *)(uintptr_t)domain, (unsigned)strlen(domain) };
	gnutls_x509_name_constraints_t nc;

	NEED(gnutls_x509_name_constraints_init(&nc));
	NEED(gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &name));
	NEED(gnutls_x509_crt_set_name_constraints(c, nc, 1));
	gnutls_x509_name_constraints_deinit(nc);
}

/* RFC 7633: TLS features, of which one is status_request. */
static void put_must_staple(gnutls_x509_crt_t c)
{
	static const unsigned char features[] = { 0x30, 3, 2, 1, 5 };

	NEED(gnutls_x509_crt_set_extension_by_oid(
		c, "1.3.6.1.5.5.7.1.24", features, sizeof features, 0));
}

static void put_bulk(gnutls_x509_crt_t c, size_t len)
{
	unsigned char *octets = calloc(1, len);

	need(octets != NULL, "memory");
	NEED(gnutls_x509_crt_set_extension_by_oid(c, "1.3.6.1.4.1.99999.1", octets, len, 0));
	free(octets);
}

static gnutls_x509_privkey_t make_key(bool rsa)
{
	gnutls_x509_privkey_t key;

	NEED(gnutls_x509_privkey_init(&key));
	if (rsa)
		NEED(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048, 0));
	else
		NEED(gnutls_x509_privkey_generate(
			key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static void put_purpose(gnutls_x509_crt_t c, const struct identity_form *f)
{
	if (f->ca) {
		NEED(gnutls_x509_crt_set_basic_constraints(c, 1, f->path_len - 1));
		NEED(gnutls_x509_crt_set_key_usage(c, GNUTLS_KEY_KEY_CERT_SIGN));
		if (f->permitted)
			put_permitted(c, f->permitted);
		return;
	}
	NEED(gnutls_x509_crt_set_basic_constraints(c, 0, -1));
	NEED(gnutls_x509_crt_set_key_usage(
		c, GNUTLS_KEY_DIGITAL_SIGNATURE | (f->rsa ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0)));
	NEED(gnutls_x509_crt_set_key_purpose_oid(
		c, f->purpose ? f->purpose : GNUTLS_KP_TLS_WWW_SERVER, 0));
}

void identity_make(
	struct identity *id, const struct identity_form *f, const struct identity *issuer)
{
	static unsigned serial;
	const char *cn = f->cn ? f->cn : "test";
	const struct identity *by = issuer ? issuer : id;
	time_t now = time(NULL);
	unsigned char number[4] = { 1, (unsigned char)(serial >> 16), (unsigned char)(serial >> 8),
		(unsigned char)serial };

	serial++;
	id->key = make_key(f->rsa);
	NEED(gnutls_x509_crt_init(&id->cert));
	NEED(gnutls_x509_crt_set_version(id->cert, 3));
	NEED(gnutls_x509_crt_set_serial(id->cert, number, sizeof number));
	NEED(gnutls_x509_crt_set_activation_time(id->cert, f->from ? f->from : now - PEER_DAY));
	NEED(gnutls_x509_crt_set_expiration_time(
		id->cert, f->until ? f->until : now + 30 * PEER_DAY));
	NEED(gnutls_x509_crt_set_dn_by_oid(
		id->cert, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn)));
	NEED(gnutls_x509_crt_set_key(id->cert, id->key));
	put_names(id->cert, f);
	put_purpose(id->cert, f);
	if (f->must_staple)
		put_must_staple(id->cert);
	if (f->bulk)
		put_bulk(id->cert, f->bulk);
	NEED(gnutls_x509_crt_sign2(
		id->cert, by->cert, by->key, f->weak ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0));
}

void identity_free(struct identity *id)
{
	gnutls_x509_crt_deinit(id->cert);
	gnutls_x509_privkey_deinit(id->key);
}

void identity_pin(const struct identity *id, uint8_t pin[32])
{
	size_t size = 32;

	NEED(gnutls_x509_crt_get_key_id(id->cert, GNUTLS_KEYID_USE_SHA256, pin, &size));
}

void identity_write(const char *path, const struct identity *const *ids, size_t count)
{
	FILE *f = fopen(path, "w");

	need(f != NULL, path);
	for (size_t i = 0; i < count; i++) {
		gnutls_datum_t pem;

		NEED(gnutls_x509_crt_export2(ids[i]->cert, GNUTLS_X509_FMT_PEM, &pem));
		need(fwrite(pem.data, 1, pem.size, f) == pem.size, path);
		gnutls_free(pem.data);
	}
	need(fclose(f) == 0, path);
}

/* ------------------------------------------------------------------ the server */

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct peer *p = ptr;

	if (bytes_len(&p->in) == 0) {
		gnutls_transport_set_errno(p->session, EAGAIN);
		return -1;
	}
	if (len > bytes_len(&p->in))
		len = bytes_len(&p->in);
	memcpy(data, bytes_front(&p->in), len);
	bytes_consume(&p->in, len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct peer *p = ptr;

	(void)ms;
	return bytes_len(&p->in) > 0;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct peer *p = ptr;

	need(bytes_append(&p->out, data, len) == 0, "memory");
	return (ssize_t)len;
}

/* Certificate by certificate: set_x509_key() would put them in order and leave out what does not fit. */
static void set_chain(struct peer *p, const struct peer_form *f)
{
	gnutls_pcert_st certs[PEER_CHAIN_MAX];
	gnutls_x509_privkey_t other = f->foreign_key ? make_key(false) : NULL;
	gnutls_privkey_t key;
	int count = 0;

	for (; count < (int)PEER_CHAIN_MAX && f->chain[count]; count++)
		NEED(gnutls_pcert_import_x509(&certs[count], f->chain[count]->cert, 0));
	NEED(gnutls_privkey_init(&key));
	NEED(gnutls_privkey_import_x509(
		key, other ? other : f->chain[0]->key, GNUTLS_PRIVKEY_IMPORT_COPY));
	gnutls_certificate_set_flags(p->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	NEED(gnutls_certificate_set_key(p->credentials, NULL, 0, certs, count, key));
	if (other)
		gnutls_x509_privkey_deinit(other);
}

void peer_init(struct peer *p, const struct peer_form *f)
{
	*p = (struct peer){ 0 };
	NEED(gnutls_init(&p->session,
		GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_AUTO_SEND_TICKET |
			f->flags));
	NEED(gnutls_certificate_allocate_credentials(&p->credentials));
	if (f->chain[0])
		set_chain(p, f);
	NEED(gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, p->credentials));
	NEED(gnutls_priority_set_direct(p->session, f->priority ? f->priority : "NORMAL", NULL));
	if (f->ticket_key)
		NEED(gnutls_session_ticket_enable_server(p->session, f->ticket_key));
	if (f->alpn) {
		gnutls_datum_t alpn = { (unsigned char *)(uintptr_t)f->alpn,
			(unsigned)strlen(f->alpn) };

		NEED(gnutls_alpn_set_protocols(p->session, &alpn, 1, 0));
	}
	gnutls_transport_set_ptr(p->session, p);
	gnutls_transport_set_pull_function(p->session, pull);
	gnutls_transport_set_pull_timeout_function(p->session, pull_timeout);
	gnutls_transport_set_push_function(p->session, push);
	gnutls_handshake_set_timeout(p->session, 0);
}

void peer_deinit(struct peer *p)
{
	gnutls_deinit(p->session);
	gnutls_certificate_free_credentials(p->credentials);
	bytes_free(&p->in);
	bytes_free(&p->out);
}

void peer_handshake(struct peer *p)
{
	int err;

	if (p->ready || p->error)
		return;
	do
		err = gnutls_handshake(p->session);
	while (err < 0 && err != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(err));
	if (err == 0) {
		p->ready = true;
	} else if (err != GNUTLS_E_AGAIN) {
		p->error = err;
		gnutls_alert_send_appropriate(p->session, err);
	}
}

ssize_t peer_read(struct peer *p, void *data, size_t size)
{
	ssize_t n;

	/* A record that is no data ends a call, too. */
	do
		n = gnutls_record_recv(p->session, data, size);
	while (n == GNUTLS_E_AGAIN && bytes_len(&p->in) > 0);
	return n;
}

void peer_write(struct peer *p, const void *data, size_t len)
{
	NEED(gnutls_record_send(p->session, data, len));
}

void peer_send_ticket(struct peer *p)
{
	NEED(gnutls_session_ticket_send(p->session, 1, 0));
}
