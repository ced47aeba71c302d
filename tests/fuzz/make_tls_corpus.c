/*
 * Makes the seeds of fuzz_tls: scripts written by hand here, and what servers said to the ClientHello
 * that the harness makes, recorded.  usage: make_tls_corpus FOLDER
 */
#include "tests/fuzz/tls_stage.h"

static struct stage stage;

static void write_seed(const char *folder, const char *name, uint8_t head, uint8_t chunk,
	const void *data, size_t len)
{
	const uint8_t first[HEAD_LEN] = { head, chunk };
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "wb");
	must(f);
	must(fwrite(first, 1, sizeof first, f) == sizeof first);
	must(fwrite(data, 1, len, f) == len);
	must(fclose(f) == 0);
}

/* ------------------------------------------------------------------ scripts */

/* An answer with its length in front, as DNS over TLS has it. */
#define ANSWER                                                                                     \
	STEP_WRITE, 31, 0, 29, 0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm',    \
		'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1
#define HALF_ANSWER STEP_WRITE, 9, 0, 29, 0, 1, 0x81, 0x80, 0, 1, 0

static const struct {
	const char *name;
	uint8_t chunk;
	uint8_t steps[120];
	size_t len;
} scripts[] = {
#define SCRIPT(name, chunk, ...)                                                                   \
	name, chunk, { __VA_ARGS__ }, sizeof(uint8_t[])                                            \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
	{ SCRIPT("talk", 0, STEP_PASS, STEP_QUERY, 40, STEP_PASS, ANSWER, ANSWER, STEP_PASS) },
	{ SCRIPT("octets", 1, STEP_PASS, STEP_QUERY, 128, STEP_PASS, ANSWER, STEP_GOODBYE) },
	{ SCRIPT("tickets", 0, STEP_PASS, STEP_TICKETS, 3, STEP_PASS, ANSWER) },
	{ SCRIPT("many-tickets", 0, STEP_PASS, STEP_TICKETS, 64, ANSWER, STEP_PASS, STEP_TICKETS,
		65, ANSWER) },
	{ SCRIPT("updates", 0, STEP_PASS, STEP_UPDATES, 1, 1, STEP_PASS, STEP_QUERY, 9, ANSWER,
		STEP_PASS, STEP_UPDATES, 90, 0, STEP_PASS) },
	{ SCRIPT("alerts", 0, STEP_PASS, STEP_ALERT, 1, 112, STEP_EMPTY, ANSWER, STEP_PASS,
		STEP_ALERT, 2, 40) },
	{ SCRIPT("hello-requests", 0, STEP_PASS, STEP_HELLO_REQUEST, 2, ANSWER, STEP_PASS,
		STEP_HELLO_REQUEST, 70) },
	{ SCRIPT("refused", 0, STEP_PASS) },
	{ SCRIPT("long", 200, STEP_PASS, STEP_WRITE_LONG, STEP_WRITE_LONG, STEP_PASS) },
	{ SCRIPT("cut-answer", 0, STEP_PASS, HALF_ANSWER, STEP_PASS, STEP_GOODBYE) },
	{ SCRIPT("cut-record", 0, STEP_PASS, ANSWER, STEP_CUT, 0, 30, STEP_PASS) },
	{ SCRIPT("repeated-record", 0, STEP_PASS, ANSWER, STEP_REPEAT, 0, 0, 53, STEP_PASS) },
	{ SCRIPT("flipped-record", 0, STEP_PASS, ANSWER, ANSWER, STEP_FLIP, 0, 80, 1, STEP_PASS) },
	{ SCRIPT(
		"clear-alert", 0, STEP_PASS, ANSWER, STEP_INSERT, 0, 0, 7, 21, 3, 3, 0, 2, 2, 40) },
	{ SCRIPT("clear-data", 0, STEP_PASS, STEP_INSERT, 0, 0, 6, 23, 3, 3, 0, 1, 7, STEP_PASS) },
	{ SCRIPT("cut-hello", 0, STEP_CUT, 0, 90, STEP_PASS) },
	{ SCRIPT("flipped-hello", 0, STEP_FLIP, 0, 12, 64, STEP_PASS) },
	{ SCRIPT("early-data", 0, STEP_INSERT, 0, 0, 6, 23, 3, 3, 0, 1, 7, STEP_PASS) },
	{ SCRIPT("early-warning", 0, STEP_INSERT, 0, 0, 7, 21, 3, 3, 0, 2, 1, 112, STEP_PASS) },
	{ SCRIPT("spoilt", 0, STEP_SPOIL, 0, 100, 1, STEP_PASS_SOME, 50, STEP_SPOIL, 0, 9, 3) },
	{ SCRIPT(
		"spoilt-ticket", 0, STEP_PASS, STEP_SPOIL, 0, 2, 255, STEP_TICKETS, 1, STEP_PASS) },
};

/* Servers that give tickets, and by turns a client that has one and a chain of two. */
static uint8_t head_of(size_t script)
{
	if (strcmp(scripts[script].name, "refused") == 0)
		return HEAD_PIN;
	return HEAD_SERVER_TICKETS | (script % 2 ? HEAD_BELOW : HEAD_RESUME);
}

static void write_scripts(const char *folder)
{
	for (size_t i = 0; i < 2 * (sizeof scripts / sizeof *scripts); i++) {
		uint8_t version = i % 2 ? HEAD_TLS12 : 0;
		char name[64];

		snprintf(name, sizeof name, "%s-1.%c", scripts[i / 2].name, version ? '2' : '3');
		write_seed(folder, name, head_of(i / 2) | version, scripts[i / 2].chunk,
			scripts[i / 2].steps, scripts[i / 2].len);
	}
}

/* ------------------------------------------------------------------ recordings */

struct recording {
	uint8_t head;
	struct tls_engine engine;
	struct transport_end end;
	struct peer peer;
	struct bytes said; /* by the server */
	uint64_t seed;
	void (*act)(struct recording *r);
	bool ok;
};

static void start(struct recording *r)
{
	must(tls_engine_init(
		&r->engine, stage.policies[policy_of(r->head)], NULL, &stage.addr, &r->end));
	must(tls_engine_handshake(&r->engine) == TLS_PROGRESS_MORE);
}

static void act(void *arg)
{
	struct recording *r = arg;

	r->act(r);
}

/* The server's random numbers must not come between the client's, which are to be the same without it. */
static void on_server(struct recording *r, void (*run)(struct recording *r))
{
	r->act = run;
	steady_run(SEED_SERVER + r->seed++, act, r);
}

static void shake(struct recording *r)
{
	peer_handshake(&r->peer);
}

static void set_up(struct recording *r)
{
	stage_server(&stage, r->head, &r->peer);
}

static void say(struct recording *r)
{
	static const uint8_t answer[] = { ANSWER };
	gnutls_session_t s = r->peer.session;

	if (!(r->head & HEAD_TLS12)) {
		gnutls_session_ticket_send(s, 2, 0);
		gnutls_session_key_update(s, 0);
	}
	peer_write(&r->peer, answer + 2, sizeof answer - 2);
	peer_write(&r->peer, answer + 2, sizeof answer - 2);
	gnutls_bye(s, GNUTLS_SHUT_WR);
}

static enum tls_progress feed(struct tls_engine *e, const uint8_t *data, size_t len)
{
	enum tls_progress progress = TLS_PROGRESS_MORE;

	tls_engine_feed(e, data, len);
	if (!e->ready)
		progress = tls_engine_handshake(e);
	if (e->ready)
		progress = tls_engine_open(e);
	tls_engine_feed(e, NULL, 0);
	return progress;
}

static void carry(struct recording *r)
{
	struct bytes *told = &r->engine.out, *said = &r->peer.out;

	must(bytes_append(&r->peer.in, bytes_front(told), bytes_len(told)) == 0);
	bytes_consume(told, bytes_len(told));
	on_server(r, shake);
	must(bytes_append(&r->said, bytes_front(said), bytes_len(said)) == 0);
	feed(&r->engine, bytes_front(said), bytes_len(said));
	bytes_consume(said, bytes_len(said));
}

static void record(void *arg)
{
	struct recording *r = arg;

	start(r);
	on_server(r, set_up);
	for (unsigned i = 0; i < 4 && !(r->engine.ready && r->peer.ready); i++)
		carry(r);
	must(r->engine.ready && r->peer.ready);
	on_server(r, say);
	must(bytes_append(&r->said, bytes_front(&r->peer.out), bytes_len(&r->peer.out)) == 0);
	tls_engine_deinit(&r->engine);
	peer_deinit(&r->peer);
}

/* Without the server, as the harness does it: to the answers and the goodbye. */
static void replay(void *arg)
{
	struct recording *r = arg;

	start(r);
	must(feed(&r->engine, bytes_front(&r->said), bytes_len(&r->said)) == TLS_PROGRESS_END);
	r->ok = r->engine.ready && bytes_len(&r->engine.plain) == 62 &&
		r->end.fault == FAULT_CLOSED;
	tls_engine_deinit(&r->engine);
}

static void write_recordings(const char *folder)
{
	static const uint8_t kinds[] = { HEAD_SERVER_TICKETS, HEAD_SERVER_TICKETS | HEAD_BELOW,
		HEAD_BELOW | HEAD_PIN, HEAD_BELOW | HEAD_PIN | HEAD_RESUME };

	for (size_t i = 0; i < 2 * sizeof kinds; i++) {
		struct recording r = { .head = (uint8_t)(kinds[i / 2] | (i % 2 ? HEAD_TLS12 : 0)) };
		char name[32];

		steady_run(SEED_CLIENT, record, &r);
		steady_run(SEED_CLIENT, replay, &r);
		must(r.ok);
		snprintf(name, sizeof name, "recorded-%zu", i);
		write_seed(folder, name, r.head | HEAD_RAW, i < 2 ? 1 : 0, bytes_front(&r.said),
			bytes_len(&r.said));
		bytes_free(&r.said);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	steady_run(SEED_STAGE, make_stage, &stage);
	write_scripts(argv[1]);
	write_recordings(argv[1]);
	return 0;
}
