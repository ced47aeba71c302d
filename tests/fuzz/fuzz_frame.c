/* A stream of frames: any split of it gives the same messages, and nothing is read beyond it. */
#include "common/dns/frame.h"

#include "common/dns/wire.h"
#include "tests/fuzz/fuzz.h"

/* As long as an octet lacks, it is MORE and says how much the frame takes. */
static void check_short(const uint8_t *data, size_t used)
{
	size_t at[] = { 0, 1, 2, used / 2, used - 1 };

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		const uint8_t *msg = NULL;
		size_t len = 0, need = 0;

		must(frame_next(data, at[i], &msg, &len, &need) == FRAME_MORE);
		must(need == (at[i] < FRAME_PREFIX ? FRAME_PREFIX : used));
		must(!msg && !len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t pos = 0;

	for (;;) {
		const uint8_t *msg = NULL;
		size_t len = 0, used = 0;
		enum frame_state state = frame_next(data + pos, size - pos, &msg, &len, &used);

		if (state == FRAME_BAD) {
			must(size - pos >= FRAME_PREFIX);
			must(wire_get16(data + pos) < DNS_HEADER_LEN);
			return 0;
		}
		if (state == FRAME_MORE) {
			must(used > size - pos && used <= FRAME_MAX);
			return 0;
		}
		must(msg == data + pos + FRAME_PREFIX);
		must(len >= DNS_HEADER_LEN && used == len + FRAME_PREFIX && used <= size - pos);
		check_short(data + pos, used);
		pos += used;
	}
}
