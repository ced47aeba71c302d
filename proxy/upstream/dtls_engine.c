#include "proxy/upstream/dtls_engine.h"

#include <errno.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "common/base/list.h"
#include "common/dns/wire.h"
#include "proxy/upstream/tls_engine_parts.h"
#include "proxy/upstream/tls_policy.h"

/*
 * The library measures the whole handshake in the wall clock, which may be set, and says "timed out" of
 * sessions that work when a record surprises it later.  Whoever connects has a limit of its own.
 */
#define NEVER_MS 0x7ffff000u /* the library computes with int */

/* Calls of the library for one record: it takes some to find that it needs the next. */
#define ROUNDS_MAX 16u

/* ------------------------------------------------------------------ GnuTLS's side of the datagrams */

static struct dtls_engine *engine_of(gnutls_transport_ptr_t ptr)
{
	return container_of((struct tls_engine *)ptr, struct dtls_engine, tls);
}

/* One record each, and all of it: what is longer than the library asks for would be cut. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct dtls_engine *e = engine_of(ptr);
	size_t n = e->tls.in_len;

	e->tls.in_len = 0;
	if (n > len)
		e->discarded++;
	if (n == 0 || n > len) {
		e->starved = true;
		gnutls_transport_set_errno(e->tls.session, EAGAIN);
		return -1;
	}
	memcpy(data, e->tls.in, n);
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	struct dtls_engine *e = engine_of(ptr);

	(void)ms;
	e->starved = e->tls.in_len == 0;
	return !e->starved;
}

/* Nobody waits for what a full queue does not take: datagrams may be lost. */
static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	datagrams_put(&engine_of(ptr)->out, data, len);
	return (ssize_t)len;
}

/* ------------------------------------------------------------------ the handshake */

enum tls_progress dtls_engine_handshake(struct dtls_engine *e)
{
	enum tls_progress progress;
	unsigned rounds = 0;
	int err;

	do {
		e->starved = false;
		err = gnutls_handshake(e->tls.session);
	} while (err < 0 && !gnutls_error_is_fatal(err) && !e->starved && ++rounds < ROUNDS_MAX);
	if (err < 0 && !gnutls_error_is_fatal(err))
		return TLS_PROGRESS_MORE;
	progress = tls_engine_end_handshake(&e->tls, err);
	e->filter.established = progress == TLS_PROGRESS_DONE;
	return progress;
}

unsigned dtls_engine_timeout_ms(const struct dtls_engine *e)
{
	return gnutls_dtls_get_timeout(e->tls.session);
}

bool dtls_engine_init(struct dtls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end,
	size_t payload_max)
{
	static const struct tls_engine_io io = { pull, pull_timeout, push };

	*e = (struct dtls_engine){ .discarded = 0 };
	if (!tls_engine_begin(&e->tls, policy, ticket, addr, end, &io))
		return false;
	gnutls_dtls_set_timeouts(e->tls.session, DTLS_RETRANSMIT_MS, NEVER_MS);
	dtls_engine_set_payload_max(e, payload_max);
	return true;
}

void dtls_engine_deinit(struct dtls_engine *e)
{
	tls_engine_deinit(&e->tls);
	datagrams_free(&e->out);
	*e = (struct dtls_engine){ .discarded = 0 };
}

void dtls_engine_set_payload_max(struct dtls_engine *e, size_t payload_max)
{
	gnutls_dtls_set_mtu(e->tls.session, (unsigned)payload_max);
}

/* Before the end of the handshake the library takes off the record's header alone. */
size_t dtls_engine_message_max(const struct dtls_engine *e)
{
	size_t max = gnutls_dtls_get_data_mtu(e->tls.session);

	return e->tls.ready ? max : max - (DTLS_OVERHEAD - DTLS_RECORD_HEADER);
}

/* ------------------------------------------------------------------ records */

/* The library says "again" of a forged record and of a genuine one without content alike. */
static bool was_forged(struct dtls_engine *e, unsigned before)
{
	unsigned discarded = gnutls_record_get_discarded(e->tls.session);

	e->discarded += discarded - before;
	return discarded != before;
}

static enum tls_progress keep(struct dtls_engine *e, size_t len)
{
	struct bytes *plain = &e->tls.plain;

	wire_put16(plain->data + plain->end, (uint16_t)len);
	bytes_commit(plain, DTLS_PLAIN_PREFIX + len);
	tls_engine_note_answer(&e->tls);
	return TLS_PROGRESS_DONE;
}

/* What the library makes of a record that is no message. */
static enum tls_progress judge(struct dtls_engine *e, int err, unsigned discarded_before)
{
	struct tls_engine *t = &e->tls;

	if (err == 0) {
		tls_engine_fail(t, FAULT_CLOSED, "closed by the server (close_notify)");
		return TLS_PROGRESS_END;
	}
	if (err == GNUTLS_E_AGAIN && was_forged(e, discarded_before)) {
		if (gnutls_record_get_discarded(t->session) < DTLS_FORGED_MAX)
			return TLS_PROGRESS_DONE;
		tls_engine_fail(t, FAULT_RESET, "as many forged records as a key may meet");
		return TLS_PROGRESS_END;
	}
	if (err == GNUTLS_E_AGAIN)
		t->chatter_row++;
	else if (!tls_engine_is_passed_over(t, err)) {
		tls_engine_fail_library(t, err);
		return TLS_PROGRESS_END;
	}
	return tls_engine_chatter_is_bounded(t) ? TLS_PROGRESS_DONE : TLS_PROGRESS_END;
}

static enum tls_progress open_record(struct dtls_engine *e)
{
	unsigned discarded = gnutls_record_get_discarded(e->tls.session);
	uint8_t *room = bytes_reserve(&e->tls.plain, DTLS_PLAIN_PREFIX + TLS_RECORD_MAX);
	ssize_t n;

	if (!room) {
		tls_engine_fail(&e->tls, FAULT_LOCAL, "out of memory");
		return TLS_PROGRESS_END;
	}
	n = gnutls_record_recv(e->tls.session, room + DTLS_PLAIN_PREFIX, TLS_RECORD_MAX);
	return n > 0 ? keep(e, (size_t)n) : judge(e, (int)n, discarded);
}

static enum tls_progress feed_record(struct dtls_engine *e, const uint8_t *data, size_t len)
{
	enum tls_progress progress;

	tls_engine_feed(&e->tls, data, len);
	progress = e->tls.ready ? open_record(e) : dtls_engine_handshake(e);
	tls_engine_feed(&e->tls, NULL, 0);
	return progress;
}

enum tls_progress dtls_engine_feed(struct dtls_engine *e, const uint8_t *data, size_t len)
{
	enum tls_progress progress = e->tls.ready ? TLS_PROGRESS_DONE : TLS_PROGRESS_MORE;
	size_t used;

	for (; len > 0 && progress != TLS_PROGRESS_END; data += used, len -= used) {
		switch (dtls_filter_next(&e->filter, data, len, &used, &e->alert)) {
		case DTLS_RECORD_FEED:
			progress = feed_record(e, data, used);
			break;
		case DTLS_RECORD_ALERT:
			e->alerted = true;
			break;
		case DTLS_RECORD_DROP:
			e->discarded++;
			break;
		}
	}
	return progress;
}

int dtls_engine_seal(struct dtls_engine *e, const uint8_t *msg, size_t len)
{
	ssize_t n;

	if (len > dtls_engine_message_max(e))
		return -EMSGSIZE;
	if (!datagrams_have_room(&e->out, len + DTLS_OVERHEAD))
		return -ENOBUFS;
	if (e->sealed == DTLS_SEALED_MAX) {
		tls_engine_fail(&e->tls, FAULT_CLOSED, "as many records as a key may seal");
		return -EPIPE;
	}
	n = gnutls_record_send(e->tls.session, msg, len);
	if (n < 0) {
		tls_engine_fail_library(&e->tls, (int)n);
		return -EPIPE;
	}
	e->sealed++;
	return 0;
}

void dtls_engine_goodbye(struct dtls_engine *e)
{
	gnutls_bye(e->tls.session, GNUTLS_SHUT_WR);
}

const char *dtls_engine_alert_text(uint8_t alert)
{
	const char *name = gnutls_alert_get_name(alert);

	return name ? name : "unknown alert";
}
