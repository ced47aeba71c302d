/* upstreams: a paragraph for each, and for each of its addresses. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

/* "label text" on a line of its own. */
static void begin(const char *label)
{
	printf("      %s%-13s%s", ink(INK_DIM), label, ink(INK_NONE));
}

static void show_session(struct json_object *a)
{
	const char *cipher = member_text(a, "cipher");
	char text[TEXT_MAX];

	if (!member_is(a, "protocol"))
		return;
	begin("session");
	put_clean(or_nothing(member_text(a, "protocol")));
	put_clean(cipher ? " " : "");
	put_clean(or_nothing(cipher));
	printf(", %s%s",
		!cipher				   ? "not encrypted"
		: member_true(a, "authenticated") ? "authenticated"
						   : "not authenticated",
		member_number(a, "sessions") > 1 ? "" : ",");
	if (member_number(a, "sessions") > 1)
		printf(", %" PRIu64 " of them, the oldest", member_number(a, "sessions"));
	printf(" %s old", text_duration(member_decimal(a, "age_s"), text));
	if (member_number(a, "inflight") > 0)
		printf(", %" PRIu64 " queries under way", member_number(a, "inflight"));
	putchar('\n');
}

static void show_handshakes(struct json_object *a)
{
	char text[TEXT_MAX];

	if (!member_is(a, "handshake_ms"))
		return;
	begin("handshakes");
	printf("%" PRIu64 " full, %" PRIu64 " resumed; the last took %s\n",
		member_number(a, "handshakes_full"), member_number(a, "handshakes_resumed"),
		text_duration(member_decimal(a, "handshake_ms") / 1e3, text));
}

static void show_certificate(struct json_object *a)
{
	time_t until = (time_t)member_number(a, "certificate_expires");
	char date[40], left[TEXT_MAX];
	struct tm tm;
	double s = difftime(until, time(NULL));

	if (!member_is(a, "certificate_expires"))
		return;
	gmtime_r(&until, &tm);
	strftime(date, sizeof date, "%Y-%m-%d", &tm);
	begin("certificate");
	if (s < 0)
		printf("%sexpired on %s%s\n", ink(INK_BAD), date, ink(INK_NONE));
	else
		printf("until %s, %s%s%s left\n", date, s < 14 * 86400 ? ink(INK_WARN) : "",
			text_duration(s, left), s < 14 * 86400 ? ink(INK_NONE) : "");
}

static void show_answers(struct json_object *a)
{
	uint64_t answers = member_number(a, "answers"), padded = member_number(a, "answers_padded");
	char text[TEXT_MAX];

	if (answers == 0)
		return;
	begin("answers");
	printf("%s", text_count(answers, text));
	if (padded == 0)
		printf(", none padded");
	else
		printf(", %.0f %% padded", 100.0 * (double)padded / (double)answers);
	if (member_is(a, "padding_block"))
		printf(" to multiples of %" PRIu64 " octets", member_number(a, "padding_block"));
	if (member_is(a, "cookies"))
		printf("; cookies: %s", or_nothing(member_text(a, "cookies")));
	putchar('\n');
}

static void show_failure(struct json_object *a)
{
	struct json_object *f = member(a, "last_failure");
	char text[TEXT_MAX];

	if (!f)
		return;
	begin("last failure");
	printf("%s ago, ", text_duration(member_decimal(f, "ago_s"), text));
	put_clean(or_nothing(member_text(f, "stage")));
	printf(": ");
	put_clean(or_nothing(member_text(f, "reason")));
	printf(" (%" PRIu64 " in all)\n", member_number(a, "failures"));
}

static void show_address(struct json_object *a)
{
	const char *way = member_text(a, "way");
	char rtt[TEXT_MAX];

	printf("    ");
	put_clean(or_nothing(member_text(a, "address")));
	if (way)
		printf(" (%s)", way);
	printf(": %s", or_nothing(member_text(a, "state")));
	if (member_is(a, "rtt_ms"))
		printf(", answers in %s", text_duration(member_decimal(a, "rtt_ms") / 1e3, rtt));
	putchar('\n');
	show_session(a);
	show_handshakes(a);
	show_certificate(a);
	show_answers(a);
	show_failure(a);
}

static void show_learnt(struct json_object *u)
{
	struct json_object *l = member(u, "learnt");
	char text[TEXT_MAX];

	if (member_is(l, "answers_per_connection"))
		printf("    it closes a connection after %" PRIu64 " answers\n",
			member_number(l, "answers_per_connection"));
	if (member_is(l, "idle_limit_s"))
		printf("    it closes a connection that was idle for %s\n",
			text_duration(member_decimal(l, "idle_limit_s"), text));
	if (member_is(l, "datagrams_let_alone_s"))
		printf("    its datagrams do not get through; they are tried again in %s\n",
			text_duration(member_decimal(l, "datagrams_let_alone_s"), text));
}

static void show_reason(struct json_object *u)
{
	char text[TEXT_MAX];

	if (!member_is(u, "reason"))
		return;
	printf("    ");
	put_clean(or_nothing(member_text(u, "reason")));
	if (member_is(u, "down_s"))
		printf("; for %s", text_duration(member_decimal(u, "down_s"), text));
	if (member_is(u, "next_try_s"))
		printf("; tried again in %s", text_duration(member_decimal(u, "next_try_s"), text));
	putchar('\n');
}

static void show_upstream(struct json_object *u)
{
	const char *state = or_nothing(member_text(u, "state")), *zone = member_text(u, "zone");
	bool bad = strcmp(state, "down") == 0;

	printf("  %s", ink(INK_BOLD));
	put_clean(or_nothing(member_text(u, "name")));
	printf("%s: %s%s%s, %s", ink(INK_NONE), bad ? ink(INK_BAD) : "", state,
		bad ? ink(INK_NONE) : "", or_nothing(member_text(u, "transport")));
	if (member_is(u, "profile"))
		printf(", %s", or_nothing(member_text(u, "profile")));
	if (member_is(u, "auth_name")) {
		printf(", name ");
		put_clean(or_nothing(member_text(u, "auth_name")));
	}
	if (member_number(u, "pins") > 0)
		printf(", %" PRIu64 " pins", member_number(u, "pins"));
	if (zone) {
		printf(", zone ");
		put_clean(zone);
	}
	putchar('\n');
	show_reason(u);
	show_learnt(u);
}

void ctl_show_upstreams(struct json_object *answer)
{
	struct json_object *list = member(answer, "upstreams");

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *u = json_object_array_get_idx(list, i);
		struct json_object *addresses = member(u, "addresses");

		show_upstream(u);
		for (size_t k = 0; k < list_length(addresses); k++)
			show_address(json_object_array_get_idx(addresses, k));
	}
}
