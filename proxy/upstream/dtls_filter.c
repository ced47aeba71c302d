#include "proxy/upstream/dtls_filter.h"

#include "common/dns/wire.h"

/* RFC 6347 4.1, RFC 5246 6.2.1. */
enum content { CONTENT_CCS = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_DATA = 23 };

#define VERSION_1_0  0xfeffu /* also of a HelloVerifyRequest (RFC 6347 4.2.1) */
#define VERSION_1_2  0xfefdu
#define ALERT_OCTETS 2u
#define ALERT_FATAL  2u

#define HANDSHAKE_HEADER     12u /* type, length, message_seq, offset, length of the fragment */
#define HELLO_VERIFY_REQUEST 3u
#define HELLO_VERIFY_MAX     258u /* version, a cookie of 255 octets and its length */

static uint32_t get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/*
 * A HelloVerifyRequest may come more than once, and under the number of the ServerHello behind it: it is
 * remembered by nobody, so it has to be whole.
 */
static bool is_good_verify_request(uint32_t len, uint32_t offset, uint32_t part)
{
	return offset == 0 && part == len && len <= HELLO_VERIFY_MAX;
}

/* One part of a message agrees with the others of its number. */
static bool is_known(struct dtls_filter *f, unsigned seq, uint8_t type, uint32_t len)
{
	if (seq >= DTLS_MESSAGES)
		return false;
	if (f->message[seq].known)
		return f->message[seq].type == type && f->message[seq].len == len;
	f->message[seq].known = true;
	f->message[seq].type = type;
	f->message[seq].len = len;
	return true;
}

static bool is_good_fragment(struct dtls_filter *f, const uint8_t *header, size_t left)
{
	uint32_t len = get24(header + 1), offset = get24(header + 6), part = get24(header + 9);

	if (part > left || offset > len || part > len - offset || len > DTLS_MESSAGE_MAX)
		return false;
	if (part == 0 && len > 0)
		return false;
	if (header[0] == HELLO_VERIFY_REQUEST)
		return is_good_verify_request(len, offset, part);
	return is_known(f, wire_get16(header + 4), header[0], len);
}

/* All that a record in clear has of handshake messages. */
static bool is_good_handshake(struct dtls_filter *f, const uint8_t *body, size_t len)
{
	size_t at = 0;

	while (at < len) {
		if (len - at < HANDSHAKE_HEADER ||
			!is_good_fragment(f, body + at, len - at - HANDSHAKE_HEADER))
			return false;
		at += HANDSHAKE_HEADER + get24(body + at + 9);
	}
	return len > 0;
}

static bool is_fatal_alert(const uint8_t *body, size_t len)
{
	return len == ALERT_OCTETS && body[0] == ALERT_FATAL;
}

static enum dtls_record judge_clear(
	struct dtls_filter *f, uint8_t type, const uint8_t *body, size_t len, uint8_t *ret_alert)
{
	if (type == CONTENT_ALERT && is_fatal_alert(body, len)) {
		*ret_alert = body[1];
		return DTLS_RECORD_ALERT;
	}
	if (f->established)
		return DTLS_RECORD_DROP;
	if (type == CONTENT_CCS && len == 1 && body[0] == 1 && f->ccs < DTLS_CCS_MAX) {
		f->ccs++;
		return DTLS_RECORD_FEED;
	}
	if (type == CONTENT_HANDSHAKE && is_good_handshake(f, body, len))
		return DTLS_RECORD_FEED;
	return DTLS_RECORD_DROP;
}

/*
 * Under the keys of the handshake: the library says whether it is genuine.  Two octets are no sealed
 * record; a server that has lost its keys may well answer with our epoch.
 */
static enum dtls_record judge_sealed(
	uint8_t type, const uint8_t *body, size_t len, uint8_t *ret_alert)
{
	if (type == CONTENT_ALERT && is_fatal_alert(body, len)) {
		*ret_alert = body[1];
		return DTLS_RECORD_ALERT;
	}
	return type == CONTENT_ALERT || type == CONTENT_HANDSHAKE || type == CONTENT_DATA
		       ? DTLS_RECORD_FEED
		       : DTLS_RECORD_DROP;
}

enum dtls_record dtls_filter_next(struct dtls_filter *f, const uint8_t *data, size_t len,
	size_t *ret_used, uint8_t *ret_alert)
{
	const uint8_t *body = data + DTLS_RECORD_HEADER;
	unsigned version, epoch;
	size_t body_len;

	*ret_used = len;
	if (len < DTLS_RECORD_HEADER)
		return DTLS_RECORD_DROP;
	version = wire_get16(data + 1);
	epoch = wire_get16(data + 3);
	body_len = wire_get16(data + 11);
	if ((version != VERSION_1_2 && version != VERSION_1_0) || body_len == 0 ||
		body_len > DTLS_RECORD_MAX || body_len > len - DTLS_RECORD_HEADER)
		return DTLS_RECORD_DROP;
	*ret_used = DTLS_RECORD_HEADER + body_len;
	if (epoch == 0)
		return judge_clear(f, data[0], body, body_len, ret_alert);
	if (epoch == 1 && version == VERSION_1_2)
		return judge_sealed(data[0], body, body_len, ret_alert);
	return DTLS_RECORD_DROP;
}
