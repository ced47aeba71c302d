/* Datagrams that wait, and the socket that takes them. */
#include "tests/unit/cm.h"

#include <errno.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "proxy/upstream/udp_socket.h"

static void test_queue(void **state)
{
	struct datagrams d = { .count = 0 };
	uint8_t octets[2000] = { 0 };

	(void)state;
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		octets[0] = (uint8_t)i;
		assert_true(datagrams_put(&d, octets, 1 + i));
	}
	assert_false(datagrams_have_room(&d, 1));
	assert_false(datagrams_put(&d, octets, 1));
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		assert_int_equal(d.len[0], 1 + i);
		assert_int_equal(bytes_front(&d.octets)[0], i);
		datagrams_consume(&d, 1);
	}
	assert_int_equal(bytes_len(&d.octets), 0);
	/* Also in octets. */
	while (datagrams_put(&d, octets, sizeof octets))
		;
	assert_int_equal(d.count, DATAGRAMS_OCTETS_MAX / sizeof octets);
	assert_true(datagrams_have_room(&d, DATAGRAMS_OCTETS_MAX % sizeof octets));
	assert_false(datagrams_have_room(&d, DATAGRAMS_OCTETS_MAX % sizeof octets + 1));
	datagrams_consume(&d, d.count);
	datagrams_free(&d);
}

/* A socket of the peer's, and its address. */
static int listen_at(const char *ip, struct addr *ret)
{
	socklen_t len = sizeof *ret;
	int fd;

	assert_true(addr_parse(ip, strlen(ip), 0, true, ret));
	fd = socket(ret->sa.sa_family, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, &ret->sa, addr_len(ret)), 0);
	assert_int_equal(getsockname(fd, &ret->sa, &len), 0);
	return fd;
}

static void test_socket(void **state)
{
	struct addr to;
	struct transport_end end;
	int value = 0, peer = listen_at("127.0.0.1", &to), fd = udp_socket_connect(&to, NULL, &end);
	socklen_t len = sizeof value;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, &len), 0);
	assert_int_equal(value, IP_PMTUDISC_PROBE); /* DF, whatever ICMP says */
	assert_int_equal(udp_socket_payload_max(fd, &to), 1280 - 28);
	assert_int_equal(udp_socket_payload_floor(&to), 576 - 28);
	close(fd);
	close(peer);
}

static void test_socket_v6(void **state)
{
	struct addr to;
	struct transport_end end;
	int value = 0, peer = listen_at("::1", &to), fd = udp_socket_connect(&to, NULL, &end);
	socklen_t len = sizeof value;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, &len), 0);
	assert_int_equal(value, IPV6_PMTUDISC_PROBE);
	assert_int_equal(udp_socket_payload_max(fd, &to), 1280 - 48);
	assert_int_equal(udp_socket_payload_floor(&to), 1280 - 48);
	close(fd);
	close(peer);
}

static void test_no_way(void **state)
{
	struct addr to;
	struct transport_end end = { .text = "" };

	(void)state;
	assert_true(addr_parse("255.255.255.255", 15, 853, false, &to));
	assert_int_equal(udp_socket_connect(&to, NULL, &end), -1);
	assert_int_equal(end.stage, STAGE_ROUTE);
	assert_int_equal(end.fault, FAULT_LOCAL);
	assert_true(end.text[0]);
}

static void test_send_and_read(void **state)
{
	static uint8_t room[UDP_READ_MAX * 64], octets[100];
	struct udp_read reads[UDP_READ_MAX];
	struct datagrams d = { .count = 0 };
	struct addr to, from;
	struct transport_end end;
	int error, peer = listen_at("127.0.0.1", &to), fd = udp_socket_connect(&to, NULL, &end);
	socklen_t len = sizeof from;

	(void)state;
	assert_int_equal(udp_socket_read(fd, room, 64, UDP_READ_MAX, reads), -EAGAIN);
	for (unsigned i = 1; i <= 40; i++)
		assert_true(datagrams_put(&d, octets, i));
	assert_int_equal(udp_socket_flush(fd, &d, &error), 0);
	assert_int_equal(error, 0);
	assert_int_equal(d.count, 0);
	/* The peer says the same, and then something that is too long for a slot. */
	for (unsigned i = 1; i <= 40; i++) {
		assert_int_equal(
			recvfrom(peer, octets, sizeof octets, 0, &from.sa, &len), (ssize_t)i);
		sendto(peer, octets, i, 0, &from.sa, len);
	}
	sendto(peer, octets, 65, 0, &from.sa, len);
	assert_int_equal(udp_socket_read(fd, room, 64, UDP_READ_MAX, reads), UDP_READ_MAX);
	for (unsigned i = 0; i < UDP_READ_MAX; i++)
		assert_true(reads[i].len == i + 1);
	assert_int_equal(udp_socket_read(fd, room, 64, UDP_READ_MAX, reads), 41 - UDP_READ_MAX);
	assert_int_equal(reads[40 - UDP_READ_MAX].len, 64);
	datagrams_free(&d);
	close(fd);
	close(peer);
}

/* What ICMP brought is met by the next call: a send steps over it and costs no datagram. */
static void test_icmp(void **state)
{
	static uint8_t room[64];
	struct udp_read reads[UDP_READ_MAX];
	struct datagrams d = { .count = 0 };
	struct addr to;
	struct transport_end end;
	int error, peer = listen_at("127.0.0.1", &to), fd = udp_socket_connect(&to, NULL, &end);

	(void)state;
	close(peer);
	assert_true(datagrams_put(&d, "lost", 4));
	assert_int_equal(udp_socket_flush(fd, &d, &error), 0);
	assert_int_equal(udp_socket_read(fd, room, 64, 1, reads), -ECONNREFUSED);
	assert_int_equal(udp_socket_read(fd, room, 64, 1, reads), -EAGAIN);

	assert_true(datagrams_put(&d, "lost", 4));
	assert_int_equal(udp_socket_flush(fd, &d, &error), 0);
	assert_int_equal(error, 0);
	peer = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(peer, &to.sa, addr_len(&to)), 0);
	assert_true(datagrams_put(&d, "sent", 4));
	assert_int_equal(udp_socket_flush(fd, &d, &error), 0);
	assert_int_equal(error, ECONNREFUSED);
	assert_int_equal(recv(peer, room, sizeof room, 0), 4);
	assert_memory_equal(room, "sent", 4);
	datagrams_free(&d);
	close(fd);
	close(peer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_socket_v6),
		cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_send_and_read),
		cmocka_unit_test(test_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
