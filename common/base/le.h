/* Numbers from octets, the least significant first, wherever they stand. */
#ifndef COMMON_BASE_LE_H
#define COMMON_BASE_LE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t le_read64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return le64toh(x);
}

static inline uint32_t le_read32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return le32toh(x);
}

/* Fewer than 8 octets, as if zeros followed.  Without a loop: octets in the middle are read twice. */
static inline uint64_t le_read_few(const uint8_t *p, size_t len)
{
	if (len >= 4)
		return le_read32(p) | (uint64_t)le_read32(p + len - 4) << 8 * (len - 4);
	if (len == 0)
		return 0;
	return p[0] | (uint64_t)p[len / 2] << 8 * (len / 2) | (uint64_t)p[len - 1] << 8 * (len - 1);
}

#endif
