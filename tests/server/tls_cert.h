/*
 * What the server shows of itself: certificates, key, OCSP response, sent as the files have them.  The
 * library's own loader sorts and cuts a chain and keeps a bad response back; a test wants just those sent.
 */
#ifndef TESTS_SERVER_TLS_CERT_H
#define TESTS_SERVER_TLS_CERT_H

#include "common/base/list.h"

struct gnutls_certificate_credentials_st;

struct tls_cert {
	struct list node;
	struct gnutls_certificate_credentials_st *credentials;
	struct staple *staple; /* NULL: none */
};

/*
 * Chain and key are PEM files, staple is an OCSP response in DER or NULL.  NULL with a message on stderr.
 */
struct tls_cert *tls_cert_load(const char *chain, const char *key, const char *staple);
void tls_cert_free(struct tls_cert *c);

#endif
