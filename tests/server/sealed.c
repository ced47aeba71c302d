#include "tests/server/sealed.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "common/dns/wire.h"

enum {
	HEADER = 5,
	NONCE = 12,
	TAG = 16,
	IMPLICIT = 4,
	SEQUENCE = 8,
	AAD_MAX = 13,
	APPLICATION_DATA = 23
};

/* What one record is sealed with. */
struct seal {
	gnutls_datum_t iv, key; /* the session's */
	uint8_t sequence[SEQUENCE];
	uint8_t nonce[NONCE];
	uint8_t aad[AAD_MAX];
	size_t aad_len;
	size_t explicit_len; /* octets of the nonce that stand in the record */
};

static bool is_tls13(gnutls_session_t session)
{
	return gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
}

/* RFC 8446 5.3, and RFC 7905 2 for ChaCha20 in TLS 1.2; a short iv is RFC 5288 3: salt and sequence. */
static void make_nonce(struct seal *s)
{
	memset(s->nonce, 0, NONCE);
	memcpy(s->nonce, s->iv.data, s->iv.size < NONCE ? IMPLICIT : NONCE);
	s->explicit_len = s->iv.size < NONCE ? SEQUENCE : 0;
	for (size_t i = 0; i < SEQUENCE; i++)
		s->nonce[IMPLICIT + i] ^= s->sequence[i];
}

static void put_header(uint8_t *p, uint8_t type, size_t len)
{
	p[0] = type;
	wire_put16(p + 1, 0x0303);
	wire_put16(p + 3, (uint16_t)len);
}

/* RFC 8446 5.2: the header as it is sent; RFC 5246 6.2.3.3: sequence, type, version, plain length. */
static void make_aad(struct seal *s, bool tls13, uint8_t type, size_t len)
{
	if (tls13) {
		put_header(s->aad, APPLICATION_DATA, len + 1 + TAG);
		s->aad_len = HEADER;
		return;
	}
	memcpy(s->aad, s->sequence, SEQUENCE);
	put_header(s->aad + SEQUENCE, type, len);
	s->aad_len = SEQUENCE + HEADER;
}

static size_t encrypt(const struct seal *s, gnutls_cipher_algorithm_t cipher, const uint8_t *data,
	size_t len, uint8_t *ret)
{
	gnutls_aead_cipher_hd_t handle;
	size_t sealed = len + TAG;
	int code = gnutls_aead_cipher_init(&handle, cipher, &s->key);

	if (code < 0)
		return 0;
	code = gnutls_aead_cipher_encrypt(
		handle, s->nonce, NONCE, s->aad, s->aad_len, TAG, data, len, ret, &sealed);
	gnutls_aead_cipher_deinit(handle);
	return code < 0 ? 0 : sealed;
}

static void advance(gnutls_session_t session, const uint8_t *sequence)
{
	uint8_t next[SEQUENCE];

	memcpy(next, sequence, SEQUENCE);
	for (size_t i = SEQUENCE; i-- && !++next[i];)
		;
	gnutls_record_set_state(session, 0, next);
}

bool sealed_record(
	gnutls_session_t session, struct buf *out, uint8_t type, const uint8_t *data, size_t len)
{
	struct seal s;
	bool tls13 = is_tls13(session);
	uint8_t inner[SEALED_MAX + 1];
	uint8_t *p = buf_reserve(out, HEADER + SEQUENCE + sizeof(inner) + TAG);
	size_t n;

	if (len > SEALED_MAX ||
		gnutls_record_get_state(session, 0, NULL, &s.iv, &s.key, s.sequence) < 0)
		return false;
	make_nonce(&s);
	make_aad(&s, tls13, type, len);
	if (len)
		memcpy(inner, data, len);
	inner[len] = type; /* TLSInnerPlaintext, without padding */
	n = encrypt(
		&s, gnutls_cipher_get(session), inner, len + tls13, p + HEADER + s.explicit_len);
	if (!n)
		return false;
	memcpy(p + HEADER, s.sequence, s.explicit_len);
	put_header(p, tls13 ? APPLICATION_DATA : type, s.explicit_len + n);
	buf_commit(out, HEADER + s.explicit_len + n);
	advance(session, s.sequence);
	return true;
}
