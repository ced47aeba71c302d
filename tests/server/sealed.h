/*
 * A record of any content type with any octets in it, sealed with a session's own keys: what no
 * library would send, and what the peer has to open all the same.
 */
#ifndef TESTS_SERVER_SEALED_H
#define TESTS_SERVER_SEALED_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/buf.h"

enum { SEALED_MAX = 16384 };

/*
 * Appends it to `out`, which is where the session pushes its own records to, and takes its sequence
 * number.  For AEAD ciphers after the handshake; false: nothing was written.
 */
bool sealed_record(
	gnutls_session_t session, struct buf *out, uint8_t type, const uint8_t *data, size_t len);

#endif
