#include "proxy/upstream/tls_endpoint.h"

#include "proxy/loop.h"
#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"
#include "proxy/upstream/verify_dates.h"

void tls_endpoint_init(struct tls_endpoint *e)
{
	tickets_init(&e->tickets);
	list_init(&e->waiting);
}

void tls_endpoint_deinit(struct tls_endpoint *e)
{
	tickets_deinit(&e->tickets);
}

void tls_endpoint_renew(struct tls_endpoint *e)
{
	tickets_drop(&e->tickets, NULL);
	e->void_us = loop_boottime_us(NULL);
}

struct ticket *tls_endpoint_ticket(struct tls_endpoint *e, const struct addr *to)
{
	if (!e->policy->tickets)
		return NULL;
	return tickets_take(&e->tickets, to, e->policy->id, loop_boottime_us(NULL), verify_dates_now());
}

bool tls_endpoint_wait(struct tls_endpoint *e, struct tls_waiter *w)
{
	struct trust *trust = e->policy->trust;

	if (!trust || trust_is_loaded(trust))
		return false;
	list_append(&e->waiting, &w->node);
	e->want_trust(e->want_arg, trust);
	return true;
}

void tls_endpoint_trust_loaded(struct tls_endpoint *e)
{
	struct list *n;

	while ((n = list_take(&e->waiting))) {
		struct tls_waiter *w = container_of(n, struct tls_waiter, node);

		w->loaded(w);
	}
}

/* What it says of the clock, and the clock of it. */
static void note_date(struct tls_endpoint *e, const struct tls_engine *engine)
{
	if (!engine->verdict.authenticated)
		return;
	if (verify_dates_believed())
		verify_dates_prove();
	else
		e->assumed = true;
}

bool tls_endpoint_redate(struct tls_endpoint *e)
{
	bool was = e->assumed && verify_dates_believed();

	if (was)
		e->assumed = false;
	return was;
}

void tls_endpoint_ready(
	struct tls_endpoint *e, struct tls_engine *engine, struct transport_info *ret)
{
	if (engine->resumed) {
		e->stats->handshakes_resumed++;
	} else {
		e->stats->handshakes_full++;
		engine->verdict.judged_us = loop_boottime_us(NULL);
		note_date(e, engine);
	}
	tls_endpoint_keep(e, engine); /* TLS 1.2's comes before the end of the handshake */
	ret->authenticated = engine->verdict.authenticated;
	ret->resumed = engine->resumed;
	ret->doubt = engine->reason;
	ret->protocol = tls_engine_protocol(engine);
	ret->cipher = tls_engine_cipher(engine);
	ret->not_after = engine->verdict.not_after;
}

void tls_endpoint_keep(void *endpoint, struct tls_engine *engine)
{
	struct tls_endpoint *e = endpoint;

	if (e->void_us && engine->verdict.judged_us <= e->void_us)
		engine->ticket_came = false; /* another has shown since that it holds no more, or it links networks */
	if (engine->ticket_came && e->policy->tickets)
		tls_engine_keep_ticket(engine, &e->tickets, loop_boottime_us(NULL));
}

void tls_endpoint_failed(
	struct tls_endpoint *e, const struct addr *to, const struct transport_end *why)
{
	bool refused = why->stage == STAGE_AUTH;

	e->stats->handshakes_failed += refused || why->stage == STAGE_TLS;
	if (refused)
		e->void_us = loop_boottime_us(NULL);
	tickets_drop(&e->tickets, refused ? NULL : to);
}
