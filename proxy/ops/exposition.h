/*
 * Prometheus text exposition, version 0.0.4, written into memory of its own, bounded: what does not fit,
 * or gets no memory, makes the whole text void.  Values of labels come out escaped, and as valid UTF-8
 * whatever octets they hold.
 */
#ifndef PROXY_OPS_EXPOSITION_H
#define PROXY_OPS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/histogram.h"

#define EXPOSITION_MAX	      (4u * 1024u * 1024u)
#define EXPOSITION_LABELS_MAX 2048u

struct exposition {
	struct bytes text; /* owned */
	const char *name;  /* of the family that is being written */
	bool failed;
};

void exposition_init(struct exposition *e);
void exposition_free(struct exposition *e);

/* Begins a family; its samples follow.  type: "counter", "gauge", "histogram".  name is borrowed. */
void exposition_family(struct exposition *e, const char *name, const char *type, const char *help);

/* labels: as exposition_label makes them; NULL or "": none. */
void exposition_count(struct exposition *e, const char *labels, uint64_t value);
void exposition_decimal(struct exposition *e, const char *labels, double value);
/* Microseconds, as seconds; a bucket for each power of two. */
void exposition_histogram(struct exposition *e, const char *labels, const struct histogram *h);

/* Appends name="value" to labels, if it fits; the value is cut at 800 octets.  Returns labels. */
const char *exposition_label(
	char labels[EXPOSITION_LABELS_MAX], const char *name, const char *value);

/* What was written, not terminated; NULL after a failure. */
const char *exposition_get(const struct exposition *e, size_t *ret_len);

#endif
