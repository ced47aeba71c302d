#include "tests/server/assoc.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/dnsname.h"
#include "tests/server/dtls_port.h"
#include "tests/server/mem.h"
#include "tests/server/serve.h"
#include "tests/server/server.h"

enum { RECORD_SIZE = 16384, FATAL = 2, INTERNAL_ERROR = 80 };

static void arm(struct event *timer, uint32_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	evtimer_add(timer, &tv);
}

static void on_life_over(evutil_socket_t fd, short what, void *arg)
{
	struct assoc *a = arg;

	(void)fd;
	(void)what;
	assoc_close(a, a->limits.life_how);
}

static void on_push(void *arg, const uint8_t *data, size_t len)
{
	struct assoc *a = arg;

	if (!a->silenced)
		dtls_port_send(a->port, &a->peer, data, len);
}

void assoc_raw(struct assoc *a, const uint8_t *data, size_t len)
{
	dtls_port_send(a->port, &a->peer, data, len);
}

/* -- the handshake -------------------------------------------------------------------- */

static void on_secure(struct assoc *a)
{
	struct stats *st = &a->server->stats;

	event_del(a->retry);
	dtls_facts(a->dtls, &a->facts);
	a->state = ASSOC_OPEN;
	st->dtls_handshakes++;
	st->dtls_resumed += a->facts.resumed;
	if (a->limits.handshake_how)
		assoc_close(a, a->limits.handshake_how);
}

static void on_failure(struct assoc *a)
{
	struct server *s = a->server;

	s->stats.alerts_received += dtls_got_alert(a->dtls);
	s->stats.dtls_failures += a->state == ASSOC_HANDSHAKE;
	snprintf(s->last_error, sizeof(s->last_error), "%s", dtls_error(a->dtls));
	if (s->options->log)
		fprintf(stderr, "dtls#%llu %s\n", (unsigned long long)a->number, s->last_error);
	assoc_close(a, CLOSE_FIN);
}

static void shake_hands(struct assoc *a)
{
	enum tls_result r = a->stalled ? TLS_MORE : dtls_handshake(a->dtls);

	if (r == TLS_DONE)
		on_secure(a);
	else if (r == TLS_FAILED)
		on_failure(a);
	else if (!a->stalled)
		arm(a->retry, dtls_timeout_ms(a->dtls) + 1);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct assoc *a = arg;

	(void)fd;
	(void)what;
	a->stalled = false;
	if (a->state == ASSOC_HANDSHAKE)
		shake_hands(a);
}

/* -- queries ------------------------------------------------------------------------- */

static void touch(struct assoc *a)
{
	if (a->limits.idle && a->state != ASSOC_DEAD)
		arm(a->timer, a->limits.life_ms);
}

/* The same message once more: sent again, or a record that came twice. */
static void look_for_repeats(struct assoc *a, const uint8_t *msg, size_t len)
{
	uint16_t id = len < 2 ? 0 : (uint16_t)(msg[0] << 8 | msg[1]);
	struct assoc_question *q = &a->seen[id % ASSOC_SEEN];
	uint32_t hash = dnsname_hash(msg, len) | 1;

	a->server->stats.dtls_repeats += q->hash == hash && q->id == id;
	*q = (struct assoc_question){ id, hash };
}

static void on_message(struct assoc *a, const uint8_t *msg, size_t len)
{
	struct asker asker = { .server = a->server, .assoc = a, .outlet = &a->outlet };
	struct origin from = { .transport = TRANSPORT_DTLS,
		.conn = a->number,
		.seq = ++a->queries,
		.record_len = (uint32_t)len,
		.record_span = 1 };

	touch(a);
	look_for_repeats(a, msg, len);
	serve(&asker, &from, msg, len);
}

static void read_records(struct assoc *a)
{
	static uint8_t record[RECORD_SIZE];
	size_t len;

	while (a->state == ASSOC_OPEN) {
		enum tls_result r = dtls_read(a->dtls, record, sizeof(record), &len);

		if (r == TLS_MORE)
			return;
		if (r == TLS_EOF) {
			a->server->stats.closed_by_peer++;
			assoc_close(a, CLOSE_FIN);
		} else if (r == TLS_FAILED) {
			on_failure(a);
		} else {
			a->server->stats.dtls_records++;
			on_message(a, record, len);
		}
	}
}

void assoc_take(struct assoc *a, const uint8_t *data, size_t len)
{
	if (a->stalled)
		return;
	dtls_take(a->dtls, data, len);
	if (a->state == ASSOC_HANDSHAKE)
		shake_hands(a);
	if (a->state == ASSOC_OPEN)
		read_records(a);
	a->server->stats.dtls_discarded += dtls_discarded(a->dtls) - a->discarded;
	a->discarded = dtls_discarded(a->dtls);
	dtls_take(a->dtls, NULL, 0);
}

/* -- answers ------------------------------------------------------------------------- */

void assoc_send(struct assoc *a, const uint8_t *msg, size_t len)
{
	if (!assoc_usable(a))
		return;
	if (!dtls_write(a->dtls, msg, len))
		a->server->stats.dtls_too_large++;
}

static void count_answer(struct assoc *a)
{
	a->server->stats.answers++;
	a->answers++;
	touch(a);
	if (a->limits.answers && a->answers == a->limits.answers)
		assoc_close(a, a->limits.answers_how);
}

static void send_noise(struct assoc *a, size_t n)
{
	uint8_t noise[LINE_DATAGRAM];

	n = n < sizeof(noise) ? n : sizeof(noise);
	random_fill(&a->random, noise, n);
	assoc_raw(a, noise, n);
}

/* A cut answer has no frame here: the two octets of the prefix are not counted. */
static void deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how)
{
	struct assoc *a = container_of(o, struct assoc, outlet);
	enum close_how end = how->cut_how ? how->cut_how : how->then;

	(void)to;
	if (!assoc_usable(a))
		return;
	if (how->cut_how && how->cut < len)
		len = how->cut;
	if (how->noise)
		send_noise(a, how->noise);
	if (len)
		assoc_send(a, frame + 2, len);
	if (!how->cut_how)
		count_answer(a);
	if (end)
		assoc_close(a, end);
}

/* -- its life ------------------------------------------------------------------------ */

static void begin(struct assoc *a)
{
	const struct limits *l = &a->limits;

	if (l->garbage)
		send_noise(a, l->garbage);
	if (l->life_ms)
		arm(a->timer, l->life_ms);
	if (l->stall) {
		a->stalled = true;
		if (l->stall_ms)
			arm(a->retry, l->stall_ms);
	}
	if (l->refuse_how)
		assoc_close(a, l->refuse_how);
}

struct assoc *assoc_new(struct dtls_port *p, const struct peer *peer, const uint8_t *hello,
	const struct dtls_prestate *prestate)
{
	struct server *s = p->server;
	struct assoc *a = mem_new(sizeof(*a));

	a->dtls = dtls_new(s->tls, prestate, s->dtls_mtu, on_push, a);
	if (!a->dtls) {
		free(a);
		return NULL;
	}
	a->server = s;
	a->port = p;
	a->peer = *peer;
	a->number = ++s->conn_count;
	a->random = random_seeded(s->options->seed + a->number);
	memcpy(a->hello, hello, DTLS_RANDOM);
	outlet_init(&a->outlet, s->base, &a->random, deliver);
	a->timer = evtimer_new(s->base, on_life_over, a);
	a->retry = evtimer_new(s->base, on_retry, a);
	list_append(&s->assocs, &a->node);
	dtls_port_enter(p, a);
	s->stats.dtls_associations++;
	s->stats.dtls_open++;
	s->stats.rules_hit += rules_accept(&s->rules, TRANSPORT_DTLS, a->number, &a->limits);
	begin(a);
	return a;
}

static void die(struct assoc *a)
{
	struct server *s = a->server;

	if (a->state == ASSOC_DEAD)
		return;
	a->state = ASSOC_DEAD;
	event_free(a->timer);
	event_free(a->retry);
	dtls_port_leave(a->port, a);
	s->stats.dtls_open--;
	list_remove(&a->node);
	list_append(&s->dead_assocs, &a->node);
	event_active(s->reaper, EV_TIMEOUT, 0);
}

void assoc_close(struct assoc *a, enum close_how how)
{
	if (a->state == ASSOC_DEAD)
		return;
	outlet_clear(&a->outlet);
	if (how == CLOSE_SILENCE) {
		a->silenced = true;
		return;
	}
	if (how == CLOSE_NOTIFY)
		dtls_close_notify(a->dtls);
	if (how == CLOSE_ALERT)
		dtls_alert(a->dtls, FATAL, INTERNAL_ERROR);
	die(a);
}

void assoc_free(struct assoc *a)
{
	die(a);
	list_remove(&a->node);
	outlet_deinit(&a->outlet);
	dtls_free(a->dtls);
	free(a);
}
