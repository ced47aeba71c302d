/*
 * The server side of TLS.  GnuTLS never sees a socket: it reads from one queue of octets and writes
 * to another, so whoever owns the socket can cut, hold or spoil what is sent at any octet.
 */
#ifndef TESTS_SERVER_TLS_H
#define TESTS_SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct gnutls_session_int;
struct tls_server;
struct tls;

/* Certificate (chain) and key are PEM files.  NULL with a message on stderr. */
struct tls_server *tls_server_new(const char *cert, const char *key, const char *priority);
void tls_server_free(struct tls_server *s);
/* Another certificate for handshakes to come, staple an OCSP response or NULL; false leaves the old one. */
bool tls_server_load(struct tls_server *s, const char *cert, const char *key, const char *staple);
/* Another ticket key: no ticket given so far is accepted from now on. */
void tls_server_rotate(struct tls_server *s);
void tls_server_tickets(struct tls_server *s, bool on);
/* The key that tickets are made with, in hex: servers with the same one take each other's.  False: unfit. */
bool tls_server_ticket_key(struct tls_server *s, const char *hex);
/* Seconds that tickets given from now on are good for. */
void tls_server_ticket_life(struct tls_server *s, unsigned seconds);

/* The priority of DTLS, where it is not the usual one; false: unfit, with a message on stderr. */
bool tls_server_dtls_priority(struct tls_server *s, const char *priority);
/* Gives a session certificate, priority and tickets; 0 or the library's error. */
int tls_server_equip(struct tls_server *s, struct gnutls_session_int *session, bool datagrams);

/* A connection; in and out are borrowed. */
struct tls *tls_new(struct tls_server *s, struct buf *in, struct buf *out);
void tls_free(struct tls *t);

enum tls_result { TLS_DONE, TLS_MORE, TLS_EOF, TLS_FAILED };

enum tls_result tls_handshake(struct tls *t);
/* One record at most: give room for 16,384 octets.  *ret_len is set with TLS_DONE. */
enum tls_result tls_read(struct tls *t, void *data, size_t size, size_t *ret_len);
/* Returns the number of records written. */
unsigned tls_write(struct tls *t, const void *data, size_t len);
void tls_close_notify(struct tls *t);
void tls_fatal_alert(struct tls *t);
/* ask: the peer is to update its keys, too. */
bool tls_key_update(struct tls *t, bool ask);
bool tls_send_tickets(struct tls *t, unsigned n);
/* A record of any content type; false: this session's TLS can't. */
bool tls_record(struct tls *t, uint8_t type, const uint8_t *data, size_t len);

/* Valid after the handshake. */
struct tls_facts {
	bool tls13, resumed, alpn_dot;
	char name[256]; /* the server name asked for; "" if none */
};
void tls_facts(struct tls *t, struct tls_facts *ret);
void tls_session_facts(struct gnutls_session_int *session, struct tls_facts *ret);
/* What went wrong last, with the alert if one was received. */
const char *tls_error(const struct tls *t);
bool tls_got_alert(const struct tls *t);
/* How many alerts came since the last call that ended nothing. */
unsigned tls_take_warnings(struct tls *t);

#endif
