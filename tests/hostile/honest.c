/*
 * An honest client: distinct or repeating questions at a steady rate, every answer held against its question and against
 * the address that the test resolver gives to this name (or the one of --expect).
 *
 *     honest [--host ADDR] --port P (--count N | --seconds S) [--rate R] [--window W] [--tcp]
 *            [--prefix TEXT] [--suffix NAME] [--names N] [--expect ADDR] [--timeout MS] [--tell]
 *
 * Question i is PREFIX i.SUFFIX, i modulo --names where given.  Prints a line of JSON at its end: good, lost (no reply in
 * time), failed (a reply with an error, by RCODE), wrong, and times in microseconds.  --tell: a line for each that is not
 * good when that is known: "lost|failed|wrong SENT NAME RCODE REASON", SENT in seconds of the monotonic clock, REASON that of
 * an Extended DNS Error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hostile/pace.h"
#include "tests/server/dnsname.h"
#include "tests/server/random.h"

#define IDS	  65536u
#define QUERY_MAX (12u + DNSNAME_MAX + 4u + 11u)
#define BURST	  64u
#define TIMES_MAX 20000000u
#define QUEUE_MAX (1u << 22)

struct asked {
	uint64_t since; /* 0: the id is free */
	uint32_t number, address;
	uint16_t len, question_end;
	uint8_t query[QUERY_MAX];
};

static struct asked asked[IDS];
/* In the order asked; those answered stay until they are the first. */
static struct {
	uint64_t since;
	uint16_t id;
} queue[QUEUE_MAX];
static uint64_t queue_first, queue_end;
static uint32_t waiting, window = 100, *times;
static uint64_t count = UINT64_MAX, names, good, lost, wrong, stray, failed, rcodes[16], sent,
		timeout_us = 5000000;
static uint64_t began, until = UINT64_MAX;
static double rate;
static bool tcp, tell;
static const char *prefix = "q", *suffix = "honest.test";
static uint32_t expected;
static struct sockaddr_in server = { .sin_family = AF_INET };
static struct random dice;
static int fd = -1;
static uint8_t in[1 << 18], out[1 << 18];
static size_t in_len, out_len;

static void question_text(uint32_t number, char *text, size_t size)
{
	snprintf(text, size, "%s%lu.%s", prefix, (unsigned long)number, suffix);
}

/* Of a reply with nothing but an OPT behind its question: code and text of its first Extended DNS Error. */
static void print_reason(const uint8_t *m, size_t len, size_t at)
{
	at += 11;
	while (at + 4 <= len) {
		size_t n = (size_t)m[at + 2] << 8 | m[at + 3];

		if (m[at] == 0 && m[at + 1] == 15 && n >= 2 && at + 4 + n <= len) {
			printf(" EDE %u: %.*s", m[at + 4] << 8 | m[at + 5], (int)(n - 2),
				(const char *)m + at + 6);
			return;
		}
		at += 4 + n;
	}
}

static void tell_of(const char *what, const struct asked *a, const uint8_t *m, size_t len)
{
	char text[300];

	if (!tell)
		return;
	question_text(a->number, text, sizeof text);
	printf("%s %.3f %s %u", what, (double)a->since / 1e6, text, m ? m[3] & 15 : 0);
	if (m && !m[7] && !m[9] && m[11] == 1)
		print_reason(m, len, a->question_end);
	putchar('\n');
	fflush(stdout);
}

/* ---------------------------------------------------------------- sockets */

static void open_socket(void)
{
	if (fd >= 0)
		close(fd);
	in_len = out_len = 0;
	fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
		fprintf(stderr, "honest: no connection: %s\n", strerror(errno));
		exit(1);
	}
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 16 << 20 }, sizeof(int)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 16 << 20 }, sizeof(int));
}

/* False: the stream has ended. */
static bool flush_stream(void)
{
	ssize_t n = send(fd, out, out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN;
	memmove(out, out + n, out_len - (size_t)n);
	out_len -= (size_t)n;
	return true;
}

/* ---------------------------------------------------------------- asking */

static uint16_t free_id(uint64_t now)
{
	uint16_t id;

	do
		id = (uint16_t)random_next(&dice);
	while (asked[id].since);
	queue[queue_end % QUEUE_MAX].id = id;
	queue[queue_end++ % QUEUE_MAX].since = now;
	waiting++;
	return id;
}

static void ask(uint64_t now)
{
	uint32_t number = (uint32_t)(names ? sent % names : sent);
	uint16_t id = free_id(now);
	struct asked *a = &asked[id];
	char text[300];
	size_t len;

	question_text(number, text, sizeof text);
	memcpy(a->query,
		(uint8_t[]){ (uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1 }, 12);
	len = dnsname_parse(text, a->query + 12);
	a->address =
		expected ? expected : 0xc6120000u | (dnsname_hash(a->query + 12, len) & 0x1ffffu);
	for (size_t i = 0; i < len;
		i++) { /* letters in random case; lengths of labels are below 64 */
		uint8_t *c = &a->query[12 + i];

		if (*c >= 'a' && *c <= 'z' && random_next(&dice) & 1)
			*c &= 0xdf;
	}
	memcpy(a->query + 12 + len, "\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0", 15);
	a->question_end = (uint16_t)(12 + len + 4);
	a->len = (uint16_t)(a->question_end + 11);
	a->since = now;
	a->number = number;
	sent++;
	if (!tcp) {
		send(fd, a->query, a->len, 0);
		return;
	}
	out[out_len++] = (uint8_t)(a->len >> 8);
	out[out_len++] = (uint8_t)a->len;
	memcpy(out + out_len, a->query, a->len);
	out_len += a->len;
}

static void ask_what_is_due(uint64_t now)
{
	uint64_t due = rate > 0 ? (uint64_t)((double)(now - began) * rate / 1e6) + 1 : UINT64_MAX;

	for (unsigned i = 0;
		i < BURST && sent < count && sent < due && waiting < window && now < until; i++) {
		if (out_len + QUERY_MAX + 2 > sizeof out || queue_end - queue_first == QUEUE_MAX)
			break;
		ask(now);
	}
}

/* ---------------------------------------------------------------- what comes back */

/* Of those that wait the one that does so for the longest time; NULL: none. */
static struct asked *oldest(void)
{
	for (; queue_first < queue_end; queue_first++) {
		struct asked *a = &asked[queue[queue_first % QUEUE_MAX].id];

		if (a->since == queue[queue_first % QUEUE_MAX].since)
			return a;
	}
	return NULL;
}

static void drop(struct asked *a)
{
	a->since = 0;
	waiting--;
}

static const char *verdict(const struct asked *a, const uint8_t *m, size_t len)
{
	size_t at = a->question_end;

	if (len < at || memcmp(m + 12, a->query + 12, at - 12) != 0 || m[4] || m[5] != 1)
		return "wrong";
	if (m[3] & 15)
		return "failed";
	if (m[2] & 2 || m[6] || m[7] != 1 || at >= len)
		return "wrong";
	at = (m[at] & 0xc0) == 0xc0 ? at + 2 : dnsname_skip(m, len, at, true);
	if (!at || at + 14 > len || m[at + 1] != 1 || m[at + 9] != 4)
		return "wrong";
	return ((uint32_t)m[at + 10] << 24 | m[at + 11] << 16 | m[at + 12] << 8 | m[at + 13]) ==
			       a->address
		       ? NULL
		       : "wrong";
}

static void take(const uint8_t *m, size_t len, uint64_t now)
{
	struct asked *a = len >= 12 ? &asked[m[0] << 8 | m[1]] : NULL;
	const char *what;

	if (!a || !a->since || !(m[2] & 0x80)) {
		stray++;
		return;
	}
	what = verdict(a, m, len);
	if (good + failed + wrong < TIMES_MAX)
		times[good + failed + wrong] = (uint32_t)(now - a->since);
	if (!what) {
		good++;
	} else {
		tell_of(what, a, m, len);
		if (*what == 'f') {
			failed++;
			rcodes[m[3] & 15]++;
		} else {
			wrong++;
		}
	}
	drop(a);
}

static void read_datagrams(void)
{
	ssize_t n;

	for (unsigned i = 0; i < 256; i++) {
		n = recv(fd, in, sizeof in, MSG_DONTWAIT);
		if (n >= 0)
			take(in, (size_t)n, now_us());
		else if (errno != ECONNREFUSED)
			return;
	}
}

/* False: the stream has ended. */
static bool read_stream(void)
{
	ssize_t n = recv(fd, in + in_len, sizeof in - in_len, MSG_DONTWAIT);
	size_t at = 0, len;

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	in_len += n > 0 ? (size_t)n : 0;
	for (; in_len - at >= 2; at += 2 + len) {
		len = (size_t)in[at] << 8 | in[at + 1];
		if (in_len - at < 2 + len)
			break;
		take(in + at + 2, len, now_us());
	}
	memmove(in, in + at, in_len - at);
	in_len -= at;
	return true;
}

static void give_up(struct asked *a)
{
	lost++;
	tell_of("lost", a, NULL, 0);
	drop(a);
}

static void expire(uint64_t now)
{
	struct asked *a;

	while ((a = oldest()) && now - a->since > timeout_us)
		give_up(a);
}

/* What waited on the stream that has ended is lost; the next ones get a new one. */
static void open_again(void)
{
	struct asked *a;

	while ((a = oldest()))
		give_up(a);
	open_socket();
}

static void turn(void)
{
	uint64_t now = now_us();
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool more, ended = false;

	ask_what_is_due(now);
	more = sent < count && now < until && waiting < window;
	if (tcp && out_len)
		ended = !flush_stream();
	p.events = (short)(POLLIN | (out_len ? POLLOUT : 0));
	poll(&p, 1, more ? (rate > 0 ? 1 : 0) : 20);
	if (p.revents & ~POLLOUT) {
		if (!tcp)
			read_datagrams();
		else
			ended = !read_stream() || ended;
	}
	if (ended)
		open_again();
	expire(now_us());
}

/* ---------------------------------------------------------------- the end */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print(void)
{
	size_t n = (size_t)(good + failed + wrong);
	bool first = true;

	n = n < TIMES_MAX ? n : TIMES_MAX;
	qsort(times, n, sizeof *times, compare);
	printf("{\"asked\": %llu, \"good\": %llu, \"lost\": %llu, \"failed\": %llu, \"wrong\": "
	       "%llu, \"stray\": %llu, ",
		(unsigned long long)sent, (unsigned long long)good, (unsigned long long)lost,
		(unsigned long long)failed, (unsigned long long)wrong, (unsigned long long)stray);
	printf("\"rcodes\": {");
	for (unsigned i = 0; i < 16; i++) {
		if (rcodes[i])
			printf("%s\"%u\": %llu", first ? "" : ", ", i,
				(unsigned long long)rcodes[i]);
		first = first && !rcodes[i];
	}
	printf("}, \"p50\": %u, \"p99\": %u, \"p999\": %u, \"max\": %u, \"seconds\": %.3f}\n",
		n ? times[n / 2] : 0, n ? times[n * 99 / 100] : 0, n ? times[n * 999 / 1000] : 0,
		n ? times[n - 1] : 0, (double)(now_us() - began) / 1e6);
}

/* SIGTERM: no more questions; those that wait are waited for. */
static void stop(int number)
{
	(void)number;
	until = 0;
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = { { "port", 1, 0, 'p' }, { "count", 1, 0, 'n' },
		{ "seconds", 1, 0, 's' }, { "rate", 1, 0, 'r' }, { "window", 1, 0, 'w' },
		{ "tcp", 0, 0, 't' }, { "prefix", 1, 0, 'x' }, { "suffix", 1, 0, 'y' },
		{ "names", 1, 0, 'm' }, { "expect", 1, 0, 'e' }, { "timeout", 1, 0, 'o' },
		{ "tell", 0, 0, 'l' }, { "host", 1, 0, 'h' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (o) {
		case 'p':
			server.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10));
			break;
		case 'n':
			count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			until = began + (uint64_t)(strtod(optarg, NULL) * 1e6);
			break;
		case 'r':
			rate = strtod(optarg, NULL);
			break;
		case 'w':
			window = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			tcp = true;
			break;
		case 'x':
			prefix = optarg;
			break;
		case 'y':
			suffix = optarg;
			break;
		case 'm':
			names = strtoull(optarg, NULL, 10);
			break;
		case 'e':
			expected = ntohl(inet_addr(optarg));
			break;
		case 'o':
			timeout_us = strtoull(optarg, NULL, 10) * 1000;
			break;
		case 'l':
			tell = true;
			break;
		case 'h':
			inet_pton(AF_INET, optarg, &server.sin_addr);
			break;
		default:
			exit(3);
		}
	}
	if (!server.sin_port || window == 0 || window > IDS / 4 ||
		strlen(prefix) + strlen(suffix) > 200) {
		fprintf(stderr, "honest: no --port, or a window or a name that is too large\n");
		exit(3);
	}
}

int main(int argc, char **argv)
{
	inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
	began = now_us();
	dice = random_seeded(began);
	read_options(argc, argv);
	signal(SIGTERM, stop);
	times = malloc(TIMES_MAX * sizeof *times); /* touched only as far as it is used */
	if (!times)
		return 3;
	open_socket();
	while (waiting || (sent < count && now_us() < until))
		turn();
	print();
	free(times);
	close(fd);
	return 0;
}
