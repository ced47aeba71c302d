/* stats: key=value, with the keys of unbound-control where unbound has the same figure. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

static void put(const char *key, uint64_t value)
{
	printf("%s=%" PRIu64 "\n", key, value);
}

/* What unbound calls so, too: exporters look for them. */
static void show_unbound(struct json_object *a, struct json_object *c)
{
	struct json_object *now = member(a, "now");
	struct timespec t;

	put("total.num.queries", member_number(c, "queries_udp") + member_number(c, "queries_tcp"));
	put("total.num.cachehits", member_number(c, "cache_hits"));
	put("total.num.cachemiss", member_number(c, "cache_misses"));
	put("total.num.prefetch", member_number(c, "cache_prefetches"));
	put("total.num.expired", member_number(c, "cache_stale"));
	put("total.num.recursivereplies", member_number(c, "upstream_answers"));
	put("total.requestlist.current.all", member_number(now, "queries_inflight"));
	put("total.requestlist.exceeded", member_number(c, "bound_queries"));
	put("total.tcpusage", member_number(now, "tcp_clients"));
	clock_gettime(CLOCK_REALTIME, &t);
	printf("time.now=%lld.%06ld\n", (long long)t.tv_sec, t.tv_nsec / 1000);
	printf("time.up=%.6f\n", member_decimal(a, "up_s"));
	put("num.query.tcp", member_number(c, "queries_tcp"));
	put("num.answer.rcode.SERVFAIL", member_number(c, "replies_servfail"));
	put("mem.cache.message", member_number(member(a, "cache"), "octets"));
	put("msg.cache.count", member_number(member(a, "cache"), "entries"));
}

/* All numbers of an object, as prefix.name=value. */
static void show_all(const char *prefix, struct json_object *of)
{
	if (!json_object_is_type(of, json_type_object))
		return;
	json_object_object_foreach(of, key, value) {
		put_clean(prefix);
		printf(".%s=%" PRIu64 "\n", key, json_object_get_uint64(value));
	}
}

static void show_upstreams(struct json_object *a)
{
	struct json_object *list = member(a, "upstreams");
	char prefix[300];

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *u = json_object_array_get_idx(list, i);
		const char *name = member_text(u, "name"), *zone = member_text(u, "zone");

		snprintf(prefix, sizeof prefix, "%s%.80s%supstream.%.150s", zone ? "zone." : "",
			zone ? zone : "", zone ? "." : "", name ? name : "");
		show_all(prefix, member(u, "counters"));
	}
}

static void show_lists(struct json_object *a)
{
	struct json_object *list = member(a, "block");

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *b = json_object_array_get_idx(list, i);
		const char *name = member_text(b, "list");

		printf("block.");
		put_clean(name ? name : "");
		printf("=%" PRIu64 "\n", member_number(b, "replies"));
	}
}

void ctl_show_stats(struct json_object *answer)
{
	struct json_object *counters = member(answer, "counters");

	show_unbound(answer, counters);
	show_all("count", counters);
	show_all("cache", member(answer, "cache"));
	show_all("now", member(answer, "now"));
	put("udp_drops", member_number(answer, "udp_drops"));
	put("long_turns", member_number(answer, "long_turns"));
	put("log_dropped", member_number(answer, "log_dropped"));
	put("bound_control", member_number(answer, "bound_control"));
	put("bound_figures", member_number(answer, "bound_figures"));
	put("bound_mailbox", member_number(answer, "bound_mailbox"));
	put("bound_network_targets", member_number(answer, "bound_network_targets"));
	show_lists(answer);
	show_upstreams(answer);
}
