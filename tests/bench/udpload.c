/*
 * Load over UDP, closed loop: so many queries outstanding, for names that repeat or never do.
 *
 *     udpload PORT WINDOW NAMES COUNT     NAMES 0: each its own; COUNT queries in all
 *
 * Prints answered, lost, wrong and seconds.  Every answer is held against its question.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MAX 1000u
#define LOST_MS	   2000

struct slot {
	uint8_t query[64];
	size_t len;
};

static struct slot slots[WINDOW_MAX];
static unsigned long sent, answered, wrong, names, count;

static unsigned long name_number(void)
{
	static uint64_t dice = 88172645463325252u;

	if (names == 0)
		return sent;
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return sent < names ? sent : (unsigned long)(dice >> 20) % names;
}

/* The id is the slot. */
static void ask(int fd, unsigned slot)
{
	struct slot *s = &slots[slot];
	char label[32];
	int len = snprintf(label, sizeof label, "n%lu-%lu", name_number(), names);
	uint8_t *p = s->query;

	memcpy(p, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
	p[0] = (uint8_t)(slot >> 8);
	p[1] = (uint8_t)slot;
	p[12] = (uint8_t)len;
	memcpy(p + 13, label, (size_t)len);
	memcpy(p + 13 + len, "\5bench\7example\3com\0\0\1\0\1", 23);
	s->len = 13 + (size_t)len + 23;
	if (send(fd, p, s->len, 0) == (ssize_t)s->len)
		sent++;
}

static void take(int fd)
{
	uint8_t reply[2048];
	ssize_t n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
	unsigned slot = n >= 12 ? (unsigned)(reply[0] << 8 | reply[1]) : WINDOW_MAX;
	struct slot *s = &slots[slot < WINDOW_MAX ? slot : 0];

	if (n < 0)
		return;
	if (slot >= WINDOW_MAX || (size_t)n < s->len || (reply[3] & 15) != 0 ||
		memcmp(reply + 12, s->query + 12, s->len - 12) != 0 || reply[7] != 1)
		wrong++;
	else
		answered++;
	if (slot < WINDOW_MAX && sent < count)
		ask(fd, slot);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned window = argc == 5 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	double begin;

	if (window == 0 || window > WINDOW_MAX || fd < 0) {
		fprintf(stderr, "usage: udpload PORT WINDOW NAMES COUNT\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	names = strtoul(argv[3], NULL, 10);
	count = strtoul(argv[4], NULL, 10);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return 2;
	begin = seconds();
	for (unsigned i = 0; i < window && sent < count; i++)
		ask(fd, i);
	while (answered + wrong < count) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, LOST_MS) <= 0)
			break;
		take(fd);
	}
	printf("%lu %lu %lu %.3f\n", answered, count - answered - wrong, wrong, seconds() - begin);
	close(fd);
	return wrong != 0;
}
