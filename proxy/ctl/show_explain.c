/* query and explain: the answer, and how it came about. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

static const char *ms(struct json_object *o, const char *key, char text[TEXT_MAX])
{
	return text_duration(member_decimal(o, key) / 1e3, text);
}

/* ------------------------------------------------------------------ the answer */

static void show_records(struct json_object *reply, const char *section)
{
	struct json_object *list = member(reply, section);

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *r = json_object_array_get_idx(list, i);

		put_column(or_nothing(member_text(r, "name")), 32);
		printf("%7" PRIu64 "  ", member_number(r, "ttl"));
		put_column(or_nothing(member_text(r, "type")), 8);
		put_clean(or_nothing(member_text(r, "data")));
		putchar('\n');
	}
}

static void show_errors(struct json_object *reply)
{
	struct json_object *list = member(reply, "ede");

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *e = json_object_array_get_idx(list, i);

		printf("  %s!%s EDE %" PRIu64 " (", ink(INK_WARN), ink(INK_NONE),
			member_number(e, "code"));
		put_clean(or_nothing(member_text(e, "meaning")));
		printf(")");
		if (*or_nothing(member_text(e, "text"))) {
			printf(": ");
			put_clean(member_text(e, "text"));
		}
		putchar('\n');
	}
}

static void show_flags(struct json_object *reply)
{
	struct json_object *list = member(reply, "flags");

	for (size_t i = 0; i < list_length(list); i++)
		printf(" %s", or_nothing(json_object_get_string(
				     json_object_array_get_idx(list, i))));
}

static bool has_flag(struct json_object *reply, const char *flag)
{
	struct json_object *list = member(reply, "flags");

	for (size_t i = 0; i < list_length(list); i++)
		if (strcmp(or_nothing(json_object_get_string(json_object_array_get_idx(list, i))),
			    flag) == 0)
			return true;
	return false;
}

static void show_reply(struct json_object *a)
{
	struct json_object *reply = member(a, "reply");

	if (!reply) {
		printf("  no reply\n");
		return;
	}
	show_records(reply, "answer");
	if (list_length(member(reply, "answer")) == 0) {
		put_clean(or_nothing(member_text(a, "name")));
		printf(" %s: %s, no answer\n", or_nothing(member_text(a, "type")),
			or_nothing(member_text(reply, "rcode")));
		show_records(reply, "authority");
	}
}

/* ------------------------------------------------------------------ in a few lines: query */

static struct json_object *last_event(struct json_object *a, const char *kind)
{
	struct json_object *list = member(a, "events"), *found = NULL;

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *e = json_object_array_get_idx(list, i);

		if (strcmp(or_nothing(member_text(e, "event")), kind) == 0)
			found = e;
	}
	return found;
}

static void show_connection(struct json_object *e)
{
	put_clean(or_nothing(member_text(e, "upstream")));
	printf(" (%s", or_nothing(member_text(e, "protocol")));
	if (member_is(e, "cipher"))
		printf(" %s", or_nothing(member_text(e, "cipher")));
	if (!member_true(e, "encrypted"))
		printf(", %snot encrypted%s", ink(INK_WARN), ink(INK_NONE));
	else
		printf(", %sauthenticated", member_true(e, "authenticated") ? "" : "not ");
	printf("%s)", member_true(e, "resumed") ? ", resumed" : "");
}

static void show_cached(struct json_object *c)
{
	char age[TEXT_MAX], ttl[TEXT_MAX];

	printf(", %s old of %s, hits so far: %" PRIu64,
		text_duration(member_decimal(c, "age_s"), age),
		text_duration(member_decimal(c, "ttl_s"), ttl), member_number(c, "hits"));
}

static bool from_cache(struct json_object *a)
{
	return strncmp(or_nothing(member_text(a, "source")), "cache", 5) == 0;
}

static bool is_from(struct json_object *a, const char *source)
{
	return strcmp(or_nothing(member_text(a, "source")), source) == 0;
}

/* What became of the last sending to it; NULL: none came back. */
static const char *end_of_sending(struct json_object *a, const char *upstream)
{
	struct json_object *list = member(a, "events");
	const char *why = NULL;

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *e = json_object_array_get_idx(list, i);

		if (member_text(e, "why") && strcmp(or_nothing(member_text(e, "upstream")), upstream) == 0)
			why = member_text(e, "why");
	}
	return why;
}

/* Who has failed, and why. */
static void show_failure(struct json_object *a)
{
	struct json_object *list = member(a, "upstreams");

	printf("dnsfwd itself, as no upstream has answered%s", list_length(list) > 0 ? "" : " in time");
	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *u = json_object_array_get_idx(list, i);
		const char *name = or_nothing(member_text(u, "name")), *end = end_of_sending(a, name);

		printf(i == 0 ? ": " : "; ");
		put_clean(name);
		printf(" (");
		put_clean(or_nothing(member_text(u, "why")));
		printf("%s", end ? ", " : "");
		put_clean(or_nothing(end));
		printf(")");
	}
}

static void show_source(struct json_object *a)
{
	struct json_object *sent = last_event(a, "answered");
	const char *list = member_text(a, "list"), *zone = member_text(a, "zone");
	const char *rcode = or_nothing(member_text(member(a, "reply"), "rcode"));

	if (is_from(a, "failure"))
		show_failure(a);
	else
		printf("%s", or_nothing(member_text(a, "source")));
	if (sent && is_from(a, "upstream")) {
		putchar(' ');
		show_connection(sent);
		if (strcmp(rcode, or_nothing(member_text(sent, "rcode"))) == 0 &&
			strcmp(rcode, "NOERROR") != 0 && strcmp(rcode, "NXDOMAIN") != 0)
			printf(", which says %s", rcode);
	}
	if (from_cache(a) && member_is(member(a, "cache"), "age_s"))
		show_cached(member(a, "cache"));
	if (list) {
		putchar(' ');
		put_clean(list);
	}
	if (zone) {
		printf(", zone ");
		put_clean(zone);
	}
	putchar('\n');
}

void ctl_show_query(struct json_object *answer)
{
	struct json_object *reply = member(answer, "reply");
	char took[TEXT_MAX];

	show_reply(answer);
	show_errors(reply);
	printf("  from  ");
	show_source(answer);
	printf("  took  %s%s\n", ms(member(answer, "stages"), "total_ms", took),
		has_flag(reply, "ad") ? "; the upstream has validated it (AD)" : "");
}

/* ------------------------------------------------------------------ in full: explain */

static void show_cache(struct json_object *a)
{
	struct json_object *c = member(a, "cache");
	const char *state = or_nothing(member_text(c, "state"));

	if (!from_cache(a) && !is_from(a, "upstream") && !is_from(a, "failure"))
		return; /* it was not looked at */
	printf("  cache     ");
	if (!c)
		printf("none for this");
	else
		printf("%s", strcmp(state, "unknown") == 0 ? "has no answer" : state);
	if (member_is(c, "age_s"))
		show_cached(c);
	if (member_true(c, "asked_without_ad") && !from_cache(a))
		printf("; it was asked for without AD, so it is asked for once more");
	putchar('\n');
}

static void show_rivals(struct json_object *a)
{
	struct json_object *list = member(a, "upstreams");

	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *u = json_object_array_get_idx(list, i);

		printf("  %s %s", i == 0 ? "upstreams" : "         ",
			member_true(u, "chosen") ? ink(INK_GOOD) : "");
		put_clean(or_nothing(member_text(u, "name")));
		printf("%s: ", member_true(u, "chosen") ? ink(INK_NONE) : "");
		put_clean(or_nothing(member_text(u, "why")));
		putchar('\n');
	}
}

static void show_message(struct json_object *e)
{
	char age[TEXT_MAX];

	printf("%" PRIu64 " octets, %" PRIu64 " before padding; cookie: %s",
		member_number(e, "octets"), member_number(e, "octets_unpadded"),
		or_nothing(member_text(e, "cookie")));
	if (member_is(e, "rcode")) {
		printf("; %s", or_nothing(member_text(e, "rcode")));
		return;
	}
	printf("\n%16sto ", "");
	show_connection(e);
	printf(" at %s, a session %s old", or_nothing(member_text(e, "address")),
		ms(e, "session_age_ms", age));
}

static void show_event(struct json_object *e)
{
	const char *why = member_text(e, "why");

	printf("  %9.3f ms  %-9s ", member_decimal(e, "at_ms"), or_nothing(member_text(e, "event")));
	if (member_is(e, "octets"))
		show_message(e);
	else if (member_is(e, "upstream"))
		put_clean(or_nothing(member_text(e, "upstream")));
	if (why) {
		printf("%s", member_is(e, "upstream") ? ": " : "");
		put_clean(why);
	}
	putchar('\n');
}

static void show_events(struct json_object *a)
{
	struct json_object *list = member(a, "events");

	for (size_t i = 0; i < list_length(list); i++)
		show_event(json_object_array_get_idx(list, i));
}

static void show_stages(struct json_object *a)
{
	struct json_object *s = member(a, "stages");
	char before[TEXT_MAX], away[TEXT_MAX], after[TEXT_MAX], total[TEXT_MAX];

	printf("  time      %s in all", ms(s, "total_ms", total));
	if (member_is(s, "upstream_ms"))
		printf(": %s here, %s upstream, %s here again", ms(s, "here_before_ms", before),
			ms(s, "upstream_ms", away), ms(s, "here_after_ms", after));
	putchar('\n');
}

void ctl_show_explain(struct json_object *answer)
{
	struct json_object *reply = member(answer, "reply");

	show_reply(answer);
	printf("\n  reply     %s, %" PRIu64 " octets, flags", or_nothing(member_text(reply, "rcode")),
		member_number(reply, "octets"));
	show_flags(reply);
	printf("%s\n", has_flag(reply, "ad") ? " (the upstream has validated it)" : "");
	show_errors(reply);
	printf("  from      ");
	show_source(answer);
	show_cache(answer);
	show_rivals(answer);
	show_events(answer);
	show_stages(answer);
}
