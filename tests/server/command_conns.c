#include "tests/server/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/wire.h"
#include "tests/server/buf.h"
#include "tests/server/assoc.h"
#include "tests/server/conn.h"
#include "tests/server/hex.h"
#include "tests/server/server.h"
#include "tests/server/value.h"

static struct conn *conn_of(struct list *node)
{
	return container_of(node, struct conn, node);
}

/* What is told of a connection, whatever it consists of. */
struct told {
	uint64_t number, queries, answers;
	enum transport transport;
	bool open;
	const char *version;
	const struct tls_facts *facts;
};

static void told_json(const struct told *c, struct buf *out)
{
	buf_printf(out,
		"{\"conn\":%" PRIu64 ",\"transport\":\"%s\",\"open\":%s,\"tls\":\"%s\","
		"\"resumed\":%s,\"name\":\"",
		c->number, transport_names[c->transport], c->open ? "true" : "false", c->version,
		c->facts->resumed ? "true" : "false");
	for (const char *p = c->facts->name; *p; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '"' && *p != '\\')
			buf_append(out, p, 1);
	}
	buf_printf(out, "\",\"queries\":%" PRIu64 ",\"answers\":%" PRIu64 "}\n", c->queries,
		c->answers);
}

static void conn_json(const struct conn *c, struct buf *out)
{
	struct told told = { .number = c->number,
		.queries = c->queries,
		.answers = c->answers,
		.transport = c->transport,
		.open = c->state == CONN_OPEN,
		.version = !c->tls	    ? ""
			   : c->facts.tls13 ? "1.3"
					    : "1.2",
		.facts = &c->facts };

	told_json(&told, out);
}

static void assoc_json(const struct assoc *a, struct buf *out)
{
	struct told told = { .number = a->number,
		.queries = a->queries,
		.answers = a->answers,
		.transport = TRANSPORT_DTLS,
		.open = a->state == ASSOC_OPEN,
		.version = "1.2",
		.facts = &a->facts };

	told_json(&told, out);
}

static struct assoc *assoc_of(struct list *node)
{
	return container_of(node, struct assoc, node);
}

void command_conns(struct server *s, char *rest, struct buf *out)
{
	(void)rest;
	list_for_each (node, &s->conns)
		conn_json(conn_of(node), out);
	list_for_each (node, &s->assocs)
		assoc_json(assoc_of(node), out);
	buf_printf(out, "\n");
}

void command_closeall(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);
	enum close_how how = CLOSE_FIN;

	if (word && !close_how_parse(word, &how)) {
		command_error(out, "closeall [fin|notify|alert|rst|close|silence]");
		return;
	}
	list_for_each (node, &s->conns)
		conn_close(conn_of(node), how);
	list_for_each (node, &s->assocs)
		assoc_close(assoc_of(node), how);
	command_ok(out);
}

static bool is_meant(const char *which, uint64_t number)
{
	return !which || !strcmp(which, "all") || strtoull(which, NULL, 10) == number;
}

/* Does something to one connection or association, or to each; answers how many it was done to. */
static void for_all(struct server *s, const char *which, struct buf *out,
	void (*run)(struct conn *c, const void *arg),
	void (*run_assoc)(struct assoc *a, const void *arg), const void *arg)
{
	unsigned done = 0;

	list_for_each (node, &s->conns) {
		struct conn *c = conn_of(node);

		if (!is_meant(which, c->number) || c->state != CONN_OPEN)
			continue;
		run(c, arg);
		conn_flush(c);
		done++;
	}
	list_for_each (node, &s->assocs) {
		struct assoc *a = assoc_of(node);

		if (!run_assoc || !is_meant(which, a->number) || a->state != ASSOC_OPEN)
			continue;
		run_assoc(a, arg);
		done++;
	}
	buf_printf(out, "{\"ok\":true,\"conns\":%u}\n", done);
}

static void for_conns(struct server *s, const char *which, struct buf *out,
	void (*run)(struct conn *c, const void *arg), const void *arg)
{
	for_all(s, which, out, run, NULL, arg);
}

struct message {
	uint8_t data[REPLY_MAX];
	size_t len;
};

static void send_message(struct conn *c, const void *arg)
{
	const struct message *m = arg;

	conn_send(c, m->data, m->len);
}

static void send_datagram(struct assoc *a, const void *arg)
{
	const struct message *m = arg;

	assoc_send(a, m->data, m->len);
}

void command_inject(struct server *s, char *rest, struct buf *out)
{
	static struct message m;
	const char *which = command_word(&rest), *hex = command_word(&rest);

	if (!hex || !hex_parse(hex, m.data, sizeof(m.data), &m.len))
		command_error(out, "inject CONN|all HEX");
	else
		for_all(s, which, out, send_message, send_datagram, &m);
}

/* An answer with every id there is, to a question that nobody asked. */
static const uint8_t unsolicited[] = "\0\0\x81\x80\0\1\0\1\0\0\0\0"
				     "\13unsolicited\4test\0\0\1\0\1"
				     "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x12\xff\xff";

static void send_all_ids(struct conn *c, const void *arg)
{
	uint8_t msg[sizeof(unsolicited)];

	memcpy(msg, unsolicited, sizeof(msg));
	for (unsigned long n = *(const unsigned long *)arg; n; n--) {
		for (unsigned id = 0; id < 65536; id++) {
			wire_put16(msg, (uint16_t)id);
			conn_send(c, msg, sizeof(msg) - 1);
		}
	}
}

static void send_all_ids_in_datagrams(struct assoc *a, const void *arg)
{
	uint8_t msg[sizeof(unsolicited)];

	memcpy(msg, unsolicited, sizeof(msg));
	for (unsigned long n = *(const unsigned long *)arg; n; n--) {
		for (unsigned id = 0; id < 65536; id++) {
			wire_put16(msg, (uint16_t)id);
			assoc_send(a, msg, sizeof(msg) - 1);
		}
	}
}

void command_unsolicited(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest), *times = command_word(&rest);
	unsigned long n = times ? strtoul(times, NULL, 10) : 1;

	if (!word || strcmp(word, "all-ids"))
		command_error(out, "unsolicited all-ids [TIMES]");
	else
		for_all(s, NULL, out, send_all_ids, send_all_ids_in_datagrams, &n);
}

static void send_noise(struct conn *c, const void *arg)
{
	conn_noise(c, *(const unsigned long *)arg);
}

static void update_keys(struct conn *c, const void *arg)
{
	if (c->tls)
		aside_send(c->tls, ASIDE_KEYUPDATE_ASK, (unsigned)*(const unsigned long *)arg);
}

static void send_tickets(struct conn *c, const void *arg)
{
	if (c->tls)
		tls_send_tickets(c->tls, (unsigned)*(const unsigned long *)arg);
}

static void with_number(
	struct server *s, char *rest, struct buf *out, void (*run)(struct conn *c, const void *arg))
{
	const char *which = command_word(&rest), *times = command_word(&rest);
	unsigned long n = times ? strtoul(times, NULL, 10) : 1;

	for_conns(s, which, out, run, &n);
}

void command_noise(struct server *s, char *rest, struct buf *out)
{
	with_number(s, rest, out, send_noise);
}

void command_keyupdate(struct server *s, char *rest, struct buf *out)
{
	with_number(s, rest, out, update_keys);
}

void command_sendtickets(struct server *s, char *rest, struct buf *out)
{
	with_number(s, rest, out, send_tickets);
}

struct said {
	enum aside what;
	unsigned times;
};

static void say_aside(struct conn *c, const void *arg)
{
	const struct said *said = arg;

	if (c->tls)
		aside_send(c->tls, said->what, said->times);
}

void command_say(struct server *s, char *rest, struct buf *out)
{
	const char *which = command_word(&rest), *word = command_word(&rest);
	const char *times = command_word(&rest);
	struct said said = { .times = times ? (unsigned)strtoul(times, NULL, 10) : 1 };

	if (!word || !aside_parse(word, &said.what))
		command_error(out, "say CONN|all WHAT [N]");
	else
		for_conns(s, which, out, say_aside, &said);
}

struct sealed {
	uint8_t type;
	unsigned long times;
	struct message content;
};

static void send_records(struct conn *c, const void *arg)
{
	const struct sealed *r = arg;

	for (unsigned long n = r->times; n && c->tls; n--)
		tls_record(c->tls, r->type, r->content.data, r->content.len);
}

void command_record(struct server *s, char *rest, struct buf *out)
{
	static struct sealed r;
	const char *which = command_word(&rest), *type = command_word(&rest);
	const char *hex = command_word(&rest), *times = command_word(&rest);

	r.type = type ? (uint8_t)strtoul(type, NULL, 10) : 0;
	r.times = times ? strtoul(times, NULL, 10) : 1;
	if (!hex || !hex_parse(strcmp(hex, "-") ? hex : "", r.content.data, sizeof(r.content.data),
			    &r.content.len))
		command_error(out, "record CONN|all TYPE HEX|- [N]");
	else
		for_conns(s, which, out, send_records, &r);
}
