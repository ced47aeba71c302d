/*
 * How the program is, in one word and a few sentences, and all figures: as JSON for the control
 * socket and whoever else shows them.  Pure: figures come in.
 */
#ifndef PROXY_OPS_STATUS_H
#define PROXY_OPS_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"

struct figures;
struct json;
struct portal;
struct surroundings;

#define STATUS_REASONS_MAX 32u
#define STATUS_REASON_MAX  400u

enum status_state {
	STATUS_HEALTHY = 0,
	STATUS_STARTING, /* nobody has answered yet, nothing has failed */
	STATUS_DEGRADED, /* queries are answered, not as they are meant to be */
	STATUS_DOWN,	 /* no upstream of `forward` answers */
};

struct status {
	enum status_state state;
	/* What is amiss and what happens next; a sentence each. */
	char reason[STATUS_REASONS_MAX][STATUS_REASON_MAX];
	size_t count;
	size_t dropped; /* beyond STATUS_REASONS_MAX */
};

void status_judge(const struct figures *f, const struct surroundings *s, struct status *ret);
/* Adds a portal that is open, with its names: only for those who may use the control socket. */
void status_judge_portal(struct status *s, struct portal *p);
const char *status_text(enum status_state s);

/* "up", "idle" (a session is opened with the next query), "connecting", "down", ... of one upstream. */
const char *status_upstream_text(const struct figures *f, size_t upstream);
/* The name of the zone that it belongs to; NULL: `forward`. */
const char *status_zone_of(const struct figures *f, size_t upstream);

const char *status_transport_text(enum config_transport t);
/* NULL: in clear. */
const char *status_profile_text(const struct config_upstream *u);

/* One object each. */
void status_write(struct json *j, const struct figures *f, const struct surroundings *s);
/* control_refused: connections of the control socket that the bound has refused. */
void status_write_stats(struct json *j, const struct figures *f, const struct surroundings *around,
	uint64_t control_refused);
void status_write_upstreams(struct json *j, const struct figures *f);

#endif
