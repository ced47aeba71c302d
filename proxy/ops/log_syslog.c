#include "proxy/ops/log_syslog.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

#define FACILITY_DAEMON 3

static int sock = -1;

int log_syslog_open(void)
{
	if (sock >= 0)
		return 0;
	tzset(); /* while its files can be read */
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return sock < 0 ? -errno : 0;
}

/* The local time, in English whatever the locale: "<30>Nov  7 09:05:00 dnsfwd[815]: ". */
static size_t put_head(char *head, size_t size, int priority)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (size_t)snprintf(head, size,
		"<%d>%s %2d %02d:%02d:%02d dnsfwd[%ld]: ", FACILITY_DAEMON * 8 + priority,
		months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long)getpid());
}

bool log_syslog_send(int priority, const char *text, size_t len)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	char head[100];
	struct iovec iov[2] = { { head, put_head(head, sizeof head, priority) },
		{ (void *)text, len } };
	struct msghdr m = {
		.msg_name = (void *)&to, .msg_namelen = sizeof to, .msg_iov = iov, .msg_iovlen = 2
	};

	return sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

void log_syslog_close(void)
{
	if (sock >= 0)
		close(sock);
	sock = -1;
}
