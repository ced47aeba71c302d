#include "proxy/upstream/tls_facts.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/verify_chain.h"

/* What others wrote goes to a terminal. */
static void clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void read_name(gnutls_x509_crt_t cert,
	int (*get)(gnutls_x509_crt_t cert, char *out, size_t *size), char out[TLS_FACTS_SUBJECT])
{
	char whole[1024] = "";
	size_t size = sizeof whole;

	if (get(cert, whole, &size) < 0)
		snprintf(whole, sizeof whole, "?");
	clean(whole);
	snprintf(out, TLS_FACTS_SUBJECT, "%.*s", (int)TLS_FACTS_SUBJECT - 1, whole);
}

static void read_key(gnutls_x509_crt_t cert, char *out, size_t size)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(cert, &bits);
	const char *name =
		algorithm < 0 ? NULL : gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm);

	snprintf(out, size, "%s %u", name ? name : "?", bits);
}

static void add_name(char names[TLS_FACTS_NAMES], const char *name)
{
	size_t len = strlen(names);

	if (len + strlen(name) + 6 > TLS_FACTS_NAMES) {
		if (len < 4 || strcmp(names + len - 4, " ...") != 0)
			snprintf(names + len, TLS_FACTS_NAMES - len, " ...");
		return;
	}
	snprintf(names + len, TLS_FACTS_NAMES - len, "%s%s", len ? " " : "", name);
}

/* DNS names and addresses; what else a certificate may name is no server of DNS. */
static void read_names(gnutls_x509_crt_t cert, char names[TLS_FACTS_NAMES])
{
	for (unsigned i = 0; i < 1000; i++) {
		char value[256], text[INET6_ADDRSTRLEN];
		size_t size = sizeof value;
		int kind = gnutls_x509_crt_get_subject_alt_name(cert, i, value, &size, NULL);

		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		if (kind == GNUTLS_SAN_DNSNAME && size < sizeof value) {
			value[size] = '\0';
			clean(value);
			add_name(names, value);
		} else if (kind == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16)) {
			inet_ntop(size == 4 ? AF_INET : AF_INET6, value, text, sizeof text);
			add_name(names, text);
		}
	}
}

static void read_certificate(gnutls_x509_crt_t cert, bool leaf, struct tls_certificate *ret)
{
	read_name(cert, gnutls_x509_crt_get_dn, ret->subject);
	read_name(cert, gnutls_x509_crt_get_issuer_dn, ret->issuer);
	read_key(cert, ret->key, sizeof ret->key);
	pin_text(cert, ret->pin);
	ret->not_before = gnutls_x509_crt_get_activation_time(cert);
	ret->not_after = gnutls_x509_crt_get_expiration_time(cert);
	if (leaf)
		read_names(cert, ret->names);
}

static void read_chain(gnutls_session_t session, struct tls_facts *ret)
{
	struct chain chain;
	char reason[TRANSPORT_TEXT_MAX];

	if (chain_init(&chain, session, reason, sizeof reason)) {
		ret->sent = chain.count;
		for (unsigned i = 0; i < chain.count && i < TLS_FACTS_CERTS; i++)
			read_certificate(chain.certs[i], i == 0, &ret->cert[i]);
	}
	chain_deinit(&chain);
}

void tls_facts_read(const struct tls_engine *e, struct tls_facts *ret)
{
	gnutls_datum_t alpn;

	*ret = (struct tls_facts){ .protocol = tls_engine_protocol(e),
		.cipher = tls_engine_cipher(e),
		.group = gnutls_group_get_name(gnutls_group_get(e->session)) };
	if (gnutls_alpn_get_selected_protocol(e->session, &alpn) == 0) {
		snprintf(ret->alpn, sizeof ret->alpn, "%.*s", (int)alpn.size,
			(const char *)alpn.data);
		clean(ret->alpn);
	}
	if (!e->resumed)
		read_chain(e->session, ret);
}
