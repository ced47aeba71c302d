/*
 * What a server may send to a TLS client: any octets, and those of a real one with any damage, before
 * the handshake's end and after it.  Nothing is opened that the server has not written, nobody is
 * taken for the server who is not, every end has a reason, and work without an answer is bounded.
 */
#include "tests/fuzz/tls_stage.h"

/* What the client may say more than it is told, for each octet that it is told. */
#define OUT_BASE 8192u
/* Steps of an input that are done at most; an octet counts for at most so many of a thing. */
#define STEPS_MAX 64u

static struct stage stage;
static struct ticket *kept[2]; /* of TLS 1.3 and 1.2, by the first policy */

struct run {
	const uint8_t *data; /* not done yet */
	size_t len;
	uint8_t head;
	size_t chunk;
	const struct tls_policy *policy;
	struct tls_engine engine;
	struct transport_end end;
	enum tls_progress progress; /* END: the client is gone */
	struct tickets tickets;
	size_t fed, told, queried;
	struct peer peer;
	struct bytes written; /* by the server and not opened yet */
	uint16_t spoil_at;
	uint8_t spoil_xor; /* 0: nothing to spoil */
	bool damaged;	   /* not all that the server said came as it was meant */
};

/* ------------------------------------------------------------------ the input */

static uint8_t take(struct run *r)
{
	if (r->len == 0)
		return 0;
	r->len--;
	return *r->data++;
}

static size_t take_two(struct run *r)
{
	size_t high = take(r);

	return high << 8 | take(r);
}

static const uint8_t *take_octets(struct run *r, size_t *len)
{
	const uint8_t *octets = r->data;

	if (*len > r->len)
		*len = r->len;
	r->data += *len;
	r->len -= *len;
	return octets;
}

/* ------------------------------------------------------------------ the client */

static void check_ready(const struct run *r)
{
	const struct tls_engine *e = &r->engine;

	must(e->ready);
	must(e->verdict.authenticated || !r->policy->strict);
	must(e->verdict.authenticated || e->reason[0] || e->resumed);
	must(e->judged || e->resumed);
	must(!e->judged || e->verdict.policy == r->policy->id);
}

static void check_end(const struct run *r)
{
	must(r->end.text[0]);
	must(memchr(r->end.text, '\0', sizeof r->end.text));
	must((r->end.stage == STAGE_DNS) == r->engine.ready);
	must(r->end.stage == STAGE_TLS || r->end.stage == STAGE_AUTH || r->end.stage == STAGE_DNS);
	must(!r->engine.chatter_over || r->end.fault == FAULT_RESET || !r->engine.ready);
}

/* What was opened is what was written, in order; of raw input only the server knew. */
static void check_plain(struct run *r)
{
	struct bytes *plain = &r->engine.plain;
	size_t len = bytes_len(plain);

	must(len == 0 || r->engine.ready);
	if (!(r->head & HEAD_RAW)) {
		must(len <= bytes_len(&r->written));
		must(len == 0 || memcmp(bytes_front(plain), bytes_front(&r->written), len) == 0);
		bytes_consume(&r->written, len);
	}
	bytes_consume(plain, len);
}

static void check_tickets(struct run *r)
{
	struct tls_engine *e = &r->engine;

	must(!e->ticket_came || r->policy->tickets);
	if (r->progress == TLS_PROGRESS_END || !e->ready || !e->ticket_came)
		return;
	must((r->head & HEAD_SERVER_TICKETS) || (r->head & HEAD_RAW));
	tls_engine_keep_ticket(e, &r->tickets, 1);
	must(r->tickets.count <= TICKETS_EACH);
}

static void check_client(struct run *r)
{
	const struct tls_engine *e = &r->engine;

	if (r->progress == TLS_PROGRESS_END)
		check_end(r);
	else if (e->ready)
		check_ready(r);
	else
		must(r->progress == TLS_PROGRESS_MORE);
	must(r->progress == TLS_PROGRESS_END || e->in_len == 0);
	must(r->progress == TLS_PROGRESS_END || e->chatter_row <= TLS_CHATTER_ROW);
	check_plain(r);
	check_tickets(r);
	must(r->told + bytes_len(&e->out) <= OUT_BASE + 2 * (r->fed + r->queried));
}

/* As tls.c does with what a socket gave: the handshake, then what came along with its end. */
static void feed(struct run *r, const uint8_t *data, size_t len)
{
	struct tls_engine *e = &r->engine;
	uint8_t *copy = malloc(len + 1);

	must(copy);
	memcpy(copy, data, len);
	r->fed += len;
	tls_engine_feed(e, copy, len);
	if (!e->ready)
		r->progress = tls_engine_handshake(e);
	if (r->progress != TLS_PROGRESS_END && e->ready)
		r->progress = tls_engine_open(e);
	check_client(r);
	tls_engine_feed(e, NULL, 0);
	free(copy);
}

static void feed_in_portions(struct run *r, const uint8_t *data, size_t len)
{
	while (len > 0 && r->progress != TLS_PROGRESS_END) {
		size_t n = r->chunk && r->chunk < len ? r->chunk : len;

		feed(r, data, n);
		data += n;
		len -= n;
	}
}

static void client_query(struct run *r, size_t count)
{
	struct bytes *pending = &r->engine.pending;
	uint8_t *room;

	if (!r->engine.ready || r->progress == TLS_PROGRESS_END)
		return;
	room = bytes_reserve(pending, count);
	must(room);
	memset(room, 0, count);
	bytes_commit(pending, count);
	r->queried += count + 64;
	must(tls_engine_seal(&r->engine));
	must(bytes_len(pending) == 0);
}

/* ------------------------------------------------------------------ the server */

static int on_outgoing(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *msg)
{
	struct run *r = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	if (!incoming && r->spoil_xor && msg->size) {
		msg->data[r->spoil_at % msg->size] ^= r->spoil_xor;
		r->spoil_xor = 0;
	}
	return 0;
}

static void start_server(struct run *r)
{
	stage_server(&stage, r->head, &r->peer);
	gnutls_session_set_ptr(r->peer.session, r);
	gnutls_handshake_set_hook_function(
		r->peer.session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_outgoing);
}

static void server_reads(struct run *r)
{
	uint8_t buffer[512];

	peer_handshake(&r->peer);
	while (r->peer.ready && bytes_len(&r->peer.in) > 0)
		if (peer_read(&r->peer, buffer, sizeof buffer) <= 0)
			break;
}

static void to_server(struct run *r)
{
	struct bytes *out = &r->engine.out;

	must(bytes_append(&r->peer.in, bytes_front(out), bytes_len(out)) == 0);
	r->told += bytes_len(out);
	bytes_consume(out, bytes_len(out));
	server_reads(r);
}

static void to_client(struct run *r, size_t len)
{
	struct bytes *out = &r->peer.out;

	if (len > bytes_len(out))
		len = bytes_len(out);
	feed_in_portions(r, bytes_front(out), len);
	bytes_consume(out, len);
}

static void pass(struct run *r)
{
	do {
		to_server(r);
		to_client(r, SIZE_MAX);
	} while (bytes_len(&r->engine.out) > 0);
}

static void server_writes(struct run *r, const uint8_t *data, size_t len)
{
	ssize_t n = gnutls_record_send(r->peer.session, data, len);

	if (n > 0)
		must(bytes_append(&r->written, data, (size_t)n) == 0);
}

/* ------------------------------------------------------------------ damage */

/* Puts count octets at a place of what is on the way. */
static void put_in(struct bytes *out, size_t at, const uint8_t *octets, size_t count)
{
	size_t tail = bytes_len(out) - at;
	uint8_t *room = bytes_reserve(out, count);

	must(room);
	memmove(room - tail + count, room - tail, tail);
	memcpy(room - tail, octets, count);
	bytes_commit(out, count);
}

static void take_out(struct bytes *out, size_t at, size_t count)
{
	size_t tail = bytes_len(out) - at;
	uint8_t *place = out->data + out->start + at;

	if (count > tail)
		count = tail;
	memmove(place, place + count, tail - count);
	out->end -= count;
}

static void repeat(struct bytes *out, size_t at, size_t count)
{
	uint8_t copy[255];

	if (count > bytes_len(out) - at)
		count = bytes_len(out) - at;
	memcpy(copy, bytes_front(out) + at, count);
	put_in(out, at, copy, count);
}

static void damage(struct run *r, enum step step)
{
	struct bytes *out = &r->peer.out;
	size_t len = bytes_len(out), at = take_two(r), count;
	const uint8_t *octets;

	r->damaged = true;
	at = len ? at % len : 0;
	if (step == STEP_CUT) {
		out->end -= len - at;
		return;
	}
	count = take(r);
	if (step == STEP_INSERT) {
		octets = take_octets(r, &count);
		put_in(out, at, octets, count);
	} else if (len > 0 && step == STEP_FLIP) {
		out->data[out->start + at] ^= (uint8_t)count;
	} else if (len > 0 && step == STEP_REPEAT) {
		repeat(out, at, count);
	} else if (len > 0) {
		take_out(out, at, count);
	}
}

/* ------------------------------------------------------------------ steps */

static void several(struct run *r, enum step step, unsigned count, unsigned flag)
{
	gnutls_session_t s = r->peer.session;

	while (count-- > 0) {
		if (step == STEP_TICKETS && (r->head & HEAD_SERVER_TICKETS))
			gnutls_session_ticket_send(s, 1, 0);
		else if (step == STEP_UPDATES)
			gnutls_session_key_update(s, flag ? GNUTLS_KU_PEER : 0);
		else if (step == STEP_HELLO_REQUEST && (r->head & HEAD_TLS12))
			gnutls_rehandshake(s);
	}
}

/* What a server only does once it has shaken hands. */
static void server_step(struct run *r, enum step step)
{
	static const uint8_t zeros[TLS_RECORD_MAX];
	unsigned first =
		step == STEP_WRITE_LONG || step == STEP_EMPTY || step == STEP_GOODBYE ? 0 : take(r);
	unsigned second = step == STEP_UPDATES || step == STEP_ALERT ? take(r) : 0;
	size_t count = first;
	const uint8_t *octets = step == STEP_WRITE ? take_octets(r, &count) : NULL;

	if (!r->peer.ready)
		return;
	if (step == STEP_WRITE)
		server_writes(r, octets, count);
	else if (step == STEP_WRITE_LONG)
		server_writes(r, zeros, sizeof zeros);
	else if (step == STEP_EMPTY)
		gnutls_record_send(r->peer.session, "", 0);
	else if (step == STEP_ALERT)
		r->damaged |= gnutls_alert_send(r->peer.session, first, second) == 0;
	else if (step == STEP_GOODBYE)
		gnutls_bye(r->peer.session, GNUTLS_SHUT_WR);
	else
		several(r, step, first, second);
}

static void take_step(struct run *r)
{
	enum step step = take(r) % STEP_COUNT;

	switch (step) {
	case STEP_PASS:
		pass(r);
		break;
	case STEP_PASS_SOME:
		to_server(r);
		to_client(r, take(r));
		break;
	case STEP_FLIP:
	case STEP_CUT:
	case STEP_REPEAT:
	case STEP_DROP:
	case STEP_INSERT:
		damage(r, step);
		break;
	case STEP_SPOIL:
		r->damaged = true;
		r->spoil_at = (uint16_t)take_two(r);
		r->spoil_xor = take(r);
		break;
	case STEP_QUERY:
		client_query(r, take(r));
		break;
	default:
		server_step(r, step);
	}
}

/* ------------------------------------------------------------------ a run */

static const struct ticket *ticket_for(uint8_t head)
{
	return (head & HEAD_RESUME) && policy_of(head) == 0 ? kept[head & HEAD_TLS12] : NULL;
}

static void start_client(struct run *r)
{
	r->policy = stage.policies[policy_of(r->head)];
	tickets_init(&r->tickets);
	must(tls_engine_init(&r->engine, r->policy, ticket_for(r->head), &stage.addr, &r->end));
	r->progress = tls_engine_handshake(&r->engine);
	must(r->progress == TLS_PROGRESS_MORE && bytes_len(&r->engine.out) > 0);
}

/* A server that only talks too much, or is not the right one, is no broken one. */
static void check_undamaged(const struct run *r)
{
	if (r->progress != TLS_PROGRESS_END)
		must(r->engine.ready && bytes_len(&r->written) == 0);
	else if (r->engine.ready)
		must(r->end.fault == FAULT_CLOSED || r->engine.chatter_over);
	else
		must(r->end.stage == STAGE_AUTH);
}

static void run_steps(struct run *r)
{
	start_server(r);
	to_server(r);
	for (unsigned i = 0; i < STEPS_MAX && r->len > 0; i++)
		take_step(r);
	pass(r);
	if (!r->damaged)
		check_undamaged(r);
}

static void run_input(void *arg)
{
	struct run *r = arg;

	start_client(r);
	if (r->head & HEAD_RAW)
		feed_in_portions(r, r->data, r->len);
	else
		run_steps(r);
	if (r->engine.ready && r->progress != TLS_PROGRESS_END)
		tls_engine_goodbye(&r->engine);
	tickets_deinit(&r->tickets);
	tls_engine_deinit(&r->engine);
	if (r->peer.session)
		peer_deinit(&r->peer);
	bytes_free(&r->written);
}

/* ------------------------------------------------------------------ once */

/* A client of the first policy wins a ticket. */
static void win_ticket(void *arg)
{
	static const uint8_t script[] = { STEP_PASS, STEP_TICKETS, 1 };
	struct run r = { .data = script, .len = sizeof script };
	struct ticket **ret = arg;

	r.head = HEAD_SERVER_TICKETS | (ret == &kept[1] ? HEAD_TLS12 : 0);
	start_client(&r);
	run_steps(&r);
	must(r.engine.ready && r.engine.verdict.authenticated);
	*ret = tickets_take(&r.tickets, &stage.addr, r.policy->id, 1, 0);
	must(*ret);
	tickets_deinit(&r.tickets);
	tls_engine_deinit(&r.engine);
	peer_deinit(&r.peer);
	bytes_free(&r.written);
}

static void prepare(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	steady_run(SEED_STAGE, make_stage, &stage);
	for (size_t i = 0; i < 2; i++)
		steady_run(SEED_CLIENT, win_ticket, &kept[i]);
}

/*
 * GnuTLS keeps the random generators of threads that are gone until its own end: a leak, as the fuzzer
 * sees it, and looks for after each input.
 */
static void forget_threads(void)
{
	gnutls_global_deinit();
	must(gnutls_global_init() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { 0 };

	prepare();
	if (size < HEAD_LEN)
		return 0;
	r.head = data[0];
	r.chunk = data[1];
	r.data = data + HEAD_LEN;
	r.len = size - HEAD_LEN;
	steady_run(SEED_CLIENT, run_input, &r);
	forget_threads();
	return 0;
}
