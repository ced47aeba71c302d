#include "common/dns/frame.h"

#include "common/dns/wire.h"

enum frame_state frame_next(
	const uint8_t *data, size_t len, const uint8_t **ret_msg, size_t *ret_len, size_t *ret_used)
{
	size_t msg_len;

	if (len < FRAME_PREFIX) {
		*ret_used = FRAME_PREFIX;
		return FRAME_MORE;
	}
	msg_len = wire_get16(data);
	if (msg_len < DNS_HEADER_LEN)
		return FRAME_BAD;
	*ret_used = FRAME_PREFIX + msg_len;
	if (len < *ret_used)
		return FRAME_MORE;
	*ret_msg = data + FRAME_PREFIX;
	*ret_len = msg_len;
	return FRAME_MESSAGE;
}
