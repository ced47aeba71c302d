/*
 * Which records of a datagram may reach the library (RFC 6347 4.1, 4.2).  Anyone may send datagrams in
 * our server's name, and GnuTLS is not made to hear all of them: half a record stays in its buffer and
 * eats the next one, an alert in clear ends its session, and what a fragment claims is allocated.
 * So it gets whole records of the epochs and types that can be the server's, one at a time, and
 * fragments of the handshake only if they agree with what was said before (threats A67).
 *
 * Knows no TLS library, and cannot tell a forgery from the server's word while that is in clear.
 */
#ifndef PROXY_UPSTREAM_DTLS_FILTER_H
#define PROXY_UPSTREAM_DTLS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTLS_RECORD_HEADER 13u	  /* type, version, epoch, sequence number, length */
#define DTLS_RECORD_MAX	   16384u /* what follows it, at most; a datagram's bound is lower yet */
#define DTLS_MESSAGE_MAX   49152u /* a handshake message, at most, as over TLS */
#define DTLS_MESSAGES	   16u	  /* in the handshake of a server, at most */
#define DTLS_CCS_MAX	   64u	  /* ChangeCipherSpec in clear, repetitions included */

struct dtls_filter {
	bool established; /* set by the caller: nothing in clear is taken any more */
	/* Private. */
	struct {
		bool known;
		uint8_t type;
		uint32_t len;
	} message[DTLS_MESSAGES]; /* by message_seq, of the handshake in clear */
	unsigned ccs;
};

enum dtls_record {
	DTLS_RECORD_FEED,  /* to the library, these octets alone */
	DTLS_RECORD_DROP,  /* forged, damaged, late, or of no use */
	DTLS_RECORD_ALERT, /* a fatal alert that proves nothing; *ret_alert is what it says */
};

/*
 * Judges the record at the front of len > 0 octets; *ret_used of them (> 0) are dealt with.  What
 * does not hold together ends the datagram: all the rest is used.
 */
enum dtls_record dtls_filter_next(struct dtls_filter *f, const uint8_t *data, size_t len,
	size_t *ret_used, uint8_t *ret_alert);

#endif
