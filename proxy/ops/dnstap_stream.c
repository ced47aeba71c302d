#include "proxy/ops/dnstap_stream.h"

#include <errno.h>
#include <fstrm.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"

static fstrm_res on_close(void *arg)
{
	struct dnstap_stream *s = arg;

	if (s->fd < 0)
		return fstrm_res_failure;
	if (atomic_exchange(&s->connected, false))
		log_limited(
			&s->limit, LOG_LEVEL_INFO, "dnstap: nobody reads at %s any more", s->path);
	close(s->fd);
	s->fd = -1;
	s->accepted = false;
	return fstrm_res_success;
}

static int connect_to(const char *path)
{
	static const struct timeval limit = { .tv_sec = DNSTAP_PATIENCE_S };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
		connect(fd, (const struct sockaddr *)&sa, sizeof sa) == 0)
		return fd;
	close(fd);
	return -1;
}

/* libfstrm tries again by itself. */
static fstrm_res on_open(void *arg)
{
	struct dnstap_stream *s = arg;

	if (s->fd >= 0)
		return fstrm_res_failure;
	s->fd = connect_to(s->path);
	return s->fd < 0 ? fstrm_res_failure : fstrm_res_success;
}

/* Only the handshake is read. */
static fstrm_res on_read(void *arg, void *data, size_t count)
{
	struct dnstap_stream *s = arg;

	for (size_t done = 0; done < count;) {
		ssize_t n = recv(s->fd, (char *)data + done, count - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? fstrm_res_stop : fstrm_res_failure;
		done += (size_t)n;
	}
	s->accepted = true;
	return fstrm_res_success;
}

/* Leaves out of the vector what was sent. */
static void advance(struct msghdr *m, size_t sent)
{
	while (m->msg_iovlen > 0 && sent >= m->msg_iov->iov_len) {
		sent -= m->msg_iov->iov_len;
		m->msg_iov++;
		m->msg_iovlen--;
	}
	if (m->msg_iovlen > 0) {
		m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + sent;
		m->msg_iov->iov_len -= sent;
	}
}

static fstrm_res send_some(struct dnstap_stream *s, const struct iovec *iov, size_t count)
{
	struct iovec copy[64];
	struct msghdr m = { .msg_iov = copy, .msg_iovlen = count };

	memcpy(copy, iov, count * sizeof *copy);
	advance(&m, 0);
	while (m.msg_iovlen > 0) {
		ssize_t n = sendmsg(s->fd, &m, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fstrm_res_failure;
		advance(&m, (size_t)n);
	}
	return fstrm_res_success;
}

static fstrm_res on_write(void *arg, const struct iovec *iov, int count)
{
	struct dnstap_stream *s = arg;

	if (s->fd < 0)
		return fstrm_res_failure;
	for (int i = 0; i < count; i += 64) {
		size_t n = (size_t)(count - i < 64 ? count - i : 64);

		if (send_some(s, iov + i, n) != fstrm_res_success) {
			on_close(s);
			return fstrm_res_failure;
		}
	}
	/* What is written after an answer is the beginning of the stream: the reader wants it. */
	if (s->accepted && !atomic_exchange(&s->connected, true))
		log_limited(&s->limit, LOG_LEVEL_INFO, "dnstap: messages go to %s", s->path);
	return fstrm_res_success;
}

struct fstrm_rdwr *dnstap_stream_new(struct dnstap_stream *s)
{
	struct fstrm_rdwr *r = fstrm_rdwr_init(s);

	if (!r)
		return NULL;
	fstrm_rdwr_set_open(r, on_open);
	fstrm_rdwr_set_close(r, on_close);
	fstrm_rdwr_set_read(r, on_read);
	fstrm_rdwr_set_write(r, on_write);
	return r;
}
