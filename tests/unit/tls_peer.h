/*
 * The other end for tests of TLS, in memory: certificates made on the spot, and a GnuTLS server whose
 * octets the test moves.  What can't fail in a test ends the program.
 */
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/bytes.h"

#define PEER_CHAIN_MAX 20u
#define PEER_DAY       86400

/* ------------------------------------------------------------------ certificates */

struct identity {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

/* What is NULL or 0 is left out, or as it usually is. */
struct identity_form {
	const char *cn, *dns, *dns2, *ip; /* ip as text */
	const char *purpose;		  /* an OID; NULL: serverAuth for a leaf */
	time_t from, until;		  /* NULL: yesterday, in a month */
	bool ca;
	bool rsa;
	bool weak; /* signed with SHA-1 */
	bool must_staple;
	size_t bulk;	       /* octets of an extension that nobody knows */
	int path_len;	       /* of a CA; 0: any, n: n - 1 */
	const char *permitted; /* of a CA: the only domain it may name */
};

/* issuer NULL: self-signed. */
void identity_make(
	struct identity *id, const struct identity_form *form, const struct identity *issuer);
void identity_free(struct identity *id);
void identity_pin(const struct identity *id, uint8_t pin[32]);
/* Makes a file of them in PEM. */
void identity_write(const char *path, const struct identity *const *ids, size_t count);

/* ------------------------------------------------------------------ the server */

struct peer_form {
	const char *priority;			      /* NULL: NORMAL */
	const struct identity *chain[PEER_CHAIN_MAX]; /* the leaf first; up to the first NULL */
	const gnutls_datum_t *ticket_key;	      /* NULL: no tickets */
	const char *alpn;			      /* what it knows; NULL: ignores ALPN */
	bool foreign_key;			      /* signs with a key that is not the leaf's */
	unsigned flags;				      /* more of them, for gnutls_init */
};

struct peer {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct bytes in, out; /* what the client sent, what is to go to the client */
	bool ready;
	int error; /* of the handshake; 0: none yet */
};

void peer_init(struct peer *p, const struct peer_form *form);
void peer_deinit(struct peer *p);

/* As far as it comes with what is in `in`. */
void peer_handshake(struct peer *p);

/* Reads what the client has sent; the number of octets, or an error of GnuTLS. */
ssize_t peer_read(struct peer *p, void *data, size_t size);

/* Puts one record into `out`. */
void peer_write(struct peer *p, const void *data, size_t len);

/* Puts a ticket into `out`, after the handshake (TLS 1.3). */
void peer_send_ticket(struct peer *p);

#endif
