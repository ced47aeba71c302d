/*
 * The figures as Prometheus metrics (ecosystem's names: base units, _total counters, one histogram for
 * each stage).  No label holds a client's address or a name that was asked for.
 */
#ifndef PROXY_OPS_METRICS_TEXT_H
#define PROXY_OPS_METRICS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/ops/exposition.h"

struct figures;

/* Of the program and its libraries. */
struct metrics_versions {
	const char *dnsfwd, *gnutls, *libevent, *cares;
};

/* What the figures do not hold. */
struct metrics_more {
	struct metrics_versions versions;
	bool healthy;
	uint64_t http_waits; /* bound hit: HTTP clients */
	double started_s;    /* on the wall clock */
	double cpu_s;
	uint64_t rss; /* octets; 0: not known */
};

void metrics_text(struct exposition *e, const struct figures *f, const struct metrics_more *more);

/* Of metrics_text: the part that has a sample for each upstream. */
void metrics_text_upstreams(struct exposition *e, const struct figures *f);

#endif
