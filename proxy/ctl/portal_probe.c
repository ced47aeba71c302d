/* A probe: one plain HTTP request, as browsers and systems make them to find a portal. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/ctl/portal.h"

#define HTTP_PORT 80u

/* ------------------------------------------------------------------ URLs */

static bool is_host(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return false;
	return len > 0 && len < PROBE_HOST_MAX;
}

bool probe_parse(const char *text, struct probe_url *ret)
{
	static const char scheme[] = "http://";
	size_t len;

	*ret = (struct probe_url){ .port = HTTP_PORT };
	if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
		return false;
	text += sizeof scheme - 1;
	len = strcspn(text, ":/?#");
	if (!is_host(text, len))
		return false;
	memcpy(ret->host, text, len);
	text += len;
	if (*text == ':') {
		char *end;
		unsigned long port = strtoul(text + 1, &end, 10);

		if (end == text + 1 || port == 0 || port > 65535)
			return false;
		ret->port = (unsigned)port;
		text = end;
	}
	for (const char *p = text; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return (*text == '\0' || *text == '/') &&
	       (size_t)snprintf(ret->path, sizeof ret->path, "%s", *text ? text : "/") <
		       sizeof ret->path;
}

bool probe_host_of(const char *url, size_t len, char host[PROBE_HOST_MAX])
{
	size_t at = 0, n = 0;

	if (len > 7 && strncasecmp(url, "http://", 7) == 0)
		at = 7;
	else if (len > 8 && strncasecmp(url, "https://", 8) == 0)
		at = 8;
	else if (len > 2 && strncmp(url, "//", 2) == 0)
		at = 2;
	else
		return false;
	while (at + n < len && !strchr(":/?#", url[at + n]))
		n++;
	if (!is_host(url + at, n))
		return false;
	memcpy(host, url + at, n);
	host[n] = '\0';
	return true;
}

/* ------------------------------------------------------------------ what came */

/* A field of the head; NULL: there is none. */
static const char *find_field(const char *head, size_t len, const char *name, size_t *ret_len)
{
	const char *line = memchr(head, '\n', len), *end = head + len;

	while (line && ++line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		const char *stop = next ? next : end;
		size_t name_len = strlen(name);

		if (stop - line > (ptrdiff_t)name_len && line[name_len] == ':' &&
			strncasecmp(line, name, name_len) == 0) {
			line += name_len + 1;
			while (line < stop && isspace((unsigned char)*line))
				line++;
			while (stop > line && isspace((unsigned char)stop[-1]))
				stop--;
			*ret_len = (size_t)(stop - line);
			return line;
		}
		line = next;
	}
	return NULL;
}

/* <meta http-equiv="refresh" content="0; url=http://...">: the first url= behind the word. */
static bool find_refresh(const char *body, size_t len, char host[PROBE_HOST_MAX])
{
	static const char word[] = "http-equiv", url[] = "url=";
	bool met = false;

	for (size_t i = 0; i + sizeof url <= len; i++) {
		if (i + sizeof word <= len && strncasecmp(body + i, word, sizeof word - 1) == 0)
			met = true;
		if (!met || strncasecmp(body + i, url, sizeof url - 1) != 0)
			continue;
		i += sizeof url - 1;
		while (i < len && strchr("'\" ", body[i]))
			i++;
		return probe_host_of(body + i, len - i, host);
	}
	return false;
}

static bool is_expected(unsigned status, const char *body, size_t len)
{
	if (status == 204)
		return true;
	for (size_t i = 0; status == 200 && len < 200 && i + 7 <= len; i++)
		if (strncasecmp(body + i, "success", 7) == 0)
			return true;
	return false;
}

enum probe_result probe_judge(const char *reply, size_t len, char host[PROBE_HOST_MAX])
{
	const char *body = NULL, *location;
	size_t head, n;
	unsigned status;

	for (head = 0; head < len && !body; head++)
		if (reply[head] == '\n' && ((head + 1 < len && reply[head + 1] == '\n') ||
			(head + 2 < len && memcmp(reply + head + 1, "\r\n", 2) == 0)))
			body = reply + head + (reply[head + 1] == '\n' ? 2 : 3);
	if (len < 12 || strncmp(reply, "HTTP/1.", 7) != 0 || reply[8] != ' ' ||
		sscanf(reply + 9, "%3u", &status) != 1)
		return PROBE_FAILED;
	location = find_field(reply, head, "Location", &n);
	if (status / 100 == 3 && location && probe_host_of(location, n, host))
		return PROBE_REDIRECTED;
	if (body && is_expected(status, body, (size_t)(reply + len - body)))
		return PROBE_OPEN;
	if (body && find_refresh(body, (size_t)(reply + len - body), host))
		return PROBE_REDIRECTED;
	return PROBE_CHANGED;
}

/* ------------------------------------------------------------------ asking */

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool await(int fd, short events, long until)
{
	struct pollfd p = { .fd = fd, .events = events };
	long left = until - now_ms();

	return left > 0 && poll(&p, 1, (int)left) > 0;
}

static int reach(const struct addr *to, long until, const char **why)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;
	socklen_t len = sizeof err;

	if (fd < 0 || (connect(fd, &to->sa, addr_len(to)) < 0 && errno != EINPROGRESS))
		err = errno;
	else if (!await(fd, POLLOUT, until))
		err = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err == 0)
		return fd;
	*why = strerror(err);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* All that comes until the end, the bound or the time is reached, with a NUL behind it. */
static size_t read_reply(int fd, char *reply, long until)
{
	size_t len = 0;

	while (len < PROBE_OCTETS_MAX && await(fd, POLLIN, until)) {
		ssize_t n = recv(fd, reply + len, PROBE_OCTETS_MAX - len, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	reply[len] = '\0';
	return len;
}

enum probe_result probe_fetch(const struct probe_url *url, const struct addr *to,
	char host[PROBE_HOST_MAX], const char **why)
{
	static char reply[PROBE_OCTETS_MAX + 1];
	long until = now_ms() + PROBE_PATIENCE_MS;
	char request[PROBE_PATH_MAX + PROBE_HOST_MAX + 200], port[8] = "";
	enum probe_result result = PROBE_FAILED;
	int fd = reach(to, until, why), len;

	if (fd < 0)
		return PROBE_FAILED;
	if (url->port != HTTP_PORT)
		snprintf(port, sizeof port, ":%u", url->port);
	len = snprintf(request, sizeof request,
		"GET %s HTTP/1.1\r\nHost: %s%s\r\nAccept: */*\r\nCache-Control: no-cache\r\n"
		"Connection: close\r\n\r\n",
		url->path, url->host, port);
	*why = "no answer that is HTTP within 5 s";
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
		result = probe_judge(reply, read_reply(fd, reply, until), host);
	close(fd);
	return result;
}
