/*
 * What is known of the machine around us: its clock and its network.  Kept on main's thread by whoever
 * watches them, read there by status.  A zeroed one knows nothing.
 */
#ifndef PROXY_OPS_SURROUNDINGS_H
#define PROXY_OPS_SURROUNDINGS_H

#include <stdbool.h>
#include <stdint.h>

struct portal;

struct surroundings {
	struct {
		bool known;
		bool believed;	/* dates of certificates are judged by it */
		char note[200]; /* a sentence where it is not: why, and what is used instead */
	} clock;
	struct {
		bool known;
		uint64_t epoch;	   /* networks since the start, this one included */
		uint64_t since_us; /* CLOCK_BOOTTIME: when it began */
		bool route;	   /* some upstream can be reached */
		char interface[16], source[80], gateway[80]; /* of that route; "": none */
		char note
			[200]; /* a sentence where something is amiss: what, and what happens next */
		uint64_t bound_targets; /* bound hit: addresses whose routes are not watched */
	} network;
	struct portal *portal; /* captive portals; NULL: unknown */
	uint64_t suspends;     /* the machine was asleep so often */
	uint64_t resumed_us;   /* CLOCK_BOOTTIME of the last time; 0: never */
};

#endif
