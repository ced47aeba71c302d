/*
 * Makes the seeds of fuzz_dtls: scripts written by hand here, and what servers said to the ClientHello that
 * the harness makes, recorded.  usage: make_dtls_corpus FOLDER
 */
#include "tests/fuzz/dtls_stage.h"

#include "common/dns/wire.h"

static struct stage stage;

static void write_seed(const char *folder, const char *name, uint8_t head, uint8_t payload,
	const void *data, size_t len)
{
	const uint8_t first[HEAD_LEN] = { head, payload };
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

#define P     DSTEP_PASS
#define WRITE DSTEP_WRITE, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

static const struct {
	const char *name;
	uint8_t payload, steps[160];
	size_t len;
} scripts[] = {
#define SCRIPT(name, payload, ...)                                                                 \
	{                                                                                          \
		name, payload, { __VA_ARGS__ }, sizeof(uint8_t[])                                  \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	SCRIPT("talk", 0, P, DSTEP_QUERY, 40, P, WRITE, WRITE, P),
	SCRIPT("goodbye", 0, P, WRITE, DSTEP_GOODBYE),
	SCRIPT("alert", 0, P, WRITE, DSTEP_ALERT, 2, 40, WRITE),
	SCRIPT("warnings", 0, P, DSTEP_ALERT, 1, 112, DSTEP_ALERT, 1, 112, WRITE),
	SCRIPT("renegotiation", 0, P, DSTEP_HELLO_REQUEST, WRITE, P, DSTEP_TIME, 20,
		DSTEP_HELLO_REQUEST, P, WRITE),
	SCRIPT("small-path", 20, P, DSTEP_QUERY, 60, P, WRITE),
	SCRIPT("clear-alerts", 0, DSTEP_ALERT_CLEAR, 0, 40, DSTEP_PASS_SOME, 1, DSTEP_ALERT_CLEAR,
		0, 40, P, DSTEP_ALERT_CLEAR, 0, 80, DSTEP_ALERT_CLEAR, 1, 80, WRITE),
	SCRIPT("lost-hello", 0, DSTEP_LOSE, DSTEP_TIME, 11, P, WRITE),
	SCRIPT("lost-flight", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 1, DSTEP_DROP, 0, DSTEP_DROP,
		0, P, DSTEP_TIME, 11, P, DSTEP_TIME, 21, P, WRITE),
	SCRIPT("lost-finished", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 9, DSTEP_LOSE, DSTEP_TIME,
		11, P, DSTEP_TIME, 11, P, WRITE),
	SCRIPT("doubled", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 0, DSTEP_TWICE, 0, DSTEP_TWICE, 0,
		P, WRITE, DSTEP_TWICE, 0),
	SCRIPT("disorder", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 0, DSTEP_LAST, 1, DSTEP_LAST, 0,
		P, DSTEP_TIME, 11, P, WRITE, WRITE, DSTEP_LAST, 0),
	SCRIPT("joined", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 0, DSTEP_JOIN, 0, DSTEP_JOIN, 0, P,
		DSTEP_TIME, 11, P, WRITE, WRITE, DSTEP_JOIN, 0),
	SCRIPT("cut", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 0, DSTEP_CUT, 1, 0, 40, P, DSTEP_TIME,
		11, P, WRITE, DSTEP_CUT, 0, 0, 20, WRITE),
	SCRIPT("flipped", 0, P, WRITE, WRITE, DSTEP_FLIP, 0, 0, 30, 1, WRITE),
	SCRIPT("flipped-certificate", 0, DSTEP_PASS_SOME, 1, DSTEP_PASS_SOME, 0, DSTEP_FLIP, 1, 1,
		0, 1),
	SCRIPT("short", 0, P, DSTEP_INSERT, 5, 23, 0xfe, 0xfd, 0, 1, WRITE),
	SCRIPT("liar", 0, P, DSTEP_INSERT, 14, 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 64, 0, 1,
		WRITE),
	/* Parts that do not agree: another length, another type, nothing at a place. */
	SCRIPT("parts-length", 0, DSTEP_PASS_SOME, 1, DSTEP_INSERT, 26, 22, 0xfe, 0xfd, 0, 0, 0, 0,
		0, 0, 0, 90, 0, 13, 11, 0, 3, 0, 0, 2, 0, 0, 0, 0, 0, 1, 7, DSTEP_INSERT, 26, 22,
		0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 91, 0, 13, 11, 0, 0, 9, 0, 2, 0, 0, 8, 0, 0, 1, 7,
		P),
	SCRIPT("parts-type", 0, DSTEP_PASS_SOME, 1, DSTEP_INSERT, 26, 22, 0xfe, 0xfd, 0, 0, 0, 0, 0,
		0, 0, 90, 0, 13, 11, 0, 0, 9, 0, 2, 0, 0, 0, 0, 0, 1, 7, DSTEP_INSERT, 26, 22, 0xfe,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 91, 0, 13, 12, 0, 0, 9, 0, 2, 0, 0, 1, 0, 0, 1, 7, P),
	SCRIPT("parts-nothing", 0, DSTEP_PASS_SOME, 1, DSTEP_INSERT, 25, 22, 0xfe, 0xfd, 0, 0, 0, 0,
		0, 0, 0, 90, 0, 12, 11, 0, 0, 9, 0, 2, 0, 0, 5, 0, 0, 0, P),
	SCRIPT("early-spec", 0, DSTEP_INSERT, 14, 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 90, 0, 1, 1,
		P, DSTEP_TIME, 11, P),
	SCRIPT("refused", 0, P),
};

static uint8_t head_of(size_t script, bool again)
{
	if (strcmp(scripts[script].name, "refused") == 0)
		return HEAD_PIN;
	return HEAD_SERVER_TICKETS | (again ? HEAD_RESUME : HEAD_BELOW | HEAD_NO_COOKIES);
}

static void write_scripts(const char *folder)
{
	for (size_t i = 0; i < 2 * (sizeof scripts / sizeof *scripts); i++) {
		char name[64];

		snprintf(name, sizeof name, "%s-%s", scripts[i / 2].name,
			i % 2 ? "resumed" : "full");
		write_seed(folder, name, head_of(i / 2, i % 2), scripts[i / 2].payload,
			scripts[i / 2].steps, scripts[i / 2].len);
	}
}

/* ------------------------------------------------------------------ recordings */

struct recording {
	uint8_t head;
	struct dtls_engine engine;
	struct transport_end end;
	struct dtls_peer peer;
	struct bytes said; /* by the server: datagrams with their lengths in front */
	uint64_t seed;
	void (*act)(struct recording *r);
	bool ok;
};

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

static void set_up(struct recording *r)
{
	stage_dtls_server(&stage, r->head, &r->peer);
}

static void hear(struct recording *r)
{
	struct datagrams *out = &r->engine.out;

	while (out->count > 0) {
		dtls_peer_feed(&r->peer, bytes_front(&out->octets), out->len[0]);
		datagrams_consume(out, 1);
	}
}

static void say(struct recording *r)
{
	dtls_peer_write(&r->peer, "an answer of it", 15);
	dtls_peer_write(&r->peer, "another answer", 14);
	gnutls_bye(r->peer.tls.session, GNUTLS_SHUT_WR);
}

static void start(struct recording *r)
{
	must(dtls_engine_init(&r->engine, stage.policies[policy_of(r->head)], NULL, &stage.addr,
		&r->end, payload_of(0)));
	must(dtls_engine_handshake(&r->engine) == TLS_PROGRESS_MORE);
}

static void keep(struct recording *r, const uint8_t *data, size_t len)
{
	uint8_t *room = bytes_reserve(&r->said, 2 + len);

	must(room);
	wire_put16(room, (uint16_t)len);
	memcpy(room + 2, data, len);
	bytes_commit(&r->said, 2 + len);
}

static void carry(struct recording *r)
{
	struct datagrams *out = &r->peer.out;

	for (; out->count > 0; datagrams_consume(out, 1)) {
		keep(r, bytes_front(&out->octets), out->len[0]);
		dtls_engine_feed(&r->engine, bytes_front(&out->octets), out->len[0]);
	}
}

static void record(void *arg)
{
	struct recording *r = arg;

	start(r);
	on_server(r, set_up);
	for (unsigned i = 0; i < 5 && !(r->engine.tls.ready && r->peer.tls.ready); i++) {
		on_server(r, hear);
		carry(r);
	}
	must(r->engine.tls.ready && r->peer.tls.ready);
	on_server(r, say);
	carry(r);
	dtls_engine_deinit(&r->engine);
	dtls_peer_deinit(&r->peer);
}

/* Without the server, as the harness does it: to the answers and the goodbye. */
static void replay(void *arg)
{
	struct recording *r = arg;
	const uint8_t *at = bytes_front(&r->said), *end = at + bytes_len(&r->said);
	enum tls_progress progress = TLS_PROGRESS_MORE;

	start(r);
	for (; at < end; at += 2 + wire_get16(at))
		progress = dtls_engine_feed(&r->engine, at + 2, wire_get16(at));
	r->ok = progress == TLS_PROGRESS_END && r->engine.tls.ready &&
		bytes_len(&r->engine.tls.plain) == 33 && r->end.fault == FAULT_CLOSED;
	dtls_engine_deinit(&r->engine);
}

static void write_recordings(const char *folder)
{
	static const uint8_t kinds[] = { HEAD_SERVER_TICKETS, HEAD_NO_COOKIES | HEAD_BELOW,
		HEAD_BELOW | HEAD_PIN, HEAD_SERVER_TICKETS | HEAD_NO_TICKETS | HEAD_OPPORTUNISTIC };

	for (size_t i = 0; i < sizeof kinds; i++) {
		struct recording r = { .head = kinds[i] };
		char name[32];

		steady_run(SEED_CLIENT, record, &r);
		steady_run(SEED_CLIENT, replay, &r);
		must(r.ok);
		snprintf(name, sizeof name, "recorded-%zu", i);
		write_seed(folder, name, r.head | HEAD_RAW, 0, bytes_front(&r.said),
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
