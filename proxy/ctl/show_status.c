/* status: one screen. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

#define NAME_WIDTH  30u
#define NAME_MAX_LEN 200u
#define STATE_WIDTH 11
#define RTT_WIDTH   10

static enum ink ink_of(const char *state)
{
	if (strcmp(state, "healthy") == 0 || strcmp(state, "up") == 0)
		return INK_GOOD;
	if (strcmp(state, "down") == 0)
		return INK_BAD;
	if (strcmp(state, "idle") == 0 || strcmp(state, "starting") == 0)
		return INK_NONE;
	return INK_WARN;
}

static void show_head(struct json_object *a)
{
	const char *state = or_nothing(member_text(a, "state"));
	char up[TEXT_MAX];

	printf("dnsfwd %s is %s%s%s: up for %s, pid %" PRIu64 "\n",
		or_nothing(member_text(a, "version")), ink(ink_of(state)), state, ink(INK_NONE),
		text_duration(member_decimal(a, "up_s"), up), member_number(a, "pid"));
}

static void show_reasons(struct json_object *a)
{
	struct json_object *reasons = member(a, "reasons");

	for (size_t i = 0; i < list_length(reasons); i++) {
		printf("  %s!%s ", ink(INK_BAD), ink(INK_NONE));
		put_clean(json_object_get_string(json_object_array_get_idx(reasons, i)));
		putchar('\n');
	}
}

/* How it is spoken to, and to whom. */
static void show_session(struct json_object *u)
{
	const char *cipher = member_text(u, "cipher");

	if (!member_text(u, "protocol")) {
		printf("%s, no session now", or_nothing(member_text(u, "transport")));
	} else {
		put_clean(member_text(u, "protocol"));
		if (cipher) {
			putchar(' ');
			put_clean(cipher);
		}
		printf(" to ");
		put_clean(or_nothing(member_text(u, "address")));
	}
	if (!member_true(u, "encrypted"))
		printf(", %snot encrypted%s", ink(INK_WARN), ink(INK_NONE));
	else if (member_true(u, "authenticated"))
		printf(", authenticated");
	else if (member_is(u, "authenticated"))
		printf(", %snot authenticated%s", ink(INK_WARN), ink(INK_NONE));
}

static const char *full_name(struct json_object *u, char name[NAME_MAX_LEN])
{
	const char *zone = member_text(u, "zone");

	if (zone)
		snprintf(name, NAME_MAX_LEN, "%.80s (zone %.80s)",
			or_nothing(member_text(u, "name")), zone);
	else
		snprintf(name, NAME_MAX_LEN, "%.150s", or_nothing(member_text(u, "name")));
	return name;
}

/* So wide that the longest name leaves two spaces. */
static size_t name_width(struct json_object *list)
{
	char name[NAME_MAX_LEN];
	size_t width = NAME_WIDTH;

	for (size_t i = 0; i < list_length(list); i++) {
		size_t len = strlen(full_name(json_object_array_get_idx(list, i), name));

		width = len + 2 > width ? len + 2 : width;
	}
	return width;
}

static void show_upstream(struct json_object *u, size_t width)
{
	const char *state = or_nothing(member_text(u, "state"));
	char name[NAME_MAX_LEN], rtt[TEXT_MAX] = "-";

	if (member_is(u, "rtt_ms"))
		text_duration(member_decimal(u, "rtt_ms") / 1e3, rtt);
	printf("  ");
	put_column(full_name(u, name), width);
	printf("%s", ink(ink_of(state)));
	put_column(state, STATE_WIDTH);
	printf("%s", ink(INK_NONE));
	put_column(rtt, RTT_WIDTH);
	show_session(u);
	putchar('\n');
}

static void show_upstreams(struct json_object *a)
{
	struct json_object *list = member(a, "upstreams");
	size_t width = name_width(list);

	printf("\n%s  %-*s%-*s%-*sconnection%s\n", ink(INK_DIM), (int)width, "upstream", STATE_WIDTH,
		"state", RTT_WIDTH, "answers", ink(INK_NONE));
	for (size_t i = 0; i < list_length(list); i++)
		show_upstream(json_object_array_get_idx(list, i), width);
	putchar('\n');
}

static void show_queries(struct json_object *a)
{
	struct json_object *q = member(a, "queries");
	char received[TEXT_MAX], failed[TEXT_MAX], blocked[TEXT_MAX];

	printf("  queries  %s so far, %" PRIu64 " under way, %s failed, %s blocked\n",
		text_count(member_number(q, "received"), received), member_number(q, "inflight"),
		text_count(member_number(q, "servfail"), failed),
		text_count(member_number(q, "blocked"), blocked));
}

static void show_cache(struct json_object *a)
{
	struct json_object *c = member(a, "cache");
	uint64_t hits = member_number(c, "hits"), all = hits + member_number(c, "misses");
	char entries[TEXT_MAX], used[TEXT_MAX], size[TEXT_MAX], stale[TEXT_MAX];

	if (!c) {
		puts("  cache    none");
		return;
	}
	printf("  cache    %s answers, %s of %s; it knew %.0f %% of what was asked, %s old ones given\n",
		text_count(member_number(c, "entries"), entries),
		text_octets(member_number(c, "octets"), used),
		text_octets(member_number(c, "size"), size),
		all > 0 ? 100.0 * (double)hits / (double)all : 0.0,
		text_count(member_number(c, "stale"), stale));
}

static void show_clock(struct json_object *a)
{
	struct json_object *c = member(a, "clock");

	if (!c)
		return;
	printf("  clock    %s", member_true(c, "believed") ? "believed" : "not believed");
	if (member_is(c, "note")) {
		printf(": ");
		put_clean(or_nothing(member_text(c, "note")));
	}
	putchar('\n');
}

static void show_network(struct json_object *a)
{
	struct json_object *n = member(a, "network");
	char since[TEXT_MAX];

	if (!n)
		return;
	if (member_is(n, "interface")) {
		printf("  network  %s", or_nothing(member_text(n, "interface")));
		if (member_is(n, "source"))
			printf(", %s", or_nothing(member_text(n, "source")));
		if (member_is(n, "gateway"))
			printf(" via %s", or_nothing(member_text(n, "gateway")));
	} else {
		printf("  network  %s", member_true(n, "route") ? "there" : "none");
	}
	printf(", for %s\n", text_duration(member_decimal(n, "since_s"), since));
}

void ctl_show_status(struct json_object *answer)
{
	show_head(answer);
	show_reasons(answer);
	show_upstreams(answer);
	show_queries(answer);
	show_cache(answer);
	show_clock(answer);
	show_network(answer);
}

int ctl_judge_status(struct json_object *answer)
{
	return member_true(answer, "healthy") ? CTL_OK : CTL_UNHEALTHY;
}
