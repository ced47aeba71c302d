/*
 * A hostile client: so many mutated messages (mutate.h) over UDP and in TCP's framing, which is spoilt, too.
 *
 *     hostile [--host ADDR] --port P --seed S --count N [--from N] [--transport udp|tcp|both] [--rate R]
 *
 * After each batch a good query has to be answered, so that a failure is known to come from the last few messages, and
 * the socket's queue is never full: loss of others is not its doing.  What comes back is read by code of the test
 * resolver's: each reply has to be well formed.  Prints a line of JSON; exit 1: no answer any more, 2: a bad reply.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hostile/mutate.h"
#include "tests/hostile/pace.h"
#include "tests/server/query.h"
#include "tests/server/random.h"

#define BATCH	    64u
#define STREAM_MAX  8u /* messages of a connection, which the first bad frame ends */
#define PROBE_ID    0x7072u
#define PROBE_MS    200
#define PROBE_TRIES 150
#define READ_MS	    300 /* what the end of a stream is waited for */

static struct sockaddr_in server = { .sin_family = AF_INET };
static uint64_t seed, next_message, sent_udp, sent_tcp, connections, replies, rcodes[16], began;
static double rate;
static int udp;

static void fail(int code, const char *what)
{
	fprintf(stderr, "hostile: %s; seed %llu, at message %llu\n", what, (unsigned long long)seed,
		(unsigned long long)next_message);
	exit(code);
}

static void judge(const uint8_t *reply, size_t len)
{
	replies++;
	if (len < 12 || !(reply[2] & 0x80))
		fail(2, "a reply that is none");
	if (!message_walks(reply, len))
		fail(2, "a malformed reply");
	rcodes[reply[3] & 15]++;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* True: the answer to the probe was among them. */
static bool read_udp(void)
{
	static uint8_t reply[65536];
	bool found = false;
	ssize_t n;

	while ((n = recv(udp, reply, sizeof reply, MSG_DONTWAIT)) >= 0) {
		bool probe = n == 28 && reply[0] == PROBE_ID >> 8 && reply[1] == (PROBE_ID & 255) &&
			     !memcmp(reply + 12, "\5probe\4test", 11);

		if (!probe)
			judge(reply, (size_t)n);
		found = found || probe;
	}
	return found;
}

/* RD is clear: it is answered by the listener itself. */
static void wait_probed(void)
{
	static const uint8_t probe[] = "\x70\x72\0\0\0\1\0\0\0\0\0\0\5probe\4test\0\0\1\0\1";

	for (unsigned i = 0; i < PROBE_TRIES; i++) {
		uint64_t until;

		if (send(udp, probe, sizeof probe - 1, 0) < 0 && errno == ECONNREFUSED)
			fail(1, "nobody is there any more");
		until = now_us() + PROBE_MS * 1000;
		while (now_us() < until) {
			if (readable(udp, PROBE_MS) && read_udp())
				return;
		}
	}
	fail(1, "no answer any more");
}

static void keep_pace(void)
{
	uint64_t due =
		rate > 0 ? began + (uint64_t)((double)(sent_udp + sent_tcp) * 1e6 / rate) : 0;
	uint64_t now = now_us();

	if (due > now)
		poll(NULL, 0, (int)((due - now) / 1000));
}

static void send_datagrams(uint64_t count)
{
	static uint8_t message[MUTATED_MAX];

	for (uint64_t i = 0; i < count; i++) {
		size_t len = mutated_query(seed, next_message++, message);

		if (len > 65507)
			len = 65507;
		send(udp, message, len, 0); /* an error is that of an earlier one's */
		sent_udp++;
	}
	wait_probed();
}

/* ---------------------------------------------------------------- streams */

struct stream {
	int fd;
	struct random dice;
	uint8_t out[STREAM_MAX * 4100 + 70000];
	size_t out_len;
	uint8_t in[1 << 18];
	size_t in_len;
	bool lies; /* its end is not waited for */
};

static void add(struct stream *s, const uint8_t *data, size_t len)
{
	if (len > sizeof s->out - s->out_len)
		return;
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
}

/* Of twenty frames one lies about its length, and one lacks its prefix; the last may be cut. */
static void add_framed(struct stream *s, bool last)
{
	static uint8_t message[MUTATED_MAX];
	size_t len = mutated_query(seed, next_message++, message), says = len, whole = len;
	size_t what = random_below(&s->dice, 20);

	sent_tcp++;
	if (what == 0)
		says = random_below(&s->dice, random_below(&s->dice, 2) ? 16 : 65536);
	if (what != 1)
		add(s, (uint8_t[]){ (uint8_t)(says >> 8), (uint8_t)says }, 2);
	if (last && len && random_below(&s->dice, 4) == 0)
		len = random_below(&s->dice, len);
	add(s, message, len);
	s->lies = s->lies || says != len || what == 1 || len != whole;
}

static bool read_stream(struct stream *s)
{
	ssize_t n = recv(s->fd, s->in + s->in_len, sizeof s->in - s->in_len, MSG_DONTWAIT);
	size_t at = 0, len;

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	s->in_len += n > 0 ? (size_t)n : 0;
	for (; s->in_len - at >= 2; at += 2 + len) {
		len = (size_t)s->in[at] << 8 | s->in[at + 1];
		if (s->in_len - at < 2 + len)
			break;
		judge(s->in + at + 2, len);
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
	return true;
}

/* In pieces.  False: the other side has ended it. */
static bool write_stream(struct stream *s)
{
	size_t at = 0;

	while (at < s->out_len) {
		size_t piece = 1 + random_below(&s->dice, random_below(&s->dice, 4) ? 4096 : 8);
		struct pollfd p = { .fd = s->fd, .events = POLLIN | POLLOUT };
		ssize_t n;

		if (piece > s->out_len - at)
			piece = s->out_len - at;
		if (poll(&p, 1, 10000) <= 0)
			fail(1, "a stream that is neither read nor ended");
		if (p.revents & POLLIN && !read_stream(s))
			return false;
		if (!(p.revents & POLLOUT))
			continue;
		n = send(s->fd, s->out + at, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void end_stream(struct stream *s)
{
	switch (random_below(&s->dice, 8)) {
	case 0: /* at once, by RST */
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
			sizeof(struct linger));
		return;
	case 1: /* at once, whatever comes */
		return;
	default:
		shutdown(s->fd, SHUT_WR);
		while (readable(s->fd, s->lies ? 0 : READ_MS) && read_stream(s))
			;
	}
}

static void send_stream(uint64_t count)
{
	static struct stream s;

	s = (struct stream){ .fd = socket(AF_INET, SOCK_STREAM, 0),
		.dice = random_seeded(seed + next_message) };
	if (s.fd < 0 || connect(s.fd, (struct sockaddr *)&server, sizeof server) < 0)
		fail(1, "no connection any more");
	connections++;
	for (uint64_t i = 1; i <= count; i++)
		add_framed(&s, i == count);
	if (write_stream(&s))
		end_stream(&s);
	close(s.fd);
	wait_probed();
}

/* ---------------------------------------------------------------- the whole */

static void print(void)
{
	printf("{\"seed\": %llu, \"udp\": %llu, \"tcp\": %llu, \"connections\": %llu, \"replies\": "
	       "%llu, \"rcodes\": {",
		(unsigned long long)seed, (unsigned long long)sent_udp,
		(unsigned long long)sent_tcp, (unsigned long long)connections,
		(unsigned long long)replies);
	for (unsigned i = 0, first = 1; i < 16; i++) {
		if (rcodes[i])
			printf("%s\"%u\": %llu", first ? "" : ", ", i,
				(unsigned long long)rcodes[i]);
		first = first && !rcodes[i];
	}
	printf("}, \"seconds\": %.3f}\n", (double)(now_us() - began) / 1e6);
}

static void run(uint64_t count, bool use_udp, bool use_tcp)
{
	uint64_t end = next_message + count;

	began = now_us();
	while (next_message < end) {
		struct random dice = random_seeded(seed + next_message);
		uint64_t left = end - next_message, n = BATCH;
		bool stream = use_tcp && (!use_udp || random_below(&dice, 8));

		if (stream)
			n = 1 + random_below(&dice, STREAM_MAX);
		if (n > left)
			n = left;
		if (stream)
			send_stream(n);
		else
			send_datagrams(n);
		keep_pace();
	}
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "port", 1, 0, 'p' }, { "seed", 1, 0, 's' },
		{ "count", 1, 0, 'n' }, { "from", 1, 0, 'f' }, { "transport", 1, 0, 't' },
		{ "rate", 1, 0, 'r' }, { "host", 1, 0, 'h' }, { 0 } };
	const char *transport = "both";
	uint64_t count = 0;
	int o;

	inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
	while ((o = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (o) {
		case 'p':
			server.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10));
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			count = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			next_message = strtoull(optarg, NULL, 10);
			break;
		case 't':
			transport = optarg;
			break;
		case 'r':
			rate = strtod(optarg, NULL);
			break;
		case 'h':
			inet_pton(AF_INET, optarg, &server.sin_addr);
			break;
		default:
			return 3;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (!server.sin_port || udp < 0 ||
		connect(udp, (struct sockaddr *)&server, sizeof server) < 0)
		fail(3, "no socket, or no --port");
	setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &(int){ 8 << 20 }, sizeof(int));
	wait_probed();
	run(count, strcmp(transport, "tcp") != 0, strcmp(transport, "udp") != 0);
	print();
	close(udp);
	return 0;
}
