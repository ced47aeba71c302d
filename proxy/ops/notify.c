#include "proxy/ops/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"

/* An abstract name begins with NUL instead of '@' and has no NUL at its end. */
static int parse_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof ret->sun_path)
		return -EINVAL;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, text, len);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (text[0] == '@')
		ret->sun_path[0] = '\0';
	else
		++*ret_len;
	return 0;
}

static int send_to(struct sockaddr_un *to, socklen_t len, const char *state)
{
	struct iovec iov = { .iov_base = (void *)state, .iov_len = strlen(state) };
	struct msghdr m = { .msg_name = to, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		err = -errno;
	close(fd);
	return err;
}

int notify_send(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	socklen_t len;
	int err;

	if (!name || !*name)
		return 0;
	err = parse_address(name, &to, &len);
	if (err == 0)
		err = send_to(&to, len, state);
	if (err < 0 && err != -EAGAIN)
		log_debug("the service manager can't be notified at %.120s: %s", name,
			strerror(-err));
	return err;
}
