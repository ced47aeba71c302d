#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "proxy/ctl/commands_local.h"
#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

static void show_flushed(struct json_object *answer)
{
	uint64_t count = member_number(answer, "flushed");

	printf("%" PRIu64 " answer%s taken out of the cache\n", count,
		count == 1 ? " was" : "s were");
}

static void show_log_line(struct json_object *answer)
{
	static const char *const keys[] = { "time", "level", "text" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *text = member_text(answer, keys[i]);

		put_clean(text ? text : "");
		putchar(i < 2 ? ' ' : '\n');
	}
}

static void show_zones(struct json_object *answer)
{
	struct json_object *zones = member(answer, "zones");

	for (size_t i = 0; i < list_length(zones); i++) {
		struct json_object *z = json_object_array_get_idx(zones, i);
		struct json_object *forward = member(z, "forward");
		const char *interface = member_text(z, "interface");

		put_column(member_text(z, "name"), 30);
		for (size_t k = 0; k < list_length(forward); k++) {
			put_clean(k > 0 ? ", " : "");
			put_clean(json_object_get_string(json_object_array_get_idx(forward, k)));
		}
		if (interface && *interface) {
			put_clean(" through ");
			put_clean(interface);
		}
		puts(member_true(z, "added") ? ", added" : "");
	}
}

/* clang-format off */
const struct ctl_command ctl_commands[] = {
	{ .name = "status", .arguments = "",
		.summary = "tell in one screen how dnsfwd is, and what is amiss",
		.help = "Exit code 4: it runs, and is not healthy.\n",
		.show = ctl_show_status, .judge = ctl_judge_status },
	{ .name = "stats", .arguments = "",
		.summary = "print all figures, a line each",
		.help = "The names are close to those of \"unbound-control stats\"; they stay.\n",
		.show = ctl_show_stats },
	{ .name = "upstreams", .arguments = "",
		.summary = "tell all that is known of each upstream and its addresses",
		.help = "State, response time, sessions, TLS, handshakes, limits learnt, certificate, padding and\n"
			"cookies, and the last failure with the stage that it came to.\n",
		.show = ctl_show_upstreams },
	{ .name = "query", .arguments = "NAME [TYPE]",
		.summary = "ask for a name as a client would, and tell where the answer is from",
		.help = "TYPE is A where none is given.  It needs the rights to change things, as it tells what is\n"
			"in the cache.\n",
		.show = ctl_show_query },
	{ .name = "explain", .arguments = "NAME [TYPE]",
		.summary = "the same, and tell step by step how the answer came about",
		.help = "Which rule, zone or cache entry applied; which upstream was asked and why not the others;\n"
			"connection, padding, cookie; time in each stage; Extended DNS Errors.\n",
		.show = ctl_show_explain },
	{ .name = "top", .arguments = "[--once] [-d SECONDS]",
		.summary = "watch queries, cache and upstreams; q quits",
		.help = "  --once      print one view, of what happens within the delay, and end\n"
			"  -d SECONDS  the delay between readings, 1 where nothing is said\n",
		.local = ctl_top },
	{ .name = "flush", .arguments = "NAME | --zone NAME | --all",
		.summary = "take answers out of the cache",
		.help = "  NAME         those for this name, of every type\n"
			"  --zone NAME  those for this name and all below it\n"
			"  --all        all\n",
		.show = show_flushed },
	{ .name = "log", .arguments = "--recent",
		.summary = "print the last 1,000 lines of the log, debug lines too, whatever its level",
		.help = "They are kept in memory alone, and have no names that clients ask for unless\n"
			"log-queries is on.\n",
		.show = show_log_line },
	{ .name = "log-level", .arguments = "error|warning|info|debug",
		.summary = "log less or more, until dnsfwd ends or reloads",
		.help = "" },
	{ .name = "reload", .arguments = "",
		.summary = "read the configuration again, as SIGHUP does",
		.help = "If it is bad, the old one stays, and what is wrong is told.\n" },
	{ .name = "audit", .arguments = "[OPTION]... [UPSTREAM]...",
		.summary = "measure what resolvers really do, and grade them",
		.help = ctl_audit_help, .local = ctl_audit },
	{ .name = "zone", .arguments = "add NAME UPSTREAM... [--interface IF] | del NAME | list",
		.summary = "have the names of a zone asked for elsewhere, for scripts of VPNs",
		.help = "  add   as a zone of the configuration (udp://10.1.0.1 is DNS in clear); one of the same\n"
			"        name is replaced, the file's too. It lasts until it is taken out, its interface goes,\n"
			"        or dnsfwd ends\n"
			"  del   takes one out that was added\n"
			"  list  all that are in force\n",
		.show = show_zones },
	{ .name = "portal",
		.arguments = "[DURATION [--resolver IP] [--probe URL | --no-probe] [--force] [NAME]... | off]",
		.summary = "log in to the network of a hotel: let its names alone go in clear for a while",
		.help = "Without arguments: tell what is open. DURATION is 1m to 1h; the names are those of the\n"
			"probes, that which the network leads them to, those given, and what is an alias of them.\n"
			"It ends as soon as an upstream can be reached, on another network, or with the time.\n"
			"  --resolver IP  whom to ask, where it is not the gateway of this network\n"
			"  --probe URL    to find where the network leads to, instead of the usual ones; plain http\n"
			"  --no-probe     ask no probe: the given names alone\n"
			"  --force        although an upstream answers\n"
			"  off            end it now\n",
		.local = ctl_portal },
	{ .name = "setup", .arguments = "[OPTION]...",
		.summary = "point this system at dnsfwd, and back",
		.help = ctl_setup_help, .local = ctl_setup },
	{ 0 },
};
/* clang-format on */
