/* The commands of the control socket: a row for each. */
#ifndef PROXY_OPS_CONTROL_COMMANDS_H
#define PROXY_OPS_CONTROL_COMMANDS_H

#include "proxy/ops/control.h"

/* Ended by a row without name. */
extern const struct control_command control_commands[];

/* In files of their own. */
void control_status(struct control_call *c);
void control_log(struct control_call *c);
void control_stats(struct control_call *c);
void control_upstreams(struct control_call *c);
void control_explain(struct control_call *c);
void control_flush(struct control_call *c);
void control_zone(struct control_call *c);
void control_portal(struct control_call *c);

#endif
