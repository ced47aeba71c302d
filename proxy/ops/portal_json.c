#include "proxy/ops/portal_json.h"

#include "common/base/json.h"
#include "proxy/resolve/portal.h"

static const char *end_text(enum portal_end e)
{
	static const char *const texts[] = { [PORTAL_OFF] = "off",
		[PORTAL_TIME] = "time",
		[PORTAL_ANSWERED] = "upstream",
		[PORTAL_NETWORK] = "network" };

	return e == PORTAL_NEVER ? NULL : texts[e];
}

void portal_write(struct json *j, const char *key, struct portal *p)
{
	static struct portal_look l; /* main's thread alone */

	portal_look(p, &l);
	json_object(j, key);
	json_bool(j, "open", l.open);
	json_number(j, "left_s", l.left_s);
	json_text(j, "resolver", l.number ? l.resolver : NULL);
	json_array(j, "names");
	for (size_t i = 0; i < l.count; i++)
		json_text(j, NULL, l.name[i]);
	json_end_array(j);
	json_text(j, "ended_by", end_text(l.end));
	json_text(j, "upstream", l.by[0] ? l.by : NULL);
	json_end_object(j);
}
