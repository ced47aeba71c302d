#include "proxy/upstream/session_send.h"

#include <errno.h>

#include "proxy/upstream/session_cookie.h"
#include "proxy/upstream/session_end.h"
#include "proxy/upstream/session_match.h"
#include "proxy/upstream/session_repeat.h"
#include "proxy/upstream/session_watch.h"
#include "proxy/upstream/trace.h"

static enum tap_over over(const struct session *s)
{
	if (s->transport->info.clear)
		return session_is_stream(s) ? TAP_TCP : TAP_UDP;
	return session_is_stream(s) ? TAP_TLS : TAP_DTLS;
}

void session_tap(
	struct session *s, enum tap_event event, const uint8_t *msg, size_t len, uint64_t took_us)
{
	if (s->setup->tap)
		tap_message(s->setup->tap,
			&(struct tap_message){ event, over(s), &s->addr, msg, len, took_us });
}

static void charge(const struct session *s, struct flight *f)
{
	if (!session_is_stream(s)) {
		f->request->datagrams++;
		return;
	}
	f->charged = true;
	f->request->sends++;
}

static void count_sending(struct session *s, struct flight *f, size_t len)
{
	struct stats *stats = s->setup->stats;

	f->request->sent_len = len;
	f->sendings++;
	stats->upstream_queries++;
	stats->upstream_octets += len;
	stats->upstream_cookies += f->cookie.form != SENT_NO_COOKIE;
	charge(s, f);
}

static void mark_sent(struct session *s, struct flight *f, size_t len)
{
	struct stats *stats = s->setup->stats;
	struct request *r = f->request;

	list_remove(&f->node);
	s->queued_count--;
	list_append(&s->sent, &f->node);
	s->sent_count++;
	f->sent = true;
	f->sent_us = turn_now_us(s->setup->turn);
	stats->upstream_repeats += r->sent_before;
	r->sent_before = true;
	count_sending(s, f, len);
	s->asked++;
	session_watch_sent(s);
	if (!session_is_stream(s))
		session_repeat_sent(s, f);
}

/* Builds the query with its id and hands it to the transport. */
static int build_and_send(struct session *s, struct flight *f, size_t *ret_len)
{
	const struct session_setup *setup = s->setup;
	struct upstream_form form = s->form;
	uint8_t cookie[COOKIE_FULL_MAX];
	size_t padding = 0;
	int err;

	form.ret_padding = &padding;
	form.cookie = cookie;
	form.cookie_len = session_cookie_offer(s, f, cookie);
	*ret_len = rewrite_query(&f->request->query, &form, f->id, setup->scratch, DNS_MESSAGE_MAX);
	if (*ret_len == 0 || *ret_len > s->transport->info.max_message)
		return -EMSGSIZE;
	err = s->transport->ops->send(s->transport, setup->scratch, *ret_len);
	if (err < 0)
		return err;
	setup->stats->upstream_padding += padding;
	if (f->request->trace)
		trace_sent(f->request->trace, s, f, *ret_len, padding);
	session_tap(s, TAP_UPSTREAM_QUERY, setup->scratch, *ret_len, 0);
	return 0;
}

static int send_one(struct session *s, struct flight *f)
{
	int err = idmap_take(&s->ids, f, random16, s->setup->random, &f->id);
	size_t len;

	if (err < 0)
		return err;
	err = build_and_send(s, f, &len);
	if (err < 0)
		idmap_release(&s->ids, f->id);
	else
		mark_sent(s, f, len);
	return err;
}

int session_send_again(struct session *s, struct flight *f)
{
	size_t len;
	int err = -ENOBUFS;

	if (s->transport->ops->has_room(s->transport))
		err = build_and_send(s, f, &len);
	if (err < 0)
		return err;
	count_sending(s, f, len);
	s->setup->stats->datagram_repeats++;
	turn_seal(s->setup->turn, &s->seal);
	return 0;
}

/* Whatever keeps this one from being sent must not keep the next one. */
static void refuse(struct session *s, struct flight *f, int err)
{
	f->oversized = err == -EMSGSIZE && !session_is_stream(s);
	s->setup->stats->bound_memory += !f->oversized;
	s->queued_count--;
	if (!f->oversized)
		charge(s, f);
	session_give_back(s, f);
	session_after_answer(s);
}

void session_on_seal(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, seal);

	while (!list_empty(&s->queued)) {
		struct flight *f = container_of(s->queued.next, struct flight, node);
		int err = -ENOBUFS;

		if (s->transport->ops->has_room(s->transport))
			err = send_one(s, f);
		s->setup->stats->bound_output += err == -ENOBUFS;
		if (err == -ENOBUFS || err == -EPIPE)
			break; /* room or the end will be reported */
		if (err < 0)
			refuse(s, f, err);
	}
	s->transport->ops->flush(s->transport);
}
