/* The batch of UDP replies: order, addresses and buffers through whole, partial and refused sends. */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>

#include "proxy/client/udp_sender.h"

/* A socket of ours: takes `takes[i]` datagrams at its i-th call; negative: that errno. */
static const int *takes;
static struct {
	uint16_t port;
	char text[16];
	bool control;
} got[256];
static unsigned got_count;

static void note(const struct mmsghdr *m)
{
	const struct addr *peer = m->msg_hdr.msg_name;
	size_t len = m->msg_hdr.msg_iov->iov_len;

	assert_int_equal(m->msg_hdr.msg_namelen, addr_len(peer));
	assert_true(len < sizeof got[0].text);
	got[got_count].port = addr_port(peer);
	memcpy(got[got_count].text, m->msg_hdr.msg_iov->iov_base, len);
	got[got_count].text[len] = '\0';
	got[got_count].control = m->msg_hdr.msg_control != NULL;
	if (got[got_count].control) {
		const struct cmsghdr *c = m->msg_hdr.msg_control;
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof info);
		assert_int_equal(ntohl(info.ipi_spec_dst.s_addr), 0x7f000000u + got[got_count].port);
	}
	got_count++;
}

static int fake_send(int fd, struct mmsghdr *head, unsigned count, int flags)
{
	int n = *takes++;

	assert_int_equal(fd, 7);
	assert_int_equal(flags, MSG_NOSIGNAL);
	if (n < 0) {
		errno = -n;
		return -1;
	}
	assert_true((unsigned)n <= count);
	for (int i = 0; i < n; i++)
		note(&head[i]);
	return n;
}

static void add(struct udp_sender *s, uint16_t port)
{
	struct origin o = { .peer.in4 = { .sin_family = AF_INET, .sin_port = htons(port) } };
	uint8_t *room = udp_sender_reserve(s, 16);

	assert_non_null(room);
	o.has_local = port % 2;
	o.local4.ipi_spec_dst.s_addr = htonl(0x7f000000u + port);
	udp_sender_commit(s, &o, (size_t)snprintf((char *)room, 16, "to %u", port));
}

static void expect_range(uint16_t from, uint16_t until)
{
	char text[16];

	assert_int_equal(got_count, until - from);
	for (uint16_t port = from; port < until; port++) {
		snprintf(text, sizeof text, "to %u", port);
		assert_int_equal(got[port - from].port, port);
		assert_string_equal(got[port - from].text, text);
		assert_int_equal(got[port - from].control, port % 2);
	}
	got_count = 0;
}

static void start(struct udp_sender *s, const int *script)
{
	takes = script;
	got_count = 0;
	assert_int_equal(udp_sender_init(s, 16, fake_send), 0);
}

static void test_whole_batch(void **state)
{
	static const int script[] = { 64 };
	struct udp_sender s;

	(void)state;
	start(&s, script);
	for (uint16_t port = 1; port <= 64; port++)
		add(&s, port);
	assert_null(udp_sender_reserve(&s, 16));
	assert_int_equal(udp_sender_flush(&s, 7), 0);
	expect_range(1, 65);
	assert_int_equal(udp_sender_flush(&s, 7), 0); /* nothing left: no call */
	udp_sender_deinit(&s);
}

static void test_too_long_for_a_buffer(void **state)
{
	struct udp_sender s;

	(void)state;
	start(&s, NULL);
	assert_non_null(udp_sender_reserve(&s, 16));
	assert_null(udp_sender_reserve(&s, 17));
	udp_sender_deinit(&s);
}

/* After a partial send each unsent reply still goes to its own client, also beside new ones. */
static void test_partial_sends(void **state)
{
	static const int script[] = { 3, -EAGAIN, 1, -EAGAIN, 2, -EINTR, 4, -EAGAIN, 3, 1 };
	struct udp_sender s;

	(void)state;
	start(&s, script);
	for (uint16_t port = 1; port <= 5; port++)
		add(&s, port);
	assert_int_equal(udp_sender_flush(&s, 7), -EAGAIN);
	assert_int_equal(s.count, 2);
	for (uint16_t port = 6; port <= 9; port++)
		add(&s, port);
	assert_int_equal(udp_sender_flush(&s, 7), -EAGAIN);
	assert_int_equal(s.count, 5);
	for (uint16_t port = 10; port <= 14; port++)
		add(&s, port);
	assert_int_equal(udp_sender_flush(&s, 7), -EAGAIN);
	assert_int_equal(s.count, 4);
	assert_int_equal(udp_sender_flush(&s, 7), 0);
	expect_range(1, 15);
	udp_sender_deinit(&s);
}

/* A client that is unreachable costs its own reply only. */
static void test_refused_datagram(void **state)
{
	static const int script[] = { 1, -ECONNREFUSED, -ENOBUFS, 2 };
	struct udp_sender s;

	(void)state;
	start(&s, script);
	for (uint16_t port = 1; port <= 5; port++)
		add(&s, port);
	assert_int_equal(udp_sender_flush(&s, 7), 0);
	assert_int_equal(got_count, 3);
	assert_int_equal(got[0].port, 1);
	assert_int_equal(got[1].port, 4);
	assert_int_equal(got[2].port, 5);
	assert_int_equal(s.count, 0);
	udp_sender_deinit(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_batch),
		cmocka_unit_test(test_too_long_for_a_buffer),
		cmocka_unit_test(test_partial_sends),
		cmocka_unit_test(test_refused_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
