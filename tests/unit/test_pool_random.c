/*
 * A pool under random clients, servers and networks.  After every step what is linked where is
 * counted by walking, and each request is held against a book of its own: what was sent for it on
 * the wire, and what was said to it.
 */
#include "proxy/upstream/policy.h"
#include "proxy/upstream/verdict.h"
#include "tests/unit/pool_case.h"

#include <errno.h>

#define ACTORS 48u
#define STEPS  100000u

/* What the test knows of a request in its present life. */
struct book {
	unsigned wire;	  /* messages sent for it */
	unsigned refused; /* tries that the transport did not take */
	unsigned bad;	  /* answers that did not parse */
	unsigned spent;	  /* these, and halves of answers */
	uint32_t errors;  /* bit i: upstream i has answered with an error */
	uint32_t off;	  /* these, and those whose answers were of no use */
	const char *servfail_from, *refused_from; /* the first of each */
};

static struct book books[ACTORS];
static uint64_t answered_us[UPSTREAMS_MAX]; /* when it answered anybody last */

static struct {
	uint64_t submitted, cancelled, done, failed_sends, failed_bad, kept_given, moved, moved_off,
		reasons;
	unsigned serial;
} tally;

static unsigned dice(unsigned sides)
{
	return (unsigned)random() % sides;
}

static bool is_probe(const struct request *r)
{
	return r == &pool.probe.request;
}

/* The flight that a message of this id belongs to there; NULL: none. */
static struct flight *owner_of(const struct fake *f, uint16_t id)
{
	const struct session *s = f->handler_arg;
	const struct idmap_entry *e = idmap_find(&s->ids, id);

	return e ? e->owner : NULL;
}

static struct book *book_of(const struct request *r)
{
	return is_probe(r) ? NULL : &books[index_of(r)];
}

/* -ENOBUFS and -EPIPE: it stays in the session's queue. */
static void note_sending(struct fake *f, const uint8_t *msg, int err)
{
	const struct flight *flight = owner_of(f, wire_get16(msg));
	struct book *b = book_of(flight->request);

	if (!b)
		return;
	b->wire += err == 0;
	b->refused += err == -ENOMEM;
}

static void note_matched(struct fake *f)
{
	f->matched++;
	answered_us[upstream_of(f) - ups] = net.clock_us;
}

/* ------------------------------------------------------------------ what is linked where */

struct census {
	size_t flights;	 /* in sessions */
	size_t sessions; /* of any state */
};

static void check_flight(const struct session *s, const struct flight *f)
{
	const struct request *r = f->request;

	assert_ptr_equal(f->session, s);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	assert_true(f >= r->flights && f < r->flights + REQUEST_FLIGHTS_MAX);
	if (!is_probe(r))
		assert_true(fates[index_of(r)].inside);
}

static void check_session(const struct upstream *u, const struct session *s, struct census *c)
{
	size_t queued = 0, sent = 0;

	list_for_each (n, &s->queued) {
		const struct flight *f = container_of(n, struct flight, node);

		check_flight(s, f);
		assert_false(f->sent || f->charged);
		queued++;
	}
	list_for_each (n, &s->sent) {
		const struct flight *f = container_of(n, struct flight, node);
		const struct idmap_entry *e = idmap_find(&s->ids, f->id);

		check_flight(s, f);
		assert_true(f->sent);
		assert_non_null(e);
		assert_ptr_equal(e->owner, f);
		sent++;
	}
	assert_int_equal(s->queued_count, queued);
	assert_int_equal(s->sent_count, sent);
	assert_int_equal(s->ids.live, sent);
	assert_true(queued + sent <= u->session.max_inflight);
	c->flights += queued + sent;
}

static void check_upstream(const struct upstream *u, struct census *c)
{
	size_t connecting = 0, all = 0;

	list_for_each (n, &u->sessions) {
		const struct session *s = container_of(n, struct session, node);

		assert_int_not_equal(s->state, SESSION_ENDED);
		connecting += s->state == SESSION_CONNECTING && s != u->tester;
		if (s->state == SESSION_CONNECTING)
			assert_int_equal(session_inflight(s), 0);
		check_session(u, s, c);
		all++;
	}
	assert_int_equal(u->connecting, connecting);
	assert_true(all <= UPSTREAM_SESSIONS_MAX);
	c->sessions += all;
}

/* ------------------------------------------------------------------ one request */

static void check_flights(const struct request *r)
{
	size_t charged = 0;

	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++) {
		const struct flight *f = &r->flights[i];

		if (!f->session)
			continue;
		assert_ptr_equal(f->request, r);
		charged += f->charged;
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(f->session, r->flights[k].session);
	}
	assert_true(charged <= r->sends);
}

/* The error that it will get, if nobody knows better. */
static const char *best_error(const struct book *b, unsigned *ret_rcode)
{
	*ret_rcode = b->servfail_from ? RCODE_SERVFAIL : RCODE_REFUSED;
	return b->servfail_from ? b->servfail_from : b->refused_from;
}

static void check_kept(const struct request *r, const struct book *b)
{
	struct dns_message m;
	unsigned rcode;

	assert_int_equal(r->avoid & b->off, b->off);
	assert_true(r->avoid == b->off || r->late_on); /* twice late on its paths */
	assert_int_equal(r->kept != NULL, b->errors != 0);
	if (!r->kept)
		return;
	assert_string_equal(r->kept_from, best_error(b, &rcode));
	assert_int_equal(message_parse(r->kept, r->kept_len, &m), MESSAGE_OK);
	assert_int_equal(message_rcode(&m), rcode);
}

/* All that was ever sent for it is paid for, or was free. */
static void check_request(unsigned i)
{
	const struct request *r = &asks[i].request;
	const struct book *b = &books[i];

	assert_int_equal(r->state != REQUEST_IDLE, fates[i].inside);
	if (!fates[i].inside) {
		assert_false(list_linked(&r->node) || list_linked(&r->work.node));
		assert_null(r->kept);
		return;
	}
	assert_int_equal(r->sends + r->returns, b->wire + b->refused);
	assert_true(r->sends <= REQUEST_SENDS_MAX);
	assert_true(r->returns <= REQUEST_RETURNS_MAX);
	assert_int_equal(r->bad_answers, b->bad);
	check_flights(r);
	if (r->state == REQUEST_ACTIVE) {
		check_kept(r, b);
		return;
	}
	assert_true(list_linked(&r->work.node));
	assert_false(list_linked(&r->node));
	assert_int_equal(count_flights(r, true) + count_flights(r, false), 0);
}

static size_t all_flights(const struct request *r)
{
	return count_flights(r, true) + count_flights(r, false);
}

static size_t count_queue(const struct list *queue, bool tried)
{
	size_t n = 0;

	list_for_each (node, queue) {
		const struct request *r = container_of(node, struct request, node);

		assert_int_equal(r->state, REQUEST_ACTIVE);
		assert_int_equal(r->sent_before || r->sends > 0, tried);
		assert_false(is_probe(r));
		n++;
	}
	return n;
}

static void check(void)
{
	struct census c = { 0 };
	size_t flights = all_flights(&pool.probe.request);
	size_t waiting = count_queue(&pool.waiting, false) + count_queue(&pool.again, true);

	assert_int_equal(pool.waiting_count, waiting);
	for (size_t u = 0; u < pool.count; u++)
		check_upstream(&ups[u], &c);
	assert_int_equal(fake_open_count(&net), c.sessions);
	for (unsigned i = 0; i < ACTORS; i++) {
		check_request(i);
		flights += fates[i].inside ? all_flights(&asks[i].request) : 0;
	}
	assert_int_equal(flights, c.flights);
}

/* ------------------------------------------------------------------ at rest */

static bool has_room_for(const struct upstream *u, const struct request *r)
{
	list_for_each (n, &u->sessions) {
		const struct session *s = container_of(n, struct session, node);
		bool has_it = false;

		for (size_t k = 0; k < REQUEST_FLIGHTS_MAX; k++)
			has_it |= r->flights[k].session == s;
		/* The last sending of each goes with few others while nothing is known of a session. */
		if (r->sends + 1u >= REQUEST_SENDS_MAX && session_inflight(s) > s->answers)
			continue;
		if (session_has_room(s) && !has_it)
			return true;
	}
	return false;
}

/* One whose session went just now; that it went for good may be told a little later. */
static bool is_hoped_for(const struct upstream *u)
{
	return upstream_ready(u) == 0 && u->absent_us &&
	       net.clock_us - u->absent_us < UPSTREAM_PATIENCE_US && timer_running(&pool.patience);
}

/* For its last sending: another than where it was lost last, without a session for a moment. */
static bool hopes_for_another(const struct request *r)
{
	if (pool.count == 1 || !r->own || r->sends + 1u < REQUEST_SENDS_MAX)
		return false;
	for (size_t i = 0; i < pool.count; i++) {
		struct upstream *u = policy_nth(&pool, i);

		if (u == r->own || r->avoid & (UINT32_C(1) << (u - ups)) ||
			health_doubtful(&u->health))
			continue;
		assert_false(has_room_for(u, r));
		if (upstream_ready(u) > 0 || is_hoped_for(u))
			return upstream_ready(u) == 0;
	}
	return false;
}

/*
 * Nobody that it could go to now: in the policy's order, and those in doubt behind the others, the
 * first with sessions has no room, or one is still being hoped for.
 */
static void check_waits_rightly(const struct request *r)
{
	if (hopes_for_another(r))
		return;
	for (unsigned doubtful = 0; doubtful < 2; doubtful++) {
		for (size_t i = 0; i < pool.count; i++) {
			struct upstream *u = policy_nth(&pool, i);

			if (r->avoid & (UINT32_C(1) << (u - ups)) ||
				(pool.count > 1 && health_doubtful(&u->health)) != doubtful)
				continue;
			assert_false(has_room_for(u, r));
			if (upstream_ready(u) > 0 || is_hoped_for(u))
				return;
		}
	}
}

/* Somebody will wake those that wait. */
static void check_something_comes(void)
{
	bool comes = timer_running(&pool.patience);

	for (size_t u = 0; u < pool.count; u++)
		comes |= upstream_ready(&ups[u]) > 0 || ups[u].connecting > 0 ||
			 timer_running(&ups[u].retry);
	assert_true(comes);
}

/* When a turn is over: nothing pends, nobody is lost. */
static void check_rest(void)
{
	check();
	for (unsigned i = 0; i < ACTORS; i++) {
		const struct request *r = &asks[i].request;

		if (!fates[i].inside)
			continue;
		assert_int_equal(r->state, REQUEST_ACTIVE);
		assert_false(list_linked(&r->work.node));
		assert_true(list_linked(&r->node) || all_flights(r) > 0);
		if (list_linked(&r->node))
			check_waits_rightly(r);
	}
	if (pool.waiting_count > 0)
		check_something_comes();
}

/* ------------------------------------------------------------------ the ends */

static void note_answered(const struct request *r, const struct fate *fate, const struct book *b)
{
	unsigned rcode;
	const char *from;

	if (pool.count == 1 || !verdict_moves_on(&r->answer)) {
		tally.moved += b->errors != 0;
		return;
	}
	from = best_error(b, &rcode);
	assert_int_equal(fate->rcode, rcode);
	assert_string_equal(fate->from, from);
	tally.kept_given++;
}

static void note_failed(const struct request *r, const struct fate *fate, const struct book *b)
{
	assert_int_equal(b->errors, 0);
	if (b->bad >= 2) {
		tally.failed_bad++;
		assert_int_equal(fate->code, EDE_INVALID_DATA);
	} else {
		tally.failed_sends++;
		assert_int_equal(r->sends, REQUEST_SENDS_MAX);
		assert_int_equal(fate->code, EDE_NETWORK_ERROR);
	}
}

static void note_end(unsigned i)
{
	const struct request *r = &asks[i].request;

	tally.done++;
	assert_int_equal(fates[i].done, 1);
	if (r->answered)
		note_answered(r, &fates[i], &books[i]);
	else
		note_failed(r, &fates[i], &books[i]);
}

/* ------------------------------------------------------------------ whom it happens to */

/* Some transport that may speak, ready or not; NULL: none. */
static struct fake *pick(bool ready)
{
	struct fake *found = NULL;
	unsigned seen = 0;

	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (f->ended || f->closed || f->freed || f->ready != ready || (ready && f->broken))
			continue;
		if (dice(++seen) == 0)
			found = f;
	}
	return found;
}

/* The flight whose answer this would be; NULL: nobody waits for it there. */
static struct flight *asker_of(const struct fake *f, const struct fake_message *m)
{
	struct flight *flight = owner_of(f, wire_get16(m->bytes));

	return flight && ask_is_in(flight->request, m) ? flight : NULL;
}

/* One of the last few messages sent there, more often than not one whose answer is awaited. */
static struct fake_message *pick_message(struct fake *f)
{
	unsigned last = f && f->sent_count < 8 ? (unsigned)f->sent_count : 8;
	struct fake_message *m;

	if (!f || last == 0)
		return NULL;
	m = fake_sent(f, -1 - (long)dice(last));
	for (unsigned tries = dice(12); tries > 0 && !asker_of(f, m); tries--)
		m = fake_sent(f, -1 - (long)dice(last));
	return m;
}

/* ------------------------------------------------------------------ steps of clients */

static void step_submit(void)
{
	unsigned i = dice(ACTORS);

	if (fates[i].inside)
		return;
	ask_init(&asks[i], tally.serial++); /* a late answer to the last one is not for this one */
	memset(&books[i], 0, sizeof books[i]);
	memset(&fates[i], 0, sizeof fates[i]);
	submit(i);
	tally.submitted++;
}

static void step_cancel(void)
{
	unsigned i = dice(ACTORS);

	if (!fates[i].inside)
		return;
	cancel(i);
	tally.cancelled++;
}

/* At a deadline: why, and away. */
static void step_deadline(void)
{
	unsigned i = dice(ACTORS);
	struct ede why;

	if (!fates[i].inside)
		return;
	why = pool_reason(&pool, &asks[i].request);
	assert_true(why.code == EDE_NETWORK_ERROR || why.code == EDE_NOT_READY ||
		    why.code == EDE_NO_REACHABLE_AUTHORITY);
	assert_non_null(strstr(why.text, "tls://192.0.2."));
	cancel(i);
	tally.cancelled++;
	tally.reasons++;
}

/* ------------------------------------------------------------------ steps of servers */

/* Right, or late, or a duplicate: as it comes. */
static void step_answer(void)
{
	static const char *const options[] = { FAKE_NO_OPT, FAKE_NO_OPT, "", "000b 0002 0064" };
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	struct flight *flight;
	struct request *r;

	if (!m)
		return;
	flight = asker_of(f, m);
	r = flight ? flight->request : NULL;
	if (flight)
		note_matched(f);
	fake_deliver(f, out, fake_answer(m, dice(40) ? options[dice(4)] : "000b 0002 0000", out));
	if (r)
		assert_int_equal(r->state, REQUEST_DONE);
}

static void note_error(struct book *b, unsigned rcode, const struct upstream *u)
{
	if (rcode == RCODE_SERVFAIL && !b->servfail_from)
		b->servfail_from = u->label;
	if (rcode == RCODE_REFUSED && !b->refused_from)
		b->refused_from = u->label;
	b->errors |= UINT32_C(1) << (u - ups);
	b->off |= UINT32_C(1) << (u - ups);
}

/* Twice, and somebody else is there to ask: it begins anew with them. */
static void note_spent(struct book *b, const struct request *r, const struct upstream *u)
{
	uint32_t off = r->avoid | UINT32_C(1) << (u - ups);

	if (++b->spent < 2 || off == (UINT32_C(1) << pool.count) - 1)
		return;
	b->off = off;
	b->spent = b->bad = 0;
	tally.moved_off++;
}

/* SERVFAIL or REFUSED; explained now and then. */
static void step_error(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	unsigned rcode = dice(3) ? RCODE_SERVFAIL : RCODE_REFUSED;
	bool explained = dice(6) == 0;
	uint8_t out[FAKE_ANSWER_MAX];
	struct flight *flight;

	if (!m)
		return;
	flight = asker_of(f, m);
	if (flight)
		note_matched(f);
	if (flight && !is_probe(flight->request) && !explained && pool.count > 1)
		note_error(book_of(flight->request), rcode, upstream_of(f));
	fake_deliver(
		f, out, build_answer(m, rcode, explained ? "000f 0002 0006" : FAKE_NO_OPT, out));
}

static void step_malformed(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	struct flight *flight;

	if (!m)
		return;
	flight = asker_of(f, m);
	if (flight && !is_probe(flight->request)) {
		book_of(flight->request)->bad++;
		note_spent(book_of(flight->request), flight->request, upstream_of(f));
	}
	fake_deliver(f, out, fake_answer(m, FAKE_NO_OPT, out) - 1 - dice(3));
}

/* Somebody else's name, or no answer at all. */
static void step_wrong(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len;

	if (!m)
		return;
	len = fake_answer(m, FAKE_NO_OPT, out);
	if (dice(2))
		out[2] &= 0x7f; /* QR=0 */
	else
		out[DNS_HEADER_LEN + 1] ^= 1;
	fake_deliver(f, out, len);
}

/* ------------------------------------------------------------------ steps of networks */

struct price {
	bool inside; /* it had a flight there */
	unsigned sends;
};

/*
 * What each must have paid once this transport has ended: nothing where it had answered anybody, be
 * it by half, or its upstream has meanwhile, or it was closed in good order after a while; but for
 * the one whose half answer it was.
 */
static void expect_prices(const struct fake *f, enum transport_fault fault,
	const struct flight *half, struct price price[ACTORS])
{
	const struct session *s = f->handler_arg;
	uint64_t answered = answered_us[upstream_of(f) - ups];
	bool idle = fault == FAULT_CLOSED && f->matched == 0 && s->ready_us &&
		    net.clock_us - s->ready_us >= SEC;

	for (unsigned i = 0; i < ACTORS; i++) {
		const struct request *r = &asks[i].request;
		const struct flight *flight = flight_on(i, f);

		price[i].inside = flight != NULL;
		price[i].sends = r->sends;
		if (flight && flight->charged && flight != half &&
			(f->matched > 0 || half || idle || answered > flight->sent_us) &&
			r->returns < REQUEST_RETURNS_MAX)
			price[i].sends--;
	}
}

static void end_there(
	struct fake *f, enum transport_fault fault, const uint8_t *partial, size_t len)
{
	const struct flight *half = len >= 4 ? owner_of(f, wire_get16(partial + 2)) : NULL;
	struct price price[ACTORS];

	expect_prices(f, fault, half, price);
	if (half && !is_probe(half->request))
		note_spent(book_of(half->request), half->request, upstream_of(f));
	if (len)
		fake_end_cut(f, fault, partial, len);
	else
		fake_end(f, fault, STAGE_DNS);
	for (unsigned i = 0; i < ACTORS; i++)
		if (price[i].inside)
			assert_int_equal(asks[i].request.sends, price[i].sends);
}

static enum transport_fault any_fault(void)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_CLOSED, FAULT_RESET,
		FAULT_TIMEOUT, FAULT_PROTOCOL };

	return faults[dice(COUNT_OF(faults))];
}

static void step_close(void)
{
	struct fake *f = pick(true);

	if (f)
		end_there(f, any_fault(), NULL, 0);
}

static void step_cut(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t partial[6] = { 0, 50 };

	if (!m)
		return;
	memcpy(partial + 2, m->bytes, 4);
	end_there(f, any_fault(), partial, 4 + dice(3));
}

/* The end is known to the transport, and told some time later. */
static void step_break(void)
{
	struct fake *f;

	for (size_t i = 0; i < net.count; i++) {
		f = net.fakes[i];
		if (f->broken && !f->ended && !f->closed && !f->freed) {
			end_there(f, FAULT_RESET, NULL, 0);
			return;
		}
	}
	f = pick(true);
	if (f && dice(4) == 0)
		f->broken = true;
}

static void step_connect(void)
{
	struct fake *f = pick(false);

	if (!f)
		return;
	if (!f->established && dice(4) == 0)
		fake_establish(f);
	else
		fake_ready(f);
}

static void step_refuse(void)
{
	struct fake *f = pick(false);

	if (f)
		fake_end(f, dice(3) ? FAULT_RESET : FAULT_LOCAL,
			f->established ? STAGE_TLS : STAGE_TCP);
	net.refuse = dice(10) == 0;
}

/* Nothing is acknowledged any more, or all is again. */
static void step_stuck(void)
{
	struct fake *f = pick(true);

	if (f)
		f->stuck_since_us = f->stuck_since_us ? 0 : net.clock_us;
}

static void step_room(void)
{
	struct fake *f = pick(true);

	if (f)
		fake_room(f, dice(3) ? SIZE_MAX : dice(3));
}

/* Another network: every connection is made anew, and nobody pays for it. */
static void step_network(void)
{
	unsigned sends[ACTORS];

	for (unsigned i = 0; i < ACTORS; i++)
		sends[i] = asks[i].request.sends;
	for (size_t u = 0; u < pool.count; u++)
		ways_renew(&ups[u], dice(2) ? &ups[u].race.list[0].addr : NULL, NULL);
	for (size_t u = 0; u < pool.count; u++)
		assert_true(list_empty(&ups[u].sessions));
	pool_renewed(&pool);
	for (unsigned i = 0; i < ACTORS; i++)
		assert_true(asks[i].request.sends <= sends[i]);
}

static void step_send_error(void)
{
	struct fake *f = pick(true);

	if (f)
		f->send_error = -ENOMEM;
}

/* ------------------------------------------------------------------ steps of time */

static void step_turn(void)
{
	turn();
	check_rest();
}

static void step_time(void)
{
	static const uint64_t scale[] = { 100 * US, 10 * MS, 10 * MS, 300 * MS, 300 * MS, 3 * SEC };
	uint64_t us = scale[dice(COUNT_OF(scale))];

	if (dice(500) == 0)
		us = 40 * SEC;
	if (pool.waiting_count == 0 && dice(300) == 0)
		us = 3600 * SEC;
	pass(us * (dice(1000) + 1) / 1000);
	fake_sweep(&net);
	check_rest();
}

static const struct {
	unsigned weight;
	void (*step)(void);
} steps[] = {
	{ 300, step_submit },
	{ 50, step_cancel },
	{ 30, step_deadline },
	{ 380, step_answer },
	{ 60, step_error },
	{ 40, step_malformed },
	{ 20, step_wrong },
	{ 25, step_close },
	{ 12, step_cut },
	{ 6, step_break },
	{ 100, step_connect },
	{ 10, step_refuse },
	{ 10, step_stuck },
	{ 20, step_room },
	{ 10, step_send_error },
	{ 3, step_network },
	{ 60, step_time },
	{ 200, step_turn },
};

static void random_step(void)
{
	unsigned total = 0, i = 0, roll;

	for (size_t k = 0; k < COUNT_OF(steps); k++)
		total += steps[k].weight;
	for (roll = dice(total); roll >= steps[i].weight; i++)
		roll -= steps[i].weight;
	steps[i].step();
}

/* ------------------------------------------------------------------ the end of it */

static void answer_all(struct fake *f)
{
	fake_room(f, SIZE_MAX);
	f->stuck_since_us = 0;
	for (size_t i = 0; i < f->sent_count && !f->closed; i++) {
		if (!asker_of(f, &f->sent[i]))
			continue;
		note_matched(f);
		fake_answer_nth(f, (long)i);
	}
}

/* What a transport that works does now. */
static void get_on(struct fake *f)
{
	if (f->ended || f->closed || f->freed)
		return;
	if (f->broken)
		end_there(f, FAULT_RESET, NULL, 0);
	else if (f->ready)
		answer_all(f);
	else
		fake_ready(f);
}

/* Everything works now: all that is inside comes to its end. */
static void drain(void)
{
	net.refuse = false;
	for (unsigned i = 0; i < 2000 && tally.done + tally.cancelled < tally.submitted; i++) {
		for (size_t k = 0; k < net.count; k++)
			get_on(net.fakes[k]);
		pass(100 * MS);
		check_rest();
	}
	assert_int_equal(tally.done + tally.cancelled, tally.submitted);
}

/* All kinds of things did happen. */
static void check_variety(void)
{
	const struct stats *s = &net.stats;

	assert_true(tally.submitted > 5000);
	assert_true(tally.cancelled > 500);
	assert_true(tally.reasons > 100);
	assert_true((pool.count == 1 ? tally.failed_bad : tally.moved_off) > 5);
	assert_true(s->upstream_late > 5);
	assert_true(s->upstream_mismatch > 50);
	assert_true(s->upstream_malformed > 50);
	assert_true(s->upstream_repeats > 200);
	assert_true(s->bound_output > 10);
	assert_true(s->bound_memory > 0);
	assert_true(s->bound_inflight > 500);
	assert_true(s->sessions_ended > 300);
	assert_true(s->sessions_suspect > 50);
	assert_true(s->connects_failed > 50);
	if (pool.count == 1)
		return;
	assert_true(tally.kept_given > 20);
	assert_true(tally.moved > 100);
	assert_true(s->upstream_probes > 5);
}

static void run(unsigned seed, size_t count, enum config_policy policy, unsigned connections,
	unsigned max_inflight)
{
	init(seed, count, policy, connections, max_inflight);
	net.sending = note_sending;
	memset(&tally, 0, sizeof tally);
	memset(books, 0, sizeof books);
	memset(answered_us, 0, sizeof answered_us);
	srandom(seed);
	then = note_end;
	for (unsigned step = 0; step < STEPS; step++) {
		random_step();
		check();
	}
	check_variety();
	if (seed % 2)
		drain();
	deinit();
}

static void test_one_upstream(void **state)
{
	(void)state;
	run(1, 1, POLICY_FAILOVER, 1, 4);
	run(2, 1, POLICY_FAILOVER, 1, 1);
	run(3, 1, POLICY_FASTEST, 2, 3);
	run(4, 1, POLICY_ROUND_ROBIN, 4, 2);
}

static void test_failover(void **state)
{
	(void)state;
	run(5, 2, POLICY_FAILOVER, 1, 4);
	run(6, 2, POLICY_FAILOVER, 2, 3);
	run(7, 3, POLICY_FAILOVER, 2, 2);
	run(8, 3, POLICY_FAILOVER, 1, 7);
}

static void test_fastest(void **state)
{
	(void)state;
	run(9, 2, POLICY_FASTEST, 1, 4);
	run(10, 2, POLICY_FASTEST, 2, 2);
	run(11, 3, POLICY_FASTEST, 2, 3);
	run(12, 3, POLICY_FASTEST, 1, 7);
}

static void test_round_robin(void **state)
{
	(void)state;
	run(13, 2, POLICY_ROUND_ROBIN, 1, 4);
	run(14, 2, POLICY_ROUND_ROBIN, 2, 2);
	run(15, 3, POLICY_ROUND_ROBIN, 2, 3);
	run(16, 3, POLICY_ROUND_ROBIN, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_upstream),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_fastest),
		cmocka_unit_test(test_round_robin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
