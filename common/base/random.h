/*
 * Unpredictable numbers (message ids, hash keys, jitter).  The source is a function, so that tests
 * can bring their own; the daemon's is the kernel's.  Buffered: one call to the source gives many
 * ids.
 */
#ifndef COMMON_BASE_RANDOM_H
#define COMMON_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct random_source {
	void (*fill)(
		void *arg, void *buf, size_t len); /* cannot fail: whoever brings it sees to that */
	void *arg;
	size_t left; /* unused octets at the end of buf */
	uint8_t buf[512];
};

static inline void random_bytes(struct random_source *r, void *out, size_t len)
{
	if (len > sizeof r->buf) {
		r->fill(r->arg, out, len);
		return;
	}
	if (r->left < len) {
		r->fill(r->arg, r->buf, sizeof r->buf);
		r->left = sizeof r->buf;
	}
	memcpy(out, r->buf + sizeof r->buf - r->left, len);
	memset(r->buf + sizeof r->buf - r->left, 0, len); /* given out once */
	r->left -= len;
}

static inline uint16_t random16(void *source)
{
	uint16_t v;

	random_bytes(source, &v, sizeof v);
	return v;
}

static inline uint32_t random32(struct random_source *r)
{
	uint32_t v;

	random_bytes(r, &v, sizeof v);
	return v;
}

#endif
