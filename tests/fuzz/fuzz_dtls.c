/*
 * What anyone may send to a DTLS client: any datagrams, and those of a real server lost, doubled, late, cut,
 * damaged.  Nothing is opened that the server has not written, nor twice; nobody is taken for the server
 * who is not; once ready, only the server ends it; what is sent and kept is bounded.
 */
#include "tests/fuzz/dtls_stage.h"

#include "common/dns/wire.h"

#define STEPS_MAX   64u
#define WRITTEN_MAX 512u

static struct stage stage;
static struct ticket *kept; /* by the first policy */

struct run {
	const uint8_t *data; /* not done yet */
	size_t len;
	uint8_t head;
	const struct tls_policy *policy;
	struct dtls_engine engine;
	struct transport_end end;
	enum tls_progress progress; /* END: the client is gone */
	struct tickets tickets;
	struct dtls_peer peer;
	/* Lengths and first octets would do to tell messages apart; a number is simpler. */
	uint32_t written; /* messages, each of which begins with its number */
	bool opened[WRITTEN_MAX];
	bool damaged;	   /* not all that the server said came as it was meant, and once */
	bool server_ended; /* it said something that may end the session */
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
	const struct tls_engine *e = &r->engine.tls;

	must(e->verdict.authenticated || !r->policy->strict);
	must(e->verdict.authenticated || e->reason[0] || e->resumed);
	must(e->judged || e->resumed);
	must(!e->judged || e->verdict.policy == r->policy->id);
	must(e->chatter_row <= TLS_CHATTER_ROW);
	must(dtls_engine_message_max(&r->engine) + DTLS_OVERHEAD >= 128);
}

static void check_end(const struct run *r)
{
	bool ready = r->engine.tls.ready;

	must(r->end.text[0]);
	must(memchr(r->end.text, '\0', sizeof r->end.text));
	must((r->end.stage == STAGE_DNS) == ready);
	must(r->end.stage == STAGE_TLS || r->end.stage == STAGE_AUTH || r->end.stage == STAGE_DNS);
	/* Of datagrams in raw only those of the recorded server can be genuine. */
	must(!ready || r->server_ended || (r->head & HEAD_RAW));
	must(!ready || r->end.fault == FAULT_CLOSED || r->end.fault == FAULT_RESET);
}

static void check_message(struct run *r, const uint8_t *msg, size_t len)
{
	uint32_t number;

	must(r->engine.tls.ready);
	if (r->head & HEAD_RAW)
		return;
	must(len >= sizeof number);
	memcpy(&number, msg, sizeof number);
	must(number < r->written && !r->opened[number]);
	r->opened[number] = true;
}

static void check_plain(struct run *r)
{
	struct bytes *plain = &r->engine.tls.plain;

	while (bytes_len(plain) > 0) {
		size_t len;

		must(bytes_len(plain) > DTLS_PLAIN_PREFIX);
		len = wire_get16(bytes_front(plain));
		must(len > 0 && len <= bytes_len(plain) - DTLS_PLAIN_PREFIX);
		check_message(r, bytes_front(plain) + DTLS_PLAIN_PREFIX, len);
		bytes_consume(plain, DTLS_PLAIN_PREFIX + len);
	}
}

static void check_tickets(struct run *r)
{
	struct tls_engine *e = &r->engine.tls;

	must(!e->ticket_came || r->policy->tickets);
	if (r->progress == TLS_PROGRESS_END || !e->ready || !e->ticket_came)
		return;
	tls_engine_keep_ticket(e, &r->tickets, 1);
	must(r->tickets.count <= TICKETS_EACH);
}

static void check_client(struct run *r)
{
	const struct dtls_engine *e = &r->engine;

	if (r->progress == TLS_PROGRESS_END)
		check_end(r);
	else if (e->tls.ready)
		check_ready(r);
	else
		must(r->progress == TLS_PROGRESS_MORE);
	must(e->tls.in_len == 0);
	must(e->out.count <= DATAGRAMS_MAX);
	must(bytes_len(&e->out.octets) <= DATAGRAMS_OCTETS_MAX);
	check_plain(r);
	check_tickets(r);
}

static void feed(struct run *r, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	must(copy);
	memcpy(copy, data, len);
	if (r->progress != TLS_PROGRESS_END)
		r->progress = dtls_engine_feed(&r->engine, copy, len);
	check_client(r);
	free(copy);
}

static void client_looks(struct run *r)
{
	if (r->progress != TLS_PROGRESS_MORE)
		return;
	r->progress = dtls_engine_handshake(&r->engine);
	check_client(r);
}

static void client_query(struct run *r, size_t count)
{
	static const uint8_t zeros[256];
	int err;

	if (!r->engine.tls.ready || r->progress == TLS_PROGRESS_END)
		return;
	err = dtls_engine_seal(&r->engine, zeros, count + 1);
	must(err == 0 || r->engine.out.count > 0 ||
		count + 1 > dtls_engine_message_max(&r->engine));
}

/* ------------------------------------------------------------------ on the way */

static void to_server(struct run *r)
{
	struct datagrams *out = &r->engine.out;
	uint8_t query[512];

	while (out->count > 0) {
		must(out->len[0] <= payload_of(0));
		dtls_peer_feed(&r->peer, bytes_front(&out->octets), out->len[0]);
		datagrams_consume(out, 1);
		while (dtls_peer_read(&r->peer, query, sizeof query) > 0)
			;
	}
}

static void to_client(struct run *r, unsigned count)
{
	struct datagrams *out = &r->peer.out;

	for (; count > 0 && out->count > 0; count--) {
		uint8_t copy[4096];
		size_t len = out->len[0];

		must(len <= sizeof copy);
		memcpy(copy, bytes_front(&out->octets), len);
		datagrams_consume(out, 1);
		feed(r, copy, len);
	}
}

static void pass(struct run *r)
{
	do {
		to_server(r);
		to_client(r, DATAGRAMS_MAX);
	} while (r->engine.out.count > 0);
}

/* The datagram at this place, taken out; 0: there is none. */
static size_t take_out(struct datagrams *d, unsigned place, uint8_t out[4096])
{
	struct datagrams rest = { .count = 0 };
	const uint8_t *at = bytes_front(&d->octets);
	size_t len = 0;

	if (d->count == 0)
		return 0;
	place %= d->count;
	for (unsigned i = 0; i < d->count; at += d->len[i++]) {
		if (i != place) {
			must(datagrams_put(&rest, at, d->len[i]));
			continue;
		}
		len = d->len[i];
		must(len <= 4096);
		memcpy(out, at, len);
	}
	datagrams_free(d);
	*d = rest;
	return len;
}

static void put_twice(struct datagrams *d, const uint8_t *data, size_t len)
{
	datagrams_put(d, data, len);
	datagrams_put(d, data, len);
}

/* As long as both have room. */
static size_t join(struct datagrams *d, unsigned place, uint8_t octets[4096], size_t len)
{
	uint8_t next[4096];
	size_t more = take_out(d, place, next);

	if (len + more > 4096)
		return 0;
	memcpy(octets + len, next, more);
	return more;
}

static size_t cut_at(size_t at, size_t len)
{
	return len ? at % len : 0;
}

/* What comes of it goes behind the others: the order is a damage, too. */
static void damage(struct run *r, enum dstep step)
{
	struct datagrams *d = &r->peer.out;
	uint8_t octets[4096];
	unsigned place = take(r);
	size_t at = step == DSTEP_FLIP || step == DSTEP_CUT ? take_two(r) : 0;
	uint8_t xor = step == DSTEP_FLIP ? take(r) : 0;
	size_t len = take_out(d, place, octets);

	r->damaged = true;
	if (len == 0 || step == DSTEP_DROP)
		return;
	if (step == DSTEP_FLIP)
		octets[at % len] ^= xor;
	if (step == DSTEP_CUT)
		len = cut_at(at, len);
	if (step == DSTEP_JOIN)
		len += join(d, place, octets, len);
	if (step == DSTEP_TWICE)
		put_twice(d, octets, len);
	else if (len > 0)
		datagrams_put(d, octets, len);
}

/* ------------------------------------------------------------------ steps */

static void server_writes(struct run *r, const uint8_t *octets, size_t count)
{
	uint8_t msg[4 + 255];

	if (!r->peer.tls.ready || r->written == WRITTEN_MAX)
		return;
	memcpy(msg, &r->written, 4);
	memcpy(msg + 4, octets, count);
	if (gnutls_record_send(r->peer.tls.session, msg, 4 + count) > 0)
		r->written++;
}

static void server_step(struct run *r, enum dstep step)
{
	unsigned level = step == DSTEP_ALERT ? take(r) : 0,
		 what = step == DSTEP_ALERT ? take(r) : 0;
	gnutls_session_t s = r->peer.tls.session;

	if (!r->peer.tls.ready)
		return;
	r->server_ended = true; /* even warnings, if there are many */
	if (step == DSTEP_ALERT)
		gnutls_alert_send(s, level, what);
	else if (step == DSTEP_HELLO_REQUEST)
		gnutls_rehandshake(s);
	else
		gnutls_bye(s, GNUTLS_SHUT_WR);
}

static void strangers_step(struct run *r, enum dstep step)
{
	uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 0 };
	const uint8_t *octets = alert;
	size_t count = sizeof alert;
	bool ready = r->engine.tls.ready && r->progress != TLS_PROGRESS_END;

	if (step == DSTEP_ALERT_CLEAR) {
		alert[4] = take(r) % 3;
		alert[14] = take(r);
	} else {
		count = take(r);
		octets = take_octets(r, &count);
		r->damaged = true;
	}
	feed(r, octets, count);
	must(!ready || r->progress == TLS_PROGRESS_DONE);
}

static void time_goes_on(struct run *r)
{
	r->damaged = true; /* what is said twice comes twice */
	steady_advance(100u * take(r));
	client_looks(r);
	dtls_peer_tick(&r->peer);
}

static void take_step(struct run *r)
{
	enum dstep step = take(r) % DSTEP_COUNT;
	const uint8_t *octets;
	size_t count;

	switch (step) {
	case DSTEP_PASS:
		pass(r);
		break;
	case DSTEP_PASS_SOME:
		to_server(r);
		to_client(r, take(r));
		break;
	case DSTEP_FLIP:
	case DSTEP_CUT:
	case DSTEP_DROP:
	case DSTEP_TWICE:
	case DSTEP_LAST:
	case DSTEP_JOIN:
		damage(r, step);
		break;
	case DSTEP_INSERT:
	case DSTEP_ALERT_CLEAR:
		strangers_step(r, step);
		break;
	case DSTEP_LOSE:
		r->damaged = true;
		datagrams_consume(&r->engine.out, r->engine.out.count);
		break;
	case DSTEP_TIME:
		time_goes_on(r);
		break;
	case DSTEP_WRITE:
		count = take(r);
		octets = take_octets(r, &count);
		server_writes(r, octets, count);
		break;
	case DSTEP_QUERY:
		client_query(r, take(r));
		break;
	default:
		server_step(r, step);
	}
}

/* ------------------------------------------------------------------ a run */

static void start_client(struct run *r, size_t payload)
{
	bool resumes = (r->head & HEAD_RESUME) && policy_of(r->head) == 0;

	r->policy = stage.policies[policy_of(r->head)];
	tickets_init(&r->tickets);
	must(dtls_engine_init(
		&r->engine, r->policy, resumes ? kept : NULL, &stage.addr, &r->end, payload));
	r->progress = dtls_engine_handshake(&r->engine);
	must(r->progress == TLS_PROGRESS_MORE && r->engine.out.count > 0);
}

/* On a good path there is an end only if the server wants it, or is not the right one. */
static void check_undamaged(const struct run *r)
{
	if (r->progress == TLS_PROGRESS_END) {
		must(r->engine.tls.ready ? r->server_ended : r->end.stage == STAGE_AUTH);
		return;
	}
	must(r->engine.tls.ready && r->peer.tls.ready);
	for (uint32_t i = 0; i < r->written; i++)
		must(r->opened[i]);
}

static void run_steps(struct run *r)
{
	stage_dtls_server(&stage, r->head, &r->peer);
	for (unsigned i = 0; i < STEPS_MAX && r->len > 0; i++)
		take_step(r);
	/* What a full queue did not take is lost. */
	if (r->peer.out.count == DATAGRAMS_MAX || r->engine.out.count == DATAGRAMS_MAX)
		r->damaged = true;
	pass(r);
	if (!r->damaged)
		check_undamaged(r);
	dtls_peer_deinit(&r->peer);
}

static void run_raw(struct run *r)
{
	while (r->len > 0) {
		size_t len = take_two(r);
		const uint8_t *octets = take_octets(r, &len);

		feed(r, octets, len);
	}
}

static void end_client(struct run *r)
{
	if (r->engine.tls.ready && r->progress != TLS_PROGRESS_END)
		dtls_engine_goodbye(&r->engine);
	tickets_deinit(&r->tickets);
	dtls_engine_deinit(&r->engine);
}

static void run_input(void *arg)
{
	struct run *r = arg;
	size_t payload = payload_of(r->data[-1]);

	start_client(r, payload);
	if (r->head & HEAD_RAW)
		run_raw(r);
	else
		run_steps(r);
	end_client(r);
}

/* ------------------------------------------------------------------ once */

static void win_ticket(void *arg)
{
	static const uint8_t script[] = { DSTEP_PASS };
	struct run r = { .data = script, .len = sizeof script, .head = HEAD_SERVER_TICKETS };

	(void)arg;
	start_client(&r, payload_of(0));
	run_steps(&r);
	must(r.engine.tls.ready && r.engine.tls.verdict.authenticated);
	kept = tickets_take(&r.tickets, &stage.addr, r.policy->id, 1, 0);
	must(kept);
	end_client(&r);
}

static void prepare(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	steady_run(SEED_STAGE, make_stage, &stage);
	steady_run(SEED_CLIENT, win_ticket, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { 0 };

	prepare();
	if (size < HEAD_LEN)
		return 0;
	r.head = data[0];
	r.data = data + HEAD_LEN;
	r.len = size - HEAD_LEN;
	steady_run(SEED_CLIENT, run_input, &r);
	/* GnuTLS keeps the random generators of threads that are gone until its own end. */
	gnutls_global_deinit();
	must(gnutls_global_init() == 0);
	return 0;
}
