/* flush [NAME | --zone NAME | --all]: answers leave the cache. */
#include <string.h>

#include "common/base/log.h"
#include "common/cache/cache.h"
#include "common/dns/name.h"
#include "proxy/ops/control_commands.h"

/* False: the call has failed. */
static bool read_filter(struct control_call *c, uint8_t name[DNS_NAME_MAX], struct cache_filter *ret)
{
	const char *first = control_word(c, 0), *second = control_word(c, 1);
	bool zone = strcmp(first, "--zone") == 0;

	*ret = (struct cache_filter){ .below = zone };
	if (zone != (second != NULL) || (*first == '-' && !zone && strcmp(first, "--all") != 0)) {
		control_fail(c, "usage: flush NAME | --zone NAME | --all");
		return false;
	}
	if (strcmp(first, "--all") == 0)
		return true;
	if (name_from_text(zone ? second : first, name) == 0) {
		control_fail(c, "%.80s: this is no domain name", zone ? second : first);
		return false;
	}
	ret->name = name;
	return true;
}

/* Names are private: the log says that something was flushed, not what. */
void control_flush(struct control_call *c)
{
	struct control_context *k = control_context(c);
	uint8_t name[DNS_NAME_MAX];
	struct cache_filter filter;
	size_t count;

	if (!read_filter(c, name, &filter))
		return;
	if (!k->cache) {
		control_fail(c, "there is no cache (cache-size = 0)");
		return;
	}
	count = cache_flush(k->cache, &filter);
	log_info("control: %zu answers were taken out of the cache, by uid %lu", count,
		(unsigned long)control_uid(c));
	json_object(control_json(c), NULL);
	json_number(control_json(c), "flushed", count);
	json_end_object(control_json(c));
	control_end(c);
}
