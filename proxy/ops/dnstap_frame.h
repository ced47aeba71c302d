/*
 * One message as dnstap has it: a Dnstap with its Message, in protocol buffers (proto2).  The schema is
 * that of dnstap.info; of it, the fields that a forwarder can fill in.  Pure: bytes and time come in.
 *
 * Written by hand: it takes three of the encoding's rules (varint, 32 bits, octets with their length).
 */
#ifndef PROXY_OPS_DNSTAP_FRAME_H
#define PROXY_OPS_DNSTAP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/tap.h"

/* Beside the message itself. */
#define DNSTAP_FRAME_EXTRA 256u

struct dnstap_form {
	const char *version;   /* "dnsfwd 0.1.0" */
	bool client_addresses; /* whole, with port; else the network alone: /24, /48 */
	struct timespec now;   /* CLOCK_REALTIME */
};

/* Into room for m->len + DNSTAP_FRAME_EXTRA octets; returns its length. */
size_t dnstap_frame(const struct tap_message *m, const struct dnstap_form *f, uint8_t *out);

#endif
