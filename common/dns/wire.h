/*
 * Bounded reading and writing of DNS wire format (big-endian).
 *
 * A reader or writer that is asked for more than there is becomes "bad" and stays so: every later
 * call then does nothing (reads give 0 or NULL).  So a caller makes its calls in a row and tests
 * `bad` once.  Neither allocates; the bytes belong to the caller and must outlive the struct.
 */
#ifndef COMMON_DNS_WIRE_H
#define COMMON_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DNS_HEADER_LEN	12u
#define DNS_MESSAGE_MAX 65535u

struct wire_reader {
	const uint8_t *data;
	size_t len;
	size_t pos; /* never beyond len */
	bool bad;
};

struct wire_writer {
	uint8_t *data;
	size_t cap;
	size_t pos; /* never beyond cap */
	bool bad;
};

static inline uint16_t wire_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	wire_put16(p, (uint16_t)(v >> 16));
	wire_put16(p + 2, (uint16_t)v);
}

static inline struct wire_reader wire_reader(const void *data, size_t len)
{
	return (struct wire_reader){ .data = data, .len = len };
}

static inline size_t wire_left(const struct wire_reader *r)
{
	return r->bad ? 0 : r->len - r->pos;
}

/* The next n bytes, or NULL. */
static inline const uint8_t *wire_read(struct wire_reader *r, size_t n)
{
	const uint8_t *p;

	if (r->bad || r->len - r->pos < n) {
		r->bad = true;
		return NULL;
	}
	p = r->data + r->pos;
	r->pos += n;
	return p;
}

static inline uint8_t wire_read8(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 1);

	return p ? *p : 0;
}

static inline uint16_t wire_read16(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 2);

	return p ? wire_get16(p) : 0;
}

static inline uint32_t wire_read32(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 4);

	return p ? wire_get32(p) : 0;
}

static inline struct wire_writer wire_writer(void *data, size_t cap)
{
	return (struct wire_writer){ .data = data, .cap = cap };
}

static inline size_t wire_room(const struct wire_writer *w)
{
	return w->bad ? 0 : w->cap - w->pos;
}

/* Room for n bytes, to be filled by the caller, or NULL. */
static inline uint8_t *wire_reserve(struct wire_writer *w, size_t n)
{
	uint8_t *p;

	if (w->bad || w->cap - w->pos < n) {
		w->bad = true;
		return NULL;
	}
	p = w->data + w->pos;
	w->pos += n;
	return p;
}

static inline void wire_write(struct wire_writer *w, const void *bytes, size_t n)
{
	uint8_t *p = wire_reserve(w, n);

	if (p && n)
		memcpy(p, bytes, n);
}

static inline void wire_zero(struct wire_writer *w, size_t n)
{
	uint8_t *p = wire_reserve(w, n);

	if (p && n)
		memset(p, 0, n);
}

static inline void wire_write8(struct wire_writer *w, uint8_t v)
{
	uint8_t *p = wire_reserve(w, 1);

	if (p)
		*p = v;
}

static inline void wire_write16(struct wire_writer *w, uint16_t v)
{
	uint8_t *p = wire_reserve(w, 2);

	if (p)
		wire_put16(p, v);
}

static inline void wire_write32(struct wire_writer *w, uint32_t v)
{
	uint8_t *p = wire_reserve(w, 4);

	if (p)
		wire_put32(p, v);
}

#endif
