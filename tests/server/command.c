#include "tests/server/command.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/buf.h"
#include "tests/server/commands.h"
#include "tests/server/listen.h"
#include "tests/server/rrtype.h"
#include "tests/server/server.h"
#include "tests/server/tls.h"

void command_ok(struct buf *out)
{
	buf_printf(out, "{\"ok\":true}\n");
}

void command_error(struct buf *out, const char *what)
{
	buf_printf(out, "{\"error\":\"");
	for (; *what; what++) {
		if (*what >= ' ' && *what != '"' && *what != '\\')
			buf_append(out, what, 1);
	}
	buf_printf(out, "\"}\n");
}

char *command_word(char **rest)
{
	return strtok_r(NULL, " \t\r\n", rest);
}

static void do_stats(struct server *s, char *rest, struct buf *out)
{
	(void)rest;
	stats_json(&s->stats, out);
}

static void do_reset(struct server *s, char *rest, struct buf *out)
{
	(void)rest;
	stats_reset(&s->stats);
	record_clear(&s->ring);
	command_ok(out);
}

static void do_queries(struct server *s, char *rest, struct buf *out)
{
	const char *n = command_word(&rest);

	record_json(&s->ring, n ? strtoull(n, NULL, 10) : UINT64_MAX, out);
	buf_printf(out, "\n");
}

static void do_count(struct server *s, char *rest, struct buf *out)
{
	const char *text = command_word(&rest), *type_text = command_word(&rest);
	uint8_t name[DNSNAME_MAX];
	size_t len = text ? dnsname_parse(text, name) : 0;
	uint16_t type = 0;

	if (!len || (type_text && !rrtype_parse(type_text, &type)))
		command_error(out, "count NAME [TYPE]");
	else
		buf_printf(
			out, "{\"count\":%" PRIu64 "}\n", record_count(&s->ring, name, len, type));
}

static void do_rule(struct server *s, char *rest, struct buf *out)
{
	const char *wrong = rules_add(&s->rules, rest);

	if (wrong)
		command_error(out, wrong);
	else
		command_ok(out);
}

static void do_rules(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);

	if (!word) {
		rules_json(&s->rules, out);
		buf_printf(out, "\n");
	} else if (!strcmp(word, "clear")) {
		rules_clear(&s->rules);
		command_ok(out);
	} else {
		command_error(out, "rules [clear]");
	}
}

static bool on_off(char *rest, bool *ret)
{
	const char *word = command_word(&rest);

	*ret = word && !strcmp(word, "on");
	return word && (*ret || !strcmp(word, "off"));
}

static void do_switch(char *rest, bool *what, struct buf *out)
{
	bool on;

	if (!on_off(rest, &on)) {
		command_error(out, "on or off?");
		return;
	}
	*what = on;
	command_ok(out);
}

static void do_mute(struct server *s, char *rest, struct buf *out)
{
	do_switch(rest, &s->muted, out);
}

static void do_coalesce(struct server *s, char *rest, struct buf *out)
{
	do_switch(rest, &s->coalesce, out);
}

static void do_pad(struct server *s, char *rest, struct buf *out)
{
	do_switch(rest, &s->policy.pad, out);
}

static void do_pause(struct server *s, char *rest, struct buf *out)
{
	do_switch(rest, &s->paused, out);
	server_pause(s, s->paused);
}

static void do_accept(struct server *s, char *rest, struct buf *out)
{
	do_switch(rest, &s->accepting, out);
	listen_update(s);
}

static void do_listen(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);

	if (word && !strcmp(word, "stop"))
		listen_stop(s);
	else if (!word || strcmp(word, "start") || !listen_start(s)) {
		command_error(out, word ? word : "listen start|stop");
		return;
	}
	command_ok(out);
}

static void do_keepalive(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);

	s->policy.keepalive = word && strcmp(word, "off") ? atoi(word) : -1;
	command_ok(out);
}

static void do_cookies(struct server *s, char *rest, struct buf *out)
{
	static const char *const modes[] = { "off", "on", "strict" };
	const char *word = command_word(&rest);

	if (word && !strcmp(word, "rotate")) {
		s->policy.cookies.secret++;
		command_ok(out);
		return;
	}
	for (unsigned i = 0; word && i < 3; i++) {
		if (!strcmp(word, modes[i])) {
			s->policy.cookies.mode = (enum cookie_mode)i;
			command_ok(out);
			return;
		}
	}
	command_error(out, "cookies off|on|strict|rotate");
}

static void do_cert(struct server *s, char *rest, struct buf *out)
{
	const char *cert = command_word(&rest), *key = command_word(&rest);
	const char *staple = command_word(&rest);

	if (s->tls && cert && key && tls_server_load(s->tls, cert, key, staple))
		command_ok(out);
	else
		command_error(out, "cert CERT KEY [STAPLE]: not loaded");
}

static void do_tickets(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest), *value = command_word(&rest);

	if (!s->tls || !word) {
		command_error(out, "tickets on|off|rotate|life SECONDS");
		return;
	}
	if (!strcmp(word, "rotate"))
		tls_server_rotate(s->tls);
	else if (!strcmp(word, "life"))
		tls_server_ticket_life(s->tls, value ? (unsigned)atoi(value) : 0);
	else
		tls_server_tickets(s->tls, !strcmp(word, "on"));
	command_ok(out);
}

static void do_last_error(struct server *s, char *rest, struct buf *out)
{
	(void)rest;
	buf_printf(out, "{\"last_error\":\"%s\"}\n", s->last_error);
}

static void do_help(struct server *s, char *rest, struct buf *out);

static const struct {
	const char *name, *usage;
	void (*run)(struct server *s, char *rest, struct buf *out);
} rows[] = {
	{ "stats", "", do_stats },
	{ "reset", "", do_reset },
	{ "queries", "[N]", do_queries },
	{ "count", "NAME [TYPE]", do_count },
	{ "conns", "", command_conns },
	{ "rule", "SELECTOR... ACTION...", do_rule },
	{ "rules", "[clear]", do_rules },
	{ "closeall", "[HOW]", command_closeall },
	{ "inject", "CONN|all HEX", command_inject },
	{ "unsolicited", "all-ids [TIMES]", command_unsolicited },
	{ "noise", "CONN|all N", command_noise },
	{ "keyupdate", "CONN|all [TIMES]", command_keyupdate },
	{ "sendtickets", "CONN|all [TIMES]", command_sendtickets },
	{ "say", "CONN|all WHAT [TIMES]", command_say },
	{ "record", "CONN|all TYPE HEX|- [TIMES]", command_record },
	{ "line", "in|out|both [loss|dup|reorder|replay=P] [mtu=N] [what=all|handshake|data]",
		command_line },
	{ "forget", "CONN|all [HOW]", command_forget },
	{ "datagram", "CONN|all HEX [TIMES]", command_datagram },
	{ "alert", "CONN|all LEVEL DESCRIPTION", command_alert },
	{ "unknown", "alert|silence", command_unknown },
	{ "mtu", "N", command_mtu },
	{ "mute", "on|off", do_mute },
	{ "pause", "on|off", do_pause },
	{ "accept", "on|off", do_accept },
	{ "listen", "start|stop", do_listen },
	{ "coalesce", "on|off", do_coalesce },
	{ "pad", "on|off", do_pad },
	{ "keepalive", "N|off", do_keepalive },
	{ "cookies", "off|on|strict|rotate", do_cookies },
	{ "cert", "CERT KEY [STAPLE]", do_cert },
	{ "tickets", "on|off|rotate|life SECONDS", do_tickets },
	{ "lasterror", "", do_last_error },
	{ "help", "", do_help },
};

static void do_help(struct server *s, char *rest, struct buf *out)
{
	(void)s;
	(void)rest;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		buf_printf(out, "%s %s\n", rows[i].name, rows[i].usage);
	for (const struct action_row *row = action_rows; row->name; row++)
		buf_printf(out, "rule ... %s%s%s\n", row->name, *row->value_help ? "=" : "",
			row->value_help);
	buf_printf(out, "\n");
}

void command_run(struct server *s, char *line, struct buf *out)
{
	char *rest = NULL;
	const char *word = strtok_r(line, " \t\r\n", &rest);

	for (size_t i = 0; word && i < sizeof(rows) / sizeof(*rows); i++) {
		if (!strcmp(rows[i].name, word)) {
			rows[i].run(s, rest, out);
			return;
		}
	}
	command_error(out, "unknown command, try help");
}
