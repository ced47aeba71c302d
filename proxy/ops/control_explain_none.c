/* In place of control_explain.c in a build without it. */
#include "proxy/ops/control_commands.h"

void control_explain(struct control_call *c)
{
	control_fail(c, "this dnsfwd was built without explain and query (make EXPLAIN=1)");
}
