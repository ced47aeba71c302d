#include <stdlib.h>
#include <string.h>

#include "tests/server/assoc.h"
#include "tests/server/buf.h"
#include "tests/server/commands.h"
#include "tests/server/hex.h"
#include "tests/server/server.h"
#include "tests/server/value.h"

/* What one record in a datagram can be, and more than any path lets through. */
#define MTU_MIN 228ul
#define MTU_MAX 65507ul

static bool share(const char *text, uint32_t *ret)
{
	char *end;
	double p = strtod(text, &end);

	*ret = (uint32_t)(p * 1e6);
	return end != text && !*end && p >= 0 && p <= 1;
}

static bool what(const char *text, enum line_what *ret)
{
	static const char *const words[] = { "all", "handshake", "data" };

	for (unsigned i = 0; i < 3; i++) {
		if (!strcmp(text, words[i])) {
			*ret = (enum line_what)i;
			return true;
		}
	}
	return false;
}

static bool number(const char *text, size_t *ret)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	return end != text && !*end;
}

static bool fault(struct line_faults *f, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = 0;
	if (!strcmp(word, "loss"))
		return share(value, &f->loss);
	if (!strcmp(word, "dup"))
		return share(value, &f->dup);
	if (!strcmp(word, "reorder"))
		return share(value, &f->reorder);
	if (!strcmp(word, "replay"))
		return share(value, &f->replay);
	if (!strcmp(word, "mtu"))
		return number(value, &f->mtu);
	return !strcmp(word, "what") && what(value, &f->what);
}

/* Each command says all there is: what it leaves out is as it should be. */
void command_line(struct server *s, char *rest, struct buf *out)
{
	const char *which = command_word(&rest);
	struct line_faults f = { 0 };
	bool good = which;
	char *word;

	while ((word = command_word(&rest)))
		good = good && fault(&f, word);
	if (!good || (strcmp(which, "in") && strcmp(which, "out") && strcmp(which, "both"))) {
		command_error(out, "line in|out|both [loss|dup|reorder|replay=P] [mtu=N] "
				   "[what=all|handshake|data]");
		return;
	}
	if (strcmp(which, "out"))
		s->line_in = f;
	if (strcmp(which, "in"))
		s->line_out = f;
	command_ok(out);
}

/* Applies to all associations that stand, or to the one of that number; answers how many it was done to. */
static void for_assocs(struct server *s, const char *which, struct buf *out,
	void (*run)(struct assoc *a, const void *arg), const void *arg)
{
	uint64_t only = which && strcmp(which, "all") ? strtoull(which, NULL, 10) : 0;
	unsigned done = 0;

	list_for_each (node, &s->assocs) {
		struct assoc *a = container_of(node, struct assoc, node);

		if (a->state != ASSOC_OPEN || (only && a->number != only))
			continue;
		run(a, arg);
		done++;
	}
	buf_printf(out, "{\"ok\":true,\"conns\":%u}\n", done);
}

static void forget(struct assoc *a, const void *arg)
{
	assoc_close(a, *(const enum close_how *)arg);
}

void command_forget(struct server *s, char *rest, struct buf *out)
{
	const char *which = command_word(&rest), *word = command_word(&rest);
	enum close_how how = CLOSE_FIN;

	if (word && !close_how_parse(word, &how))
		command_error(out, "forget CONN|all [HOW]");
	else
		for_assocs(s, which, out, forget, &how);
}

struct raw {
	uint8_t data[LINE_DATAGRAM];
	size_t len;
	unsigned long times;
};

static void send_raw(struct assoc *a, const void *arg)
{
	const struct raw *r = arg;

	for (unsigned long n = r->times; n; n--)
		assoc_raw(a, r->data, r->len);
}

void command_datagram(struct server *s, char *rest, struct buf *out)
{
	static struct raw r;
	const char *which = command_word(&rest), *hex = command_word(&rest);
	const char *times = command_word(&rest);

	r.times = times ? strtoul(times, NULL, 10) : 1;
	if (!hex || !hex_parse(hex, r.data, sizeof(r.data), &r.len))
		command_error(out, "datagram CONN|all HEX [TIMES]");
	else
		for_assocs(s, which, out, send_raw, &r);
}

struct alert {
	uint8_t level, description;
};

static void send_alert(struct assoc *a, const void *arg)
{
	const struct alert *alert = arg;

	dtls_alert(a->dtls, alert->level, alert->description);
}

void command_alert(struct server *s, char *rest, struct buf *out)
{
	const char *which = command_word(&rest), *level = command_word(&rest);
	const char *description = command_word(&rest);
	struct alert alert;

	if (!description) {
		command_error(out, "alert CONN|all LEVEL DESCRIPTION");
		return;
	}
	alert.level = (uint8_t)atoi(level);
	alert.description = (uint8_t)atoi(description);
	for_assocs(s, which, out, send_alert, &alert);
}

void command_unknown(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);

	if (!word || (strcmp(word, "alert") && strcmp(word, "silence"))) {
		command_error(out, "unknown alert|silence");
		return;
	}
	s->dtls_alerts = !strcmp(word, "alert");
	command_ok(out);
}

void command_mtu(struct server *s, char *rest, struct buf *out)
{
	const char *word = command_word(&rest);
	size_t n;

	if (!word || !number(word, &n) || n < MTU_MIN || n > MTU_MAX) {
		command_error(out, "mtu N");
		return;
	}
	s->dtls_mtu = (unsigned)n;
	command_ok(out);
}
