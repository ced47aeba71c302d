/* One client of the control socket; for control.c and control_call.c alone. */
#ifndef PROXY_OPS_CONTROL_INTERNAL_H
#define PROXY_OPS_CONTROL_INTERNAL_H

#include "common/base/bytes.h"
#include "common/base/list.h"
#include "proxy/ops/control.h"
#include "proxy/ops/control_line.h"
#include "proxy/ops/control_path.h"

struct event;

struct control {
	struct control_setup setup;
	struct control_path path;
	struct event *readable; /* somebody connects */
	struct event *again;	/* after a pause: no descriptor was left */
	struct list calls;	/* the oldest first */
	unsigned count, lookers;
	uint64_t refused;
};

/*
 *   state    event                        next
 *   READING  a line, the end of the input RUNNING
 *   READING  bad line, time over          WRITING
 *   RUNNING  control_end, control_fail    WRITING
 *   RUNNING  time over                    WRITING, gone()
 *   any      all written after the end,   freed; gone() where it was RUNNING
 *            write error, nothing taken
 */
enum call_state { CALL_READING = 0, CALL_RUNNING, CALL_WRITING };

struct control_call {
	struct list node;
	struct control *control;
	enum call_state state;
	int fd;
	uid_t uid;
	bool may_change;
	bool streams; /* a line was sent, more come */
	struct event *readable, *writable;
	struct event *limit; /* of time, of the state */
	struct event *end;   /* frees it from the loop, never under a command */
	size_t read;	     /* octets of the request */
	char input[CONTROL_LINE_MAX + 2];
	struct control_line line;
	struct json json;
	struct bytes output;
	void (*gone)(void *arg);
	void *gone_arg;
};

/* Takes the descriptor.  NULL: no memory; it is closed then. */
struct control_call *control_call_new(struct control *c, int fd, uid_t uid, bool may_change);
/* gone() is called where a command runs. */
void control_call_free(struct control_call *c);

#endif
