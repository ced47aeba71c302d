/* In place of portal_keeper.c, control_portal.c, portal_json.c and resolve/portal.c in a build without captive portals. */
#include "common/base/json.h"
#include "proxy/ops/control_commands.h"
#include "proxy/ops/portal_json.h"
#include "proxy/portal_keeper.h"

/* There is one, which does nothing: NULL would mean that there is no memory. */
struct portal_keeper {
	char nothing;
};

struct portal_keeper *portal_keeper_new(const struct portal_keeper_setup *setup)
{
	static struct portal_keeper none;

	(void)setup;
	return &none;
}

void portal_keeper_free(struct portal_keeper *k)
{
	(void)k;
}

void portal_init(struct portal *p, uint32_t (*boottime_s)(void *arg), void *clock_arg)
{
	(void)p;
	(void)boottime_s;
	(void)clock_arg;
}

void portal_deinit(struct portal *p)
{
	(void)p;
}

void portal_hold(struct portal *p, bool held)
{
	(void)p;
	(void)held;
}

bool portal_has(struct portal *p, unsigned number, const uint8_t *name, size_t len)
{
	(void)p;
	(void)number;
	(void)name;
	(void)len;
	return false;
}

void portal_learn(struct portal *p, unsigned number, const struct dns_message *answer)
{
	(void)p;
	(void)number;
	(void)answer;
}

void portal_close(struct portal *p, enum portal_end why, const char *by)
{
	(void)p;
	(void)why;
	(void)by;
}

void portal_look(struct portal *p, struct portal_look *ret)
{
	(void)p;
	ret->open = false;
	ret->count = 0;
}

void portal_write(struct json *j, const char *key, struct portal *p)
{
	(void)p;
	json_null(j, key);
}

void control_portal(struct control_call *c)
{
	control_fail(c, "this dnsfwd was built without captive portals (make PORTAL=1)");
}
