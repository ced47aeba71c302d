/* DTLS as a transport: sockets of loopback, the turn, and a server in the same loop. */
#include "tests/unit/dtls_case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>

#include "proxy/loop.h"
#include "proxy/upstream/dtls.h"

#define MINUTE_MS 60000u
#define QUERY	  "a query of ours"

static gnutls_datum_t ticket_key;

struct scene {
	struct loop loop;
	struct policy_case policy;
	struct tls_endpoint endpoint;
	struct transport *transport; /* NULL: could not even be tried */
	struct addr server_addr, client_addr;
	int server_fd; /* -1: nobody listens */
	struct event *server_readable;
	struct dtls_peer peer;
	bool deaf;		     /* the server reads and says nothing */
	bool close_when_established; /* what the handler does */
	bool close_when_ready;
	/* What the handler was told. */
	unsigned established, ready, messages, room, doubted, ended;
	uint8_t last[2048];
	size_t last_len;
	struct transport_end end;
	unsigned wanted;	    /* trust anchors */
	unsigned received, answers; /* by the server: datagrams; to each query */
};

/* ------------------------------------------------------------------ the handler */

static void on_established(void *arg)
{
	struct scene *s = arg;

	s->established++;
	if (s->close_when_established)
		s->transport->ops->close(s->transport);
}

static void on_ready(void *arg)
{
	struct scene *s = arg;

	s->ready++;
	if (s->close_when_ready)
		s->transport->ops->close(s->transport);
}

static void on_message(void *arg, const uint8_t *msg, size_t len)
{
	struct scene *s = arg;

	s->messages++;
	assert_true(len <= sizeof s->last);
	memcpy(s->last, msg, len);
	s->last_len = len;
}

static void on_room(void *arg)
{
	((struct scene *)arg)->room++;
}

static void on_doubted(void *arg, const char *why)
{
	assert_non_null(strstr(why, "lost our session"));
	((struct scene *)arg)->doubted++;
}

static void on_ended(void *arg, const struct transport_end *end)
{
	struct scene *s = arg;

	s->ended++;
	s->end = *end;
	assert_null(end->partial);
}

static const struct transport_handler handler = { on_established, on_ready, on_message, on_room,
	on_doubted, on_ended };

static void on_want_trust(void *arg, struct trust *t)
{
	assert_ptr_equal(t, trust);
	((struct scene *)arg)->wanted++;
}

/* ------------------------------------------------------------------ the server */

static void server_sends(struct scene *s, const void *data, size_t len)
{
	assert_int_equal(
		sendto(s->server_fd, data, len, 0, &s->client_addr.sa, addr_len(&s->client_addr)),
		len);
}

static void server_flushes(struct scene *s)
{
	struct datagrams *out = &s->peer.out;

	while (out->count > 0) {
		server_sends(s, bytes_front(&out->octets), out->len[0]);
		datagrams_consume(out, 1);
	}
}

static void server_answers(struct scene *s)
{
	uint8_t query[2048];
	size_t len;

	while ((len = dtls_peer_read(&s->peer, query, sizeof query)) > 0)
		for (unsigned i = 0; i < s->answers; i++) {
			dtls_peer_write(&s->peer, query, len);
			server_flushes(s);
		}
}

static const uint8_t refusal[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };

static void on_server(evutil_socket_t fd, short what, void *arg)
{
	struct scene *s = arg;
	uint8_t data[2048];
	socklen_t len = sizeof s->client_addr;
	ssize_t n = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, &s->client_addr.sa, &len);

	(void)what;
	if (n < 0)
		return;
	s->received++;
	if (s->deaf)
		return;
	if (s->peer.tls.error)
		server_sends(s, refusal, sizeof refusal);
	dtls_peer_feed(&s->peer, data, (size_t)n);
	server_answers(s);
	server_flushes(s);
}

/* At the port that it has had before, if it has. */
static void listen_on(struct scene *s)
{
	socklen_t len = sizeof s->server_addr;

	s->server_fd = socket(s->server_addr.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(s->server_fd >= 0);
	assert_int_equal(bind(s->server_fd, &s->server_addr.sa, addr_len(&s->server_addr)), 0);
	assert_int_equal(getsockname(s->server_fd, &s->server_addr.sa, &len), 0);
	s->server_readable =
		event_new(s->loop.base, s->server_fd, EV_READ | EV_PERSIST, on_server, s);
	event_add(s->server_readable, NULL);
}

static void listen_no_more(struct scene *s)
{
	if (s->server_fd < 0)
		return;
	event_free(s->server_readable);
	close(s->server_fd);
	s->server_fd = -1;
}

/* ------------------------------------------------------------------ the scene */

static void scene_init_at(struct scene *s, const char *addr, const struct policy_form *policy,
	const struct peer_form *peer)
{
	*s = (struct scene){ .server_fd = -1, .answers = 1 };
	assert_int_equal(loop_init(&s->loop), 0);
	assert_true(addr_parse(addr, strlen(addr), 0, true, &s->server_addr));
	make_dtls_policy(&s->policy, policy);
	s->endpoint = (struct tls_endpoint){ .loop = &s->loop,
		.stats = &s->loop.stats,
		.policy = s->policy.policy,
		.want_trust = on_want_trust,
		.want_arg = s };
	tls_endpoint_init(&s->endpoint);
	dtls_peer_init(&s->peer, peer, true);
	listen_on(s);
}

static const struct policy_form named = { .auth_name = "resolver.test" };
static const struct peer_form good = { .chain = { &leaf }, .ticket_key = &ticket_key };

static void scene_init(struct scene *s)
{
	scene_init_at(s, "127.0.0.1", &named, &good);
}

static void scene_open(struct scene *s)
{
	s->transport = dtls_open(&s->endpoint, &s->server_addr, &handler, s, &s->end);
}

static void scene_free_transport(struct scene *s)
{
	if (s->transport)
		s->transport->ops->free(s->transport);
	s->transport = NULL;
}

static void scene_deinit(struct scene *s)
{
	scene_free_transport(s);
	listen_no_more(s);
	dtls_peer_deinit(&s->peer);
	tls_endpoint_deinit(&s->endpoint);
	tls_policy_free(s->policy.policy);
	loop_deinit(&s->loop);
}

/* Another turn; none waits for longer than a tick. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void turn(struct scene *s)
{
	struct timeval tick = { 0, 1000 };
	struct event *e = evtimer_new(s->loop.base, on_tick, NULL);

	evtimer_add(e, &tick);
	loop_turn(&s->loop);
	event_free(e);
}

/* Until it is so; a test that waits in vain is ended by its alarm. */
#define until(s, condition)                                                                        \
	do                                                                                         \
		turn(s);                                                                           \
	while (!(condition))

/* Long enough that what is on its way in loopback has come. */
static void turns(struct scene *s, unsigned n)
{
	while (n-- > 0)
		turn(s);
}

static void scene_ready(struct scene *s)
{
	scene_open(s);
	assert_non_null(s->transport);
	tls_endpoint_trust_loaded(&s->endpoint);
	until(s, s->ready || s->ended);
	if (s->ended)
		fail_msg("%s", s->end.text);
	until(s, s->peer.tls.ready);
}

static int ask(struct scene *s, const char *query)
{
	int err = s->transport->ops->send(s->transport, (const uint8_t *)query, strlen(query));

	s->transport->ops->flush(s->transport);
	return err;
}

static void assert_scene_talks(struct scene *s)
{
	unsigned before = s->messages;

	assert_int_equal(ask(s, QUERY), 0);
	until(s, s->messages > before);
	assert_int_equal(s->last_len, strlen(QUERY));
	assert_memory_equal(s->last, QUERY, strlen(QUERY));
	assert_int_equal(s->ended, 0);
}

/* ------------------------------------------------------------------ as it should be */

static void test_talk(void **state)
{
	static const struct {
		const char *addr;
		size_t max;
	} families[] = { { "127.0.0.1", 1215 }, { "::1", 1195 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		struct scene s;
		const struct transport_info *info;

		scene_init_at(&s, families[i].addr, &named, &good);
		scene_ready(&s);
		info = &s.transport->info;
		assert_int_equal(s.established, 1);
		assert_true(!info->stream && info->authenticated && !info->resumed);
		assert_int_equal(info->max_message, families[i].max);
		assert_string_equal(info->protocol, "DTLS1.2");
		assert_string_equal(info->doubt, "");
		assert_int_equal(s.loop.stats.handshakes_full, 1);
		for (unsigned k = 0; k < 5; k++)
			assert_scene_talks(&s);
		scene_deinit(&s);
	}
}

static void test_resumed(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	scene_free_transport(&s);
	assert_int_equal(s.endpoint.tickets.count, 1);
	dtls_peer_deinit(&s.peer);
	dtls_peer_init(&s.peer, &good, true);
	s.ready = 0;
	s.wanted = 0;
	scene_open(&s);
	assert_int_equal(s.endpoint.tickets.count, 0);
	until(&s, s.ready && s.peer.tls.ready);
	assert_int_equal(s.wanted, 0);
	assert_true(s.transport->info.resumed && s.transport->info.authenticated);
	assert_int_equal(s.loop.stats.handshakes_resumed, 1);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

/* The server's certificate is not read before there is something to judge it by. */
static void test_waits_for_trust(void **state)
{
	struct scene s;
	struct trust *cold = trust_new(trust_path), *warm = trust;

	(void)state;
	trust = cold;
	scene_init(&s);
	scene_open(&s);
	assert_int_equal(s.wanted, 1);
	until(&s, s.peer.verify_requests > 0);
	turns(&s, 5);
	assert_int_equal(s.established, 0);
	tls_endpoint_trust_loaded(&s.endpoint);
	until(&s, s.ready);
	scene_deinit(&s);
	trust = warm;
	trust_free(cold);
}

static void test_many_answers(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	s.answers = 100;
	assert_int_equal(ask(&s, QUERY), 0);
	until(&s, s.messages == 100);
	scene_deinit(&s);
}

static void test_room(void **state)
{
	static const uint8_t query[128];
	struct scene s;
	unsigned taken = 0;
	int err;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	while (s.transport->ops->has_room(s.transport)) {
		assert_int_equal(s.transport->ops->send(s.transport, query, sizeof query), 0);
		taken++;
	}
	/* As many as fit if each were of the longest. */
	assert_in_range(taken, 40, DATAGRAMS_MAX);
	while ((err = s.transport->ops->send(s.transport, query, sizeof query)) == 0)
		taken++;
	assert_int_equal(err, -ENOBUFS);
	s.transport->ops->flush(s.transport);
	until(&s, s.room > 0);
	assert_true(s.transport->ops->has_room(s.transport));
	until(&s, s.messages == taken);
	scene_deinit(&s);
}

static void test_too_long(void **state)
{
	static const uint8_t query[4096];
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_open(&s);
	assert_int_equal(s.transport->ops->send(s.transport, query, 100), -EPIPE); /* not yet */
	tls_endpoint_trust_loaded(&s.endpoint);
	until(&s, s.ready);
	assert_int_equal(
		s.transport->ops->send(s.transport, query, s.transport->info.max_message + 1),
		-EMSGSIZE);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

static void test_close(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	s.transport->ops->close(s.transport);
	until(&s, s.peer.last == 0); /* close_notify */
	assert_int_equal(ask(&s, QUERY), -EPIPE);
	turns(&s, 3);
	assert_int_equal(s.ended, 0);
	scene_deinit(&s);
}

static void test_close_from_callbacks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene s;

		scene_init(&s);
		s.close_when_established = i == 0;
		s.close_when_ready = i == 1;
		scene_open(&s);
		tls_endpoint_trust_loaded(&s.endpoint);
		until(&s, s.established > 0 && s.ready == i);
		turns(&s, 5);
		assert_int_equal(s.ended, 0);
		scene_deinit(&s);
	}
}

static void test_closed_by_the_server(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	dtls_peer_write(&s.peer, "the last answer", 15);
	gnutls_bye(s.peer.tls.session, GNUTLS_SHUT_WR);
	server_flushes(&s);
	until(&s, s.ended);
	assert_int_equal(s.messages, 1);
	assert_int_equal(s.end.stage, STAGE_DNS);
	assert_int_equal(s.end.fault, FAULT_CLOSED);
	assert_int_equal(s.endpoint.tickets.count, 1);
	scene_deinit(&s);
}

/* ------------------------------------------------------------------ handshakes that fail */

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* RFC 8094 3.1: the flight again and again, and after 15 s no more. */
static void test_silence(void **state)
{
	struct scene s;
	uint64_t start = clock_ms();

	(void)state;
	scene_init(&s);
	s.deaf = true;
	scene_open(&s);
	tls_endpoint_trust_loaded(&s.endpoint);
	while (!s.ended) {
		dtls_clock_advance(100);
		turn(&s);
	}
	assert_true(clock_ms() - start >= 15000);
	assert_in_range(s.received, 3, 5); /* at 0, 1, 3, 7 s, and perhaps at the very end */
	assert_int_equal(s.end.stage, STAGE_UDP);
	assert_int_equal(s.end.fault, FAULT_TIMEOUT);
	assert_int_equal(s.established, 0);
	scene_deinit(&s);
}

/* A path that drops what is larger than the smallest: nothing larger is sent from the third time on. */
static void test_narrow_path(void **state)
{
	static const uint8_t query[600];
	struct scene s;

	(void)state;
	scene_init(&s);
	s.deaf = true;
	scene_open(&s);
	tls_endpoint_trust_loaded(&s.endpoint);
	while (s.received < 3) {
		dtls_clock_advance(100);
		turn(&s);
	}
	s.deaf = false;
	while (!s.ready) {
		dtls_clock_advance(100);
		turn(&s);
	}
	assert_int_equal(s.transport->info.max_message, 576 - 28 - DTLS_OVERHEAD);
	assert_int_equal(s.transport->ops->send(s.transport, query, sizeof query), -EMSGSIZE);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

static void test_nobody_listens(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	listen_no_more(&s);
	scene_open(&s);
	tls_endpoint_trust_loaded(&s.endpoint);
	until(&s, s.ended);
	assert_int_equal(s.end.stage, STAGE_UDP);
	assert_int_equal(s.end.fault, FAULT_PROTOCOL);
	assert_non_null(strstr(s.end.text, "nobody listens"));
	scene_deinit(&s);
}

static void test_no_route(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	listen_no_more(&s);
	assert_true(addr_parse("255.255.255.255", 15, 853, false, &s.server_addr));
	scene_open(&s);
	assert_null(s.transport);
	assert_int_equal(s.end.stage, STAGE_ROUTE);
	assert_int_equal(s.end.fault, FAULT_LOCAL);
	scene_deinit(&s);
}

/* A server that refuses says so again when our flight comes again: that is believed. */
static void test_refused(void **state)
{
	struct scene s;
	struct peer_form old = { .chain = { &leaf }, .priority = "NORMAL:-VERS-ALL:+VERS-DTLS1.0" };

	(void)state;
	scene_init_at(&s, "127.0.0.1", &named, &old);
	scene_open(&s);
	tls_endpoint_trust_loaded(&s.endpoint);
	until(&s, s.peer.tls.error != 0);
	turns(&s, 5);
	assert_int_equal(s.ended, 0);
	while (!s.ended) {
		dtls_clock_advance(100);
		turn(&s);
	}
	assert_int_equal(s.received, 3); /* two hellos, and the second one again */
	assert_int_equal(s.end.stage, STAGE_TLS);
	assert_int_equal(s.end.fault, FAULT_PROTOCOL);
	assert_non_null(strstr(s.end.text, "alert from the server, in clear: Handshake failed"));
	scene_deinit(&s);
}

static void test_not_the_server(void **state)
{
	struct scene s;

	(void)state;
	scene_init_at(&s, "127.0.0.1", &(struct policy_form){ .auth_name = "other.test" }, &good);
	scene_open(&s);
	tls_endpoint_trust_loaded(&s.endpoint);
	until(&s, s.ended);
	assert_int_equal(s.end.stage, STAGE_AUTH);
	assert_non_null(strstr(s.end.text, "expected other.test"));
	until(&s, s.peer.tls.error == GNUTLS_E_FATAL_ALERT_RECEIVED); /* it is told why */
	scene_deinit(&s);
}

/* ------------------------------------------------------------------ what proves nothing (threats A07) */

static void test_alerts_in_clear(void **state)
{
	static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 80 };
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	for (unsigned minute = 1; minute <= 3; minute++) {
		for (unsigned i = 0; i < 50; i++) {
			server_sends(&s, alert, sizeof alert);
			turn(&s);
		}
		until(&s, s.doubted == minute);
		assert_scene_talks(&s);
		assert_int_equal(s.doubted, minute);
		assert_int_equal(s.loop.stats.dtls_doubts, minute);
		dtls_clock_advance(MINUTE_MS);
		turn(&s);
	}
	scene_deinit(&s);
}

/* A port that nobody listens on for a while, as a restart of the server is, or a forger. */
static void test_icmp_when_ready(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	listen_no_more(&s);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(ask(&s, "a lost query"), 0);
		turn(&s);
	}
	assert_true(s.loop.stats.dtls_icmp > 0);
	listen_on(&s);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

/* An ICMP error stands at the socket when a query is to go: it costs none. */
static void test_icmp_before_a_query(void **state)
{
	struct scene s;
	unsigned before;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	listen_no_more(&s);
	assert_int_equal(ask(&s, "a lost query"), 0); /* ICMP is back at once, and not looked at */
	listen_on(&s);
	before = s.received;
	assert_int_equal(ask(&s, QUERY), 0);
	until(&s, s.received > before);
	assert_int_equal(s.ended, 0);
	scene_deinit(&s);
}

static void test_forgeries(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t octets[64] = { (uint8_t)(20 + i % 6), 0xfe, 0xfd, 0, (uint8_t)(i % 3) };

		octets[10] = (uint8_t)i;
		octets[12] = (uint8_t)(i % 52);
		octets[13] = (uint8_t)(i / 52);
		server_sends(&s, octets, 13 + i % 51);
		if (i % 100 == 0)
			assert_scene_talks(&s);
	}
	until(&s, s.loop.stats.dtls_discarded > 9000);
	assert_in_range(s.doubted, 0, 1);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

/* Of a datagram longer than any answer the record that is cut goes; what stands whole before it counts. */
static void test_giant(void **state)
{
	static uint8_t octets[60000];
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_ready(&s);
	server_sends(&s, octets, sizeof octets);
	until(&s, s.loop.stats.dtls_discarded == 1);
	assert_scene_talks(&s);
	scene_deinit(&s);
}

static int make_all(void **state)
{
	char error[256];

	alarm(120);
	if (gnutls_session_ticket_key_generate(&ticket_key) < 0 || make_identities(state) != 0)
		return -1;
	return trust_load(trust, error, sizeof error);
}

static int free_all(void **state)
{
	gnutls_free(ticket_key.data);
	return free_identities(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_waits_for_trust),
		cmocka_unit_test(test_many_answers),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_from_callbacks),
		cmocka_unit_test(test_closed_by_the_server),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_narrow_path),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_the_server),
		cmocka_unit_test(test_alerts_in_clear),
		cmocka_unit_test(test_icmp_when_ready),
		cmocka_unit_test(test_icmp_before_a_query),
		cmocka_unit_test(test_forgeries),
		cmocka_unit_test(test_giant),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
