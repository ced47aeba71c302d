#include "proxy/upstream/udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/upstream/tcp_socket.h"

/*
 * Answers to hundreds of queries may come at once, and nothing slows a sender down.  The kernel gives as
 * much of it as it gives to anyone.
 */
#define RECEIVE_BUFFER (1024 * 1024)

#define MTU_ASSUMED  1280u
#define MTU_FLOOR_V4 576u
#define HEADERS_V4   28u /* IP and UDP */
#define HEADERS_V6   48u

/* Errors that ICMP left at the socket are met instead of a send: so many in a row are stepped over. */
#define ERRORS_IN_A_ROW 8u

static bool is_v6(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6;
}

/*
 * DF is set, and what routers say of the path is no order to the kernel: it is asked for it (RFC 8899
 * knows it as probing).
 */
static void set_probing(int fd, const struct addr *to)
{
	int v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE;

	if (is_v6(to))
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
	else
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
}

int udp_socket_connect(const struct addr *to, const char *device, struct transport_end *ret_end)
{
	int room = RECEIVE_BUFFER;
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, errno);
		return -1;
	}
	set_probing(fd, to);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	err = tcp_socket_bind_device(fd, device);
	if (err == 0 && connect(fd, &to->sa, addr_len(to)) == 0)
		return fd;
	tcp_socket_fault(ret_end, STAGE_ROUTE, err ? -err : errno);
	close(fd);
	return -1;
}

static size_t payload_of(size_t mtu, const struct addr *to)
{
	return mtu - (is_v6(to) ? HEADERS_V6 : HEADERS_V4);
}

size_t udp_socket_payload_floor(const struct addr *to)
{
	return payload_of(is_v6(to) ? MTU_ASSUMED : MTU_FLOOR_V4, to);
}

size_t udp_socket_payload_max(int fd, const struct addr *to)
{
	int mtu = 0;
	socklen_t len = sizeof mtu;
	int err = is_v6(to) ? getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len)
			    : getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len);

	if (err < 0 || mtu > (int)MTU_ASSUMED)
		return payload_of(MTU_ASSUMED, to);
	if (is_v6(to) || mtu < (int)MTU_FLOOR_V4)
		return udp_socket_payload_floor(to);
	return payload_of((size_t)mtu, to);
}

/* ------------------------------------------------------------------ sending */

static int send_all(int fd, const struct datagrams *out)
{
	struct mmsghdr heads[DATAGRAMS_MAX];
	struct iovec iov[DATAGRAMS_MAX];
	const uint8_t *at = bytes_front(&out->octets);

	memset(heads, 0, out->count * sizeof *heads);
	for (unsigned i = 0; i < out->count; i++) {
		iov[i] = (struct iovec){ (void *)(uintptr_t)at, out->len[i] };
		heads[i].msg_hdr.msg_iov = &iov[i];
		heads[i].msg_hdr.msg_iovlen = 1;
		at += out->len[i];
	}
	return sendmmsg(fd, heads, out->count, MSG_NOSIGNAL);
}

/* Such an error stood at the socket already; the datagram that met it was not even tried. */
static bool came_by_icmp(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENOPROTOOPT ||
	       error == EPROTO;
}

int udp_socket_flush(int fd, struct datagrams *out, int *ret_error)
{
	unsigned row = 0;

	*ret_error = 0;
	while (out->count > 0) {
		int n = send_all(fd, out);

		if (n > 0) {
			datagrams_consume(out, (unsigned)n);
			row = 0;
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return -EAGAIN;
		if (errno == EINTR)
			continue;
		*ret_error = errno;
		if (!came_by_icmp(errno) || ++row == ERRORS_IN_A_ROW) {
			datagrams_consume(out, 1);
			row = 0;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ receiving */

int udp_socket_read(
	int fd, uint8_t *room, size_t slot, unsigned count, struct udp_read ret[UDP_READ_MAX])
{
	struct mmsghdr heads[UDP_READ_MAX];
	struct iovec iov[UDP_READ_MAX];
	int n;

	memset(heads, 0, count * sizeof *heads);
	for (unsigned i = 0; i < count; i++) {
		iov[i] = (struct iovec){ room + i * slot, slot };
		heads[i].msg_hdr.msg_iov = &iov[i];
		heads[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, heads, count, MSG_DONTWAIT, NULL);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		ret[i] = (struct udp_read){ room + (size_t)i * slot, heads[i].msg_len };
	return n;
}
