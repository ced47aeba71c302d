/*
 * Where names stand in the RDATA of the types that may hold compressed ones (RFC 3597 4).
 * The RDATA of every other type is opaque and holds no pointers.
 */
#ifndef COMMON_DNS_RDATA_H
#define COMMON_DNS_RDATA_H

#include <stdint.h>

#include "common/dns/wire.h"

/* In this order: octets, character-strings, names, octets. */
struct rdata_layout {
	uint8_t head;
	uint8_t strings;
	uint8_t names; /* 0: opaque */
	uint8_t tail;  /* exactly, or RDATA_TAIL_ANY */
};

#define RDATA_TAIL_ANY	       0xffu
#define RDATA_TYPES_WITH_NAMES 36u /* all of them are below */

extern const struct rdata_layout rdata_layouts[RDATA_TYPES_WITH_NAMES];

/* NULL: opaque. */
static inline const struct rdata_layout *rdata_layout(uint16_t type)
{
	if (type >= RDATA_TYPES_WITH_NAMES || !rdata_layouts[type].names)
		return NULL;
	return &rdata_layouts[type];
}

/* Moves from the start of RDATA to its first name. */
void rdata_skip_head(struct wire_reader *r, const struct rdata_layout *layout);

#endif
