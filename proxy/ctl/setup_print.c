#include "proxy/ctl/setup_print.h"

#include <json-c/json.h>
#include <string.h>

void setup_answer_text(
	const struct setup_system *s, const struct setup_answer *a, char *out, size_t size)
{
	char where[ADDR_TEXT_MAX], who[64] = "something";

	addr_text(&s->listen, where);
	if (a->pid)
		snprintf(who, sizeof who, "\"%s\" (pid %d)", a->program, a->pid);
	if (a->answers)
		snprintf(out, size, "%s answers on %s", who, where);
	else if (a->held)
		snprintf(out, size, "%s has %s and does not answer", who, a->where);
	else
		snprintf(out, size, "nothing answers on %s", where);
}

static void print_found(const struct setup_report *r, FILE *out)
{
	const struct setup_system *s = r->system;
	char text[256];

	fputs(SETUP_RESOLV_CONF ": ", out);
	if (s->kind == KIND_LINK)
		fprintf(out, "a link to %s; ", s->target);
	fprintf(out, "owned by %s", setup_owner_text(s));
	for (size_t i = 0; i < s->server_count; i++)
		fprintf(out, "%s%s", i ? ", " : "; name servers: ", s->servers[i]);
	setup_answer_text(s, r->answer, text, sizeof text);
	fprintf(out, "%s\n%s\n", s->immutable ? "; immutable" : "", text);
	if (r->answer->held && r->answer->advice && strcmp(r->answer->program, "dnsfwd") != 0)
		fprintf(out, "  if that is not meant to be: %s\n", r->answer->advice);
}

static void print_text(const char *text, FILE *out)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");

		fprintf(out, "    %.*s\n", len, text);
		text += len;
		text += *text == '\n';
	}
}

static void print_plan(const struct setup_report *r, FILE *out)
{
	const struct setup_plan *p = r->plan;

	for (size_t i = 0; i < p->changes; i++) {
		const struct setup_change *c = &p->change[i];

		fprintf(out, "\n%s %s %s\n", c->path, r->applied ? "was made" : "would be made",
			c->text ? "a file that says" : "a link to");
		print_text(c->text ? c->text : c->target, out);
	}
	for (size_t i = 0; i < p->commands.count; i++)
		fprintf(out, "%s%s: %s\n", i ? "" : "\n", r->applied ? "to be run" : "and then",
			p->commands.command[i]);
	for (size_t i = 0; i < p->notes; i++)
		fprintf(out, "%snote: %s\n", i ? "" : "\n", p->note[i]);
}

void setup_print(const struct setup_report *r, FILE *out)
{
	print_found(r, out);
	if (r->plan->changes == 0 && !*r->plan->refusal) {
		fputs("\nnothing is to be done: the system asks dnsfwd already\n", out);
		return;
	}
	print_plan(r, out);
	if (r->obstacle)
		fprintf(out, "\nin the way: %s\n", r->obstacle);
	else if (r->applied)
		fputs("\ndone; \"dnsfwdctl setup --undo\" brings back what was there\n", out);
	else
		fputs("\nto do it: dnsfwdctl setup --apply\n", out);
}

/* ------------------------------------------------------------------ for programs */

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text && *text ? json_object_new_string(text) : NULL);
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *changes(const struct setup_plan *p)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < p->changes; i++) {
		struct json_object *o = json_object_new_object();

		put_text(o, "path", p->change[i].path);
		put_text(o, "text", p->change[i].text);
		put_text(o, "target", p->change[i].target);
		json_object_array_add(list, o);
	}
	return list;
}

static void put_found(struct json_object *o, const struct setup_report *r)
{
	static const char *const owners[] = { "file", "systemd-resolved", "NetworkManager",
		"resolvconf", "openresolv", "dhclient", "dnsmasq", "other" };
	static const char *const kinds[] = { "absent", "file", "link", "other" };
	struct json_object *servers = json_object_new_array();
	char listen[ADDR_TEXT_MAX];

	for (size_t i = 0; i < r->system->server_count; i++)
		json_object_array_add(servers, json_object_new_string(r->system->servers[i]));
	put_text(o, "owner", owners[r->system->owner]);
	put_text(o, "kind", kinds[r->system->kind]);
	put_text(o, "target", r->system->target);
	put_bool(o, "immutable", r->system->immutable);
	json_object_object_add(o, "servers", servers);
	put_text(o, "listen", addr_text(&r->system->listen, listen));
	put_bool(o, "answers", r->answer->answers);
	put_text(o, "port_owner", r->answer->program);
	json_object_object_add(
		o, "port_owner_pid", r->answer->pid ? json_object_new_int(r->answer->pid) : NULL);
	put_text(o, "advice", r->answer->advice);
}

void setup_print_json(const struct setup_report *r, FILE *out)
{
	struct json_object *o = json_object_new_object();
	struct json_object *commands = json_object_new_array(), *notes = json_object_new_array();

	put_found(o, r);
	json_object_object_add(o, "changes", changes(r->plan));
	for (size_t i = 0; i < r->plan->commands.count; i++)
		json_object_array_add(
			commands, json_object_new_string(r->plan->commands.command[i]));
	for (size_t i = 0; i < r->plan->notes; i++)
		json_object_array_add(notes, json_object_new_string(r->plan->note[i]));
	json_object_object_add(o, "commands", commands);
	json_object_object_add(o, "notes", notes);
	put_text(o, "obstacle", r->obstacle);
	put_bool(o, "applied", r->applied);
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
