/* In place of control_log.c in a build without the flight recorder. */
#include "proxy/ops/control_commands.h"

void control_log(struct control_call *c)
{
	control_fail(c, "this dnsfwd was built without the flight recorder (make RECORDER=1)");
}
