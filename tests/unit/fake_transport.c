#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/unit/build.h"
#include "tests/unit/cm.h"

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ------------------------------------------------------------------ the calls into it */

static struct fake *fake_of(const struct transport *t)
{
	return container_of((uintptr_t)t, struct fake, base);
}

static struct fake *enter(const struct transport *t)
{
	struct fake *f = fake_of(t);

	assert_false(f->freed);
	assert_false(f->net->in_call);
	f->net->in_call = true;
	return f;
}

static void leave(struct fake *f)
{
	f->net->in_call = false;
}

static void assert_usable(const struct fake *f)
{
	assert_true(f->ready);
	assert_false(f->ended);
	assert_false(f->closed);
}

static bool has_room(const struct transport *t)
{
	struct fake *f = enter(t);

	assert_usable(f);
	f->starved = f->room == 0;
	leave(f);
	return !f->starved;
}

static const uint8_t *partial(const struct transport *t, size_t *ret_len)
{
	struct fake *f = enter(t);

	assert_usable(f);
	leave(f);
	*ret_len = f->partial_len;
	return f->partial_len ? f->partial : NULL;
}

static uint64_t unacked_us(struct transport *t, uint64_t now_us, uint64_t *ret_rtt_us)
{
	struct fake *f = enter(t);

	assert_usable(f);
	f->looks++;
	*ret_rtt_us = f->rtt_us;
	leave(f);
	return f->stuck_since_us ? now_us - f->stuck_since_us : 0;
}

static void keep(struct fake *f, const uint8_t *msg, size_t len)
{
	if (f->sent_count == f->sent_cap) {
		f->sent_cap = f->sent_cap ? f->sent_cap * 2 : 16;
		f->sent = must(reallocarray(f->sent, f->sent_cap, sizeof *f->sent));
	}
	f->sent[f->sent_count++] = (struct fake_message){ .bytes = exact_copy(msg, len), .len = len };
}

static int take_message(struct fake *f, const uint8_t *msg, size_t len)
{
	int error = f->send_error;

	f->send_error = 0;
	if (f->broken)
		return -EPIPE;
	if (error < 0)
		return error;
	if (f->room == 0)
		return -ENOBUFS;
	if (f->room != SIZE_MAX)
		f->room--;
	keep(f, msg, len);
	return 0;
}

static int send_message(struct transport *t, const uint8_t *msg, size_t len)
{
	struct fake *f = enter(t);
	int err;

	assert_usable(f);
	assert_true(len >= DNS_HEADER_LEN);
	assert_true(len <= f->base.info.max_message);
	err = take_message(f, msg, len);
	if (f->net->sending)
		f->net->sending(f, msg, err);
	leave(f);
	return err;
}

static void flush(struct transport *t)
{
	struct fake *f = enter(t);

	assert_usable(f);
	f->flushed = f->sent_count;
	leave(f);
}

static void close_fake(struct transport *t)
{
	struct fake *f = enter(t);

	assert_false(f->closed);
	assert_false(f->ended);
	f->closed = true;
	if (f->net->closing)
		f->net->closing(f);
	leave(f);
}

static void free_fake(struct transport *t);

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = close_fake,
	.free = free_fake,
};

/* The record stays, so that calls that come too late are seen. */
static void free_fake(struct transport *t)
{
	struct fake *f = enter(t);

	assert_false(f->in_handler);
	f->freed = true;
	memset(&f->base.info, 0xdd, sizeof f->base.info);
	f->base.info.protocol = f->base.info.cipher = NULL;
	leave(f);
}

static struct fake *add_fake(struct fake_net *n)
{
	struct fake *f = must(calloc(1, sizeof *f));

	if (n->count == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 16;
		n->fakes = must(reallocarray(n->fakes, n->cap, sizeof(struct fake *)));
	}
	n->fakes[n->count++] = f;
	n->opened++;
	return f;
}

static struct transport *open_fake(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct fake_net *n = arg;
	struct fake *f;

	assert_false(n->in_call);
	if (n->refuse || (n->refuse_family && n->refuse_family == to->sa.sa_family)) {
		n->refused++;
		*ret_end = n->refusal;
		return NULL;
	}
	f = add_fake(n);
	f->base.ops = &ops;
	f->base.info = (struct transport_info){ .stream = true, .max_message = 65535, .protocol = "", .cipher = "" };
	f->stream = true;
	f->net = n;
	f->to = *to;
	f->handler = handler;
	f->handler_arg = handler_arg;
	f->room = SIZE_MAX;
	f->opened_us = turn_now_us(&n->turn);
	return &f->base;
}

static struct transport *open_datagrams(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct transport *t = open_fake(arg, to, handler, handler_arg, ret_end);

	if (!t)
		return NULL;
	t->info.stream = fake_of(t)->stream = false;
	t->info.max_message = FAKE_DATAGRAM_MAX;
	return t;
}

struct transport_opener fake_datagram_opener(struct fake_net *n)
{
	return (struct transport_opener){ .open = open_datagrams, .arg = n };
}

struct transport_opener fake_opener(struct fake_net *n)
{
	return (struct transport_opener){ .open = open_fake, .arg = n };
}

/* ------------------------------------------------------------------ clock and random numbers */

static uint64_t read_clock(void *arg)
{
	const struct fake_net *n = arg;

	return n->clock_us;
}

/* splitmix64: any seed will do. */
static uint64_t next_noise(struct fake_net *n)
{
	uint64_t z = n->noise += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void fill(void *arg, void *buf, size_t len)
{
	uint8_t *out = buf;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)next_noise(arg);
}

/* The log's texts are made, and go nowhere. */
static void silence_log(void)
{
	static int fd = -1;

	if (fd >= 0)
		return;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_open(fd, LOG_LEVEL_DEBUG, false);
}

void fake_net_init(struct fake_net *n, uint64_t seed)
{
	memset(n, 0, sizeof *n);
	silence_log();
	n->clock_us = FAKE_START_US;
	n->noise = seed;
	n->random = (struct random_source){ .fill = fill, .arg = n };
	n->refusal = (struct transport_end){ .stage = STAGE_ROUTE, .fault = FAULT_LOCAL, .text = "no route" };
	turn_init(&n->turn, (struct turn_clock){ read_clock, n });
	turn_begin(&n->turn);
}

static void free_bytes(struct fake_net *n)
{
	for (size_t i = 0; i < n->lent_count; i++)
		free(n->lent[i]);
	n->lent_count = 0;
}

static void discard(struct fake *f)
{
	for (size_t i = 0; i < f->sent_count; i++)
		free(f->sent[i].bytes);
	free(f->sent);
	free(f);
}

void fake_sweep(struct fake_net *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		if (n->fakes[i]->freed)
			discard(n->fakes[i]);
		else
			n->fakes[kept++] = n->fakes[i];
	}
	n->count = kept;
}

void fake_net_deinit(struct fake_net *n)
{
	turn_deinit(&n->turn);
	for (size_t i = 0; i < n->count; i++)
		assert_true(n->fakes[i]->freed);
	fake_sweep(n);
	free_bytes(n);
	free(n->fakes);
	free(n->lent);
}

struct session_setup fake_setup(struct fake_net *n)
{
	return (struct session_setup){
		.turn = &n->turn,
		.random = &n->random,
		.stats = &n->stats,
		.opener = fake_opener(n),
		.form = { .udp_size = 4096, .keepalive = true, .subnet_family = 1, .pad_block = 128 },
		.max_inflight = 100,
		.scratch = n->scratch,
	};
}

struct fake *fake_at(struct fake_net *n, long i)
{
	size_t at = i < 0 ? n->count - (size_t)-i : (size_t)i;

	if (at >= n->count)
		fail_msg("transport %ld of %zu", i, n->count);
	return n->fakes[at];
}

size_t fake_open_count(const struct fake_net *n)
{
	size_t open = 0;

	for (size_t i = 0; i < n->count; i++)
		open += !n->fakes[i]->ended && !n->fakes[i]->closed && !n->fakes[i]->freed;
	return open;
}

/* ------------------------------------------------------------------ turns */

static void end_turn(struct fake_net *n)
{
	turn_end(&n->turn);
	assert_int_equal(n->turn.rounds_exceeded, 0);
	for (size_t i = 0; i < n->count; i++)
		assert_int_equal(n->fakes[i]->flushed, n->fakes[i]->sent_count);
	free_bytes(n);
}

void fake_turn(struct fake_net *n)
{
	unsigned turns = 0;

	do {
		end_turn(n);
		turn_begin(&n->turn);
		assert_true(++turns < 1000); /* somebody feeds himself */
	} while (turn_has_ready(&n->turn));
}

bool fake_next_timer(struct fake_net *n)
{
	fake_turn(n);
	if (n->turn.timers.count == 0)
		return false;
	n->clock_us = timerq_next_us(&n->turn.timers);
	end_turn(n);
	turn_begin(&n->turn);
	fake_turn(n);
	return true;
}

void fake_wait(struct fake_net *n, uint64_t us)
{
	uint64_t until;

	fake_turn(n);
	until = n->clock_us + us;
	while (timerq_next_us(&n->turn.timers) <= until)
		fake_next_timer(n);
	n->clock_us = until;
	fake_turn(n);
}

/* ------------------------------------------------------------------ what the peer does */

static void assert_may_speak(const struct fake *f)
{
	assert_false(f->net->in_call);
	assert_false(f->in_handler);
	assert_false(f->ended);
	assert_false(f->closed);
	assert_false(f->freed);
}

void fake_establish(struct fake *f)
{
	assert_may_speak(f);
	assert_false(f->established);
	f->established = true;
	f->in_handler = true;
	f->handler->established(f->handler_arg);
	f->in_handler = false;
}

void fake_ready(struct fake *f)
{
	if (!f->established)
		fake_establish(f);
	assert_may_speak(f);
	assert_false(f->ready);
	f->ready = true;
	f->base.info.authenticated = true;
	f->base.info.protocol = FAKE_PROTOCOL;
	f->base.info.cipher = "AES-128-GCM";
	f->in_handler = true;
	f->handler->ready(f->handler_arg);
	f->in_handler = false;
}

static const uint8_t *lend(struct fake_net *n, const uint8_t *bytes, size_t len)
{
	if (n->lent_count == n->lent_cap) {
		n->lent_cap = n->lent_cap ? n->lent_cap * 2 : 64;
		n->lent = must(reallocarray(n->lent, n->lent_cap, sizeof(void *)));
	}
	return n->lent[n->lent_count++] = exact_copy(bytes, len);
}

void fake_deliver(struct fake *f, const uint8_t *msg, size_t len)
{
	assert_may_speak(f);
	assert_true(f->ready);
	f->in_handler = true;
	f->handler->message(f->handler_arg, lend(f->net, msg, len), len);
	f->in_handler = false;
}

static void tell_end(struct fake *f, struct transport_end *end)
{
	assert_may_speak(f);
	f->ended = true;
	f->in_handler = true;
	f->handler->ended(f->handler_arg, end);
	f->in_handler = false;
}

void fake_end(struct fake *f, enum transport_fault fault, enum transport_stage stage)
{
	struct transport_end end = { .stage = stage, .fault = fault, .text = "the test says so" };

	tell_end(f, &end);
}

void fake_end_cut(struct fake *f, enum transport_fault fault, const uint8_t *partial, size_t len)
{
	uint8_t *copy = exact_copy(partial, len);
	struct transport_end end = {
		.stage = STAGE_DNS, .fault = fault, .partial = copy, .partial_len = len, .text = "cut",
	};

	tell_end(f, &end);
	free(copy);
}

void fake_doubt(struct fake *f)
{
	assert_may_speak(f);
	f->in_handler = true;
	f->handler->doubted(f->handler_arg, "the test doubts it");
	f->in_handler = false;
}

void fake_room(struct fake *f, size_t messages)
{
	assert_may_speak(f);
	f->room = messages;
	if (!f->starved || messages == 0)
		return;
	f->starved = false;
	f->in_handler = true;
	f->handler->room(f->handler_arg);
	f->in_handler = false;
}

/* ------------------------------------------------------------------ answers */

static size_t question_end(const uint8_t *msg)
{
	return DNS_HEADER_LEN + name_len(msg + DNS_HEADER_LEN) + 4;
}

/* FNV-1a of a folded name. */
static uint32_t name_hash(const uint8_t *name)
{
	uint8_t folded[DNS_NAME_MAX];
	size_t len = name_len(name);
	uint32_t hash = 2166136261u;

	name_fold(folded, name, len);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ folded[i]) * 16777619u;
	return hash;
}

size_t fake_answer(const struct fake_message *query, const char *options, uint8_t *out)
{
	struct wire_writer w = wire_writer(out, FAKE_ANSWER_MAX);
	const uint8_t *q = query->bytes;

	put_header(&w, wire_get16(q), 0x8180, 1);
	wire_write(&w, q + DNS_HEADER_LEN, question_end(q) - DNS_HEADER_LEN);
	put_record(&w, DNS_ANSWER, 12, DNS_TYPE_A, 4, 0);
	wire_put32(out + w.pos - 4, name_hash(q + DNS_HEADER_LEN));
	if (options)
		put_opt(&w, options);
	assert_false(w.bad);
	return w.pos;
}

struct fake_message *fake_sent(struct fake *f, long i)
{
	size_t at = i < 0 ? f->sent_count - (size_t)-i : (size_t)i;

	if (at >= f->sent_count)
		fail_msg("message %ld of %zu", i, f->sent_count);
	return &f->sent[at];
}

void fake_answer_nth(struct fake *f, long i)
{
	struct fake_message *query = fake_sent(f, i);
	uint8_t out[FAKE_ANSWER_MAX];

	query->answered = true;
	fake_deliver(f, out, fake_answer(query, FAKE_NO_OPT, out));
}

/* ------------------------------------------------------------------ requests */

static void on_done(struct request *r)
{
	struct ask *a = container_of(r, struct ask, request);

	a->done++;
	if (r->answered && !ask_is_answered_right(r, &r->answer))
		a->wrong++;
}

void ask_init(struct ask *a, unsigned number)
{
	char text[32];

	memset(a, 0, sizeof *a);
	snprintf(text, sizeof text, "n%u.example.com", number);
	a->request.query.question = (struct dns_question){
		.name = a->name,
		.name_len = (uint8_t)name_from_text(text, a->name),
		.type = DNS_TYPE_A,
		.class = DNS_CLASS_IN,
	};
	a->request.done = on_done;
}

bool ask_is_answered_right(const struct request *r, const struct dns_message *answer)
{
	struct record_walk w = record_walk(answer);
	struct dns_record rec;

	return question_equal(&answer->question, &r->query.question) && record_next(&w, &rec) &&
		rec.type == DNS_TYPE_A && rec.end - rec.rdata == 4 &&
		wire_get32(answer->data + rec.rdata) == name_hash(r->query.question.name);
}

bool ask_is_in(const struct request *r, const struct fake_message *query)
{
	const uint8_t *name = query->bytes + DNS_HEADER_LEN;

	return name_len(name) == r->query.question.name_len &&
		name_equal(name, r->query.question.name, r->query.question.name_len);
}
