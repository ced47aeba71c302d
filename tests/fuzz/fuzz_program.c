/*
 * The way of a query as a whole, with everything but sockets and TLS: clients' messages go in, upstream connections in
 * memory answer or fail as the input says, time passes.  Each query that is not dropped has exactly one reply, which is
 * well formed and has its id; nothing is left over at the end.
 *
 * The input is a row of steps: an octet that says which, then what it takes.
 */
#include <errno.h>
#include <string.h>

#include "common/cache/cache.h"
#include "proxy/client/query.h"
#include "proxy/loop.h"
#include "proxy/upstream/pool.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_transport.h"

#define CLIENTS	    24u
#define REPLY_MAX   65535u
#define STEPS_MAX   200u
#define MESSAGE_MAX 4096u
#define NAMES	    6u

static const char conf[] =
	"forward = [ \"tls://192.0.2.1#dns.test\", \"tls://192.0.2.2#dns.test\" ]\n"
	"record = [ \"nas.lan A 192.168.1.5\", \"n3.test CNAME n4.test\" ]\nhosts = [ ]\n"
	"private-address = [ \"all\" ]\ndns64 = \"64:ff9b::/96\"\n";

/* Who asked: a place to reply to. */
struct client {
	struct origin origin; /* of what was begun, it is query.c's copy that counts */
	uint16_t id;
	bool waits;
	unsigned replies;
};

struct input {
	const uint8_t *data;
	size_t size, at;
};

static struct fake_net net;
static struct loop loop;
static struct config *config;
static struct cache *cache;
static struct pool pool;
static struct upstream upstreams[2];
static struct lookups lookups;
static struct local local;
static struct queries queries;
static struct client clients[CLIENTS];
static uint8_t reply[REPLY_MAX];

/* ------------------------------------------------------------------ the input */

static uint8_t take(struct input *in)
{
	return in->at < in->size ? in->data[in->at++] : 0;
}

/* A copy of its own size, so that a sanitizer sees its end. */
static uint8_t *take_bytes(struct input *in, size_t max, size_t *ret_len)
{
	size_t len = (size_t)take(in) << 4 | take(in) >> 4;
	uint8_t *copy;

	if (len > in->size - in->at)
		len = in->size - in->at;
	if (len > max)
		len = max;
	copy = malloc(len ? len : 1);
	must(copy);
	memcpy(copy, in->data + in->at, len);
	in->at += len;
	*ret_len = len;
	return copy;
}

/* ------------------------------------------------------------------ clients */

static uint8_t *reserve(struct origin *o, size_t len)
{
	(void)o;
	return len <= sizeof reply ? reply : NULL;
}

static void commit(struct origin *o, size_t len)
{
	struct client *c = o->owner;
	struct dns_message m;

	must(len >= DNS_HEADER_LEN && (len <= 65535));
	must(message_parse(reply, len, &m) == MESSAGE_OK);
	must(m.flags & DNS_QR && m.id == c->id);
	c->replies++;
}

static void begun(struct origin *o)
{
	((struct client *)o->owner)->waits = true;
}

static void ended(struct origin *o)
{
	((struct client *)o->owner)->waits = false;
}

static const struct origin_ops ops = { reserve, commit, begun, ended };

static struct client *free_client(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!clients[i].waits)
			return &clients[i];
	return NULL;
}

static void ask(const uint8_t *msg, size_t len, bool stream)
{
	struct client *c = free_client();
	enum query_verdict verdict;

	if (!c)
		return;
	*c = (struct client){ .origin = { .ops = &ops, .owner = c, .stream = stream } };
	must(addr_parse("127.0.0.1:53", 12, 53, false, &c->origin.peer));
	c->id = len >= 2 ? (uint16_t)(msg[0] << 8 | msg[1]) : 0;
	verdict = query_start(&queries, &c->origin, msg, len);
	must(c->replies == (verdict == QUERY_REPLIED));
	must(c->waits == (verdict == QUERY_BEGUN));
}

static void ask_bytes(struct input *in)
{
	bool stream = take(in) & 1;
	size_t len;
	uint8_t *msg = take_bytes(in, MESSAGE_MAX, &len);

	ask(msg, len, stream);
	free(msg);
}

/* Of a few names and types, so that some are equal, and found again. */
static void ask_well(struct input *in)
{
	static const uint8_t types[] = { 1, 28, 16, 255, 12, 43, 33, 65 };
	uint8_t what = take(in), how = take(in), msg[64] = { 0 };
	size_t len = DNS_HEADER_LEN;

	memcpy(msg, (uint8_t[]){ what, how, 1, 0, 0, 1, 0, 0, 0, 0, 0, how & 1 }, 12);
	msg[3] = how & 0x30; /* AD, CD */
	memcpy(msg + len, "\2n0\4test", 9);
	msg[len + 2] = (uint8_t)('0' + what % NAMES);
	len += 9;
	memcpy(msg + len, (uint8_t[]){ 0, types[what >> 5], 0, 1 }, 4);
	len += 4;
	if (how & 1) {
		memcpy(msg + len, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
		msg[len + 7] = how & 0x80;
		len += 11;
	}
	ask(msg, len, how & 2);
}

/* ------------------------------------------------------------------ upstreams */

static struct fake *some_connection(struct input *in)
{
	size_t open = fake_open_count(&net), nth = open ? take(in) % open : 0;

	for (size_t i = 0; open && i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (!f->ended && !f->closed && !f->freed && nth-- == 0)
			return f;
	}
	return NULL;
}

static struct fake *some_ready(struct input *in)
{
	struct fake *f = some_connection(in);

	return f && f->ready && f->sent_count > 0 ? f : NULL;
}

static void answer_well(struct input *in)
{
	struct fake *f = some_ready(in);

	if (f)
		fake_answer_nth(f, (long)(take(in) % f->sent_count));
}

/* Octets of the input behind the question of what was asked, with its id: as hostile as a server can be. */
static void answer_bytes(struct input *in)
{
	struct fake *f = some_ready(in);
	const struct fake_message *query;
	uint8_t answer[DNS_HEADER_LEN + 300 + MESSAGE_MAX], how;
	size_t len, question;
	uint8_t *rest;

	if (!f)
		return;
	query = fake_sent(f, (long)(take(in) % f->sent_count));
	how = take(in);
	rest = take_bytes(in, MESSAGE_MAX, &len);
	question = how & 1 ? DNS_HEADER_LEN + name_len(query->bytes + DNS_HEADER_LEN) + 4 : 2;
	memcpy(answer, query->bytes, question);
	if (how & 1)
		memcpy(answer + 2,
			(uint8_t[]){ 0x81, 0x80 | (how >> 4), 0, 1, 0, how >> 1 & 1, 0,
				how >> 2 & 1, 0, how >> 3 & 1 },
			10);
	memcpy(answer + question, rest, len);
	free(rest);
	fake_deliver(f, answer, question + len);
}

static void become_ready(struct input *in)
{
	struct fake *f = some_connection(in);

	if (f && !f->ready)
		fake_ready(f);
}

static void break_connection(struct input *in)
{
	struct fake *f = some_connection(in);
	uint8_t how = take(in);

	if (f && how & 1)
		fake_end(f, f->ready ? FAULT_CLOSED : FAULT_TIMEOUT,
			f->ready ? STAGE_DNS : STAGE_TCP);
	else if (f)
		fake_end(f, FAULT_RESET, f->ready ? STAGE_DNS : STAGE_TLS);
}

/* ------------------------------------------------------------------ time */

static uint64_t clock_us(void *arg)
{
	(void)arg;
	return net.clock_us;
}

static uint32_t clock_s(void *arg)
{
	(void)arg;
	return (uint32_t)(net.clock_us / SEC) + 1000;
}

/* Deadlines are the loop's, all else is the net's. */
static void turn(void)
{
	fake_turn(&net);
	turn_begin(&loop.turn);
	turn_end(&loop.turn);
	fake_turn(&net);
}

static void pass(uint64_t us)
{
	for (; us > 0; us -= us < 100 * MS ? us : 100 * MS) {
		fake_wait(&net, us < 100 * MS ? us : 100 * MS);
		turn();
	}
}

/* ------------------------------------------------------------------ all of it */

static void begin_upstreams(void)
{
	static const char *const names[] = { "192.0.2.1:853", "192.0.2.2:853" };
	struct addr address;

	memset(&pool, 0, sizeof pool);
	memset(upstreams, 0, sizeof upstreams);
	for (unsigned i = 0; i < 2; i++) {
		upstreams[i].session = fake_setup(&net);
		upstreams[i].connections = 2;
		upstreams[i].label = names[i];
		pool.upstreams[i] = &upstreams[i];
	}
	pool.count = 2;
	pool_init(&pool);
	for (unsigned i = 0; i < 2; i++) {
		must(addr_parse(names[i], strlen(names[i]), 853, false, &address));
		upstream_set_addresses(&upstreams[i], &address, 1);
	}
	pool.cache_policy = 1;
}

static bool is_refused(void *arg, const struct dns_question *q, const struct dns_message *answer)
{
	return local_refuses(arg, q, answer);
}

/* Once: it is read only. */
static void read_config(void)
{
	struct config_errors errors = { 0 };

	if (config)
		return;
	config = config_load(conf, sizeof conf - 1, "fuzz", NULL, &errors);
	must(config);
	config_errors_free(&errors);
}

static void begin(void)
{
	static const uint8_t key[SUFFIX_KEY];
	struct cache_settings settings = {
		.size = CACHE_SIZE_MIN, .max_ttl_s = 86400, .stale_s = 86400
	};
	struct lookups_setup setup;

	read_config();
	fake_net_init(&net, 7);
	memset(clients, 0, sizeof clients);
	memset(&loop, 0, sizeof loop);
	turn_init(&loop.turn, (struct turn_clock){ clock_us, NULL });
	loop.random = net.random;
	cache = cache_new(&settings);
	must(cache);
	begin_upstreams();
	setup = (struct lookups_setup){ .max = 16,
		.turn = &net.turn,
		.stats = &net.stats,
		.random = &net.random,
		.routes = { .forward = &pool },
		.cache = cache,
		.boottime_s = clock_s,
		.timeout_us = 4 * SEC,
		.prefetch = true,
		.refused = is_refused,
		.refused_arg = &local };
	lookups_init(&lookups, &setup);
	must(local_init(&local, config, &loop.stats, key) == 0);
	local.routes = setup.routes;
	must(queries_init(&queries, &loop, config, &lookups, &local) == 0);
}

static void end(void)
{
	pass(5 * SEC); /* every deadline */
	must(queries_inflight(&queries) == 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		must(!clients[i].waits && clients[i].replies <= 1);
	queries_deinit(&queries);
	local_deinit(&local);
	lookups_deinit(&lookups);
	pool_deinit(&pool);
	turn_deinit(&loop.turn);
	fake_net_deinit(&net);
	cache_free(cache);
}

static void (*const steps[])(struct input *in) = { ask_bytes, ask_well, ask_well, answer_well,
	answer_bytes, become_ready, become_ready, break_connection };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size, 0 };

	begin();
	for (unsigned i = 0; in.at < in.size && i < STEPS_MAX; i++) {
		uint8_t step = take(&in);

		if (step & 0x80)
			pass((uint64_t)(step & 0x3f) * 20 * MS);
		else
			steps[step % (sizeof steps / sizeof *steps)](&in);
		turn();
	}
	end();
	return 0;
}
