#include "proxy/upstream/tcp_socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* After so long without an acknowledgement the kernel gives a connection up (design 5). */
#define USER_TIMEOUT_MS 5000

static bool is_local(int error)
{
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENODEV:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EACCES:
	case EPERM:
		return true;
	default:
		return false;
	}
}

void tcp_socket_fault(struct transport_end *end, enum transport_stage stage, int error)
{
	end->stage = stage;
	end->fault = FAULT_PROTOCOL;
	if (is_local(error)) {
		end->stage = stage == STAGE_TCP ? STAGE_ROUTE : stage;
		end->fault = FAULT_LOCAL;
	} else if (error == ECONNRESET || error == EPIPE) {
		end->fault = FAULT_RESET;
	} else if (error == ETIMEDOUT) {
		end->fault = FAULT_TIMEOUT;
	}
	snprintf(end->text, sizeof end->text, "%s", strerror(error));
}

void tcp_socket_closed(struct transport_end *end, enum transport_stage stage)
{
	end->stage = stage;
	end->fault = FAULT_CLOSED;
	snprintf(end->text, sizeof end->text, "closed by the server");
}

int tcp_socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

/*
 * The kernel says what is unacknowledged, not since when: the count of acknowledged octets must
 * stand still from one look to the next.
 */
uint64_t tcp_socket_unacked_us(
	int fd, struct tcp_progress *p, uint64_t now_us, uint64_t *ret_rtt_us)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	*ret_rtt_us = info.tcpi_rtt;
	if (info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0) {
		p->since_us = 0;
		return 0;
	}
	if (p->since_us == 0 || info.tcpi_bytes_acked != p->acked) {
		p->acked = info.tcpi_bytes_acked;
		/* What was sent last may have been on its way since before this look. */
		p->since_us = now_us - 1000ull * info.tcpi_last_data_sent;
	}
	return now_us - p->since_us;
}

int tcp_socket_bind_device(int fd, const char *device)
{
	if (!device)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0
		       ? -errno
		       : 0;
}

int tcp_socket_connect(const struct addr *to, const char *device, struct transport_end *ret_end)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, timeout_ms = USER_TIMEOUT_MS, err;

	if (fd < 0) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, errno);
		return -1;
	}
	err = tcp_socket_bind_device(fd, device);
	if (err < 0) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, -err);
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
	if (connect(fd, &to->sa, addr_len(to)) < 0 && errno != EINPROGRESS) {
		tcp_socket_fault(ret_end, STAGE_TCP, errno);
		close(fd);
		return -1;
	}
	return fd;
}
