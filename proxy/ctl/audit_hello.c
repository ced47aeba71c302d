#include "proxy/ctl/audit_hello.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/dns/wire.h"
#include "proxy/ctl/audit_wait.h"
#include "proxy/upstream/tcp_socket.h"

#define TLS11		  0x0302u
#define CONTENT_ALERT	  21u
#define CONTENT_HANDSHAKE 22u
#define SERVER_HELLO	  2u
/* Record header, handshake header, the version that was chosen. */
#define ANSWER_LEAST 11u

/* What servers of that time had: ECDHE and plain RSA with AES-CBC, 3DES. */
static const uint16_t suites[] = { 0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x0033, 0x0039,
	0x000a };

/* Writes the length of what stands behind it once that is known. */
static void close16(struct wire_writer *w, size_t at)
{
	if (!w->bad)
		wire_put16(w->data + at, (uint16_t)(w->pos - at - 2));
}

static void write_server_name(struct wire_writer *w, const char *name)
{
	size_t len = strlen(name);

	wire_write16(w, 0); /* server_name (RFC 6066 3) */
	wire_write16(w, (uint16_t)(len + 5));
	wire_write16(w, (uint16_t)(len + 3));
	wire_write8(w, 0);
	wire_write16(w, (uint16_t)len);
	wire_write(w, name, len);
}

static void write_extensions(struct wire_writer *w, const char *name)
{
	static const uint8_t groups[] = { 0, 10, 0, 8, 0, 6, 0, 23, 0, 24, 0, 25 };
	static const uint8_t formats[] = { 0, 11, 0, 2, 1, 0 };
	static const uint8_t renegotiation[] = { 0xff, 0x01, 0, 1, 0 };
	size_t at = w->pos;

	wire_write16(w, 0);
	if (name)
		write_server_name(w, name);
	wire_write(w, groups, sizeof groups);
	wire_write(w, formats, sizeof formats);
	wire_write(w, renegotiation, sizeof renegotiation);
	close16(w, at);
}

/* RFC 4346 7.4.1.2, with the extensions of RFC 4366. */
size_t audit_hello_build(const char *name, uint8_t out[AUDIT_HELLO_MAX])
{
	struct wire_writer w = wire_writer(out, AUDIT_HELLO_MAX);
	uint8_t random[32] = { 0 };
	size_t record, hello;

	wire_write8(&w, CONTENT_HANDSHAKE);
	wire_write16(&w, 0x0301);
	record = w.pos;
	wire_write16(&w, 0);
	wire_write16(&w, 0x0100); /* client_hello, and the first octet of its length */
	hello = w.pos;
	wire_write16(&w, 0);
	wire_write16(&w, TLS11);
	if (getrandom(random, sizeof random, 0) < 0)
		memset(random, 1, sizeof random);
	wire_write(&w, random, sizeof random);
	wire_write8(&w, 0); /* no session to resume */
	wire_write16(&w, (uint16_t)sizeof suites);
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
		wire_write16(&w, suites[i]);
	wire_write16(&w, 0x0100); /* one compression method: none */
	write_extensions(&w, name);
	close16(&w, hello);
	close16(&w, record);
	return w.bad ? 0 : w.pos;
}

enum audit_answer audit_hello_judge(const uint8_t *data, size_t len)
{
	if (len > 0 && data[0] != CONTENT_HANDSHAKE)
		return AUDIT_NO; /* an alert */
	if (len < ANSWER_LEAST)
		return AUDIT_UNKNOWN;
	return data[5] == SERVER_HELLO && wire_get16(data + 9) <= TLS11 ? AUDIT_YES : AUDIT_NO;
}

/* Whoever closes without a word refuses as well. */
static enum audit_answer read_answer(int fd, uint64_t until_us)
{
	uint8_t data[64];
	size_t len = 0;
	enum audit_answer answer = AUDIT_UNKNOWN;

	while (answer == AUDIT_UNKNOWN && len < sizeof data &&
		audit_wait_for(fd, POLLIN, until_us)) {
		ssize_t n = recv(fd, data + len, sizeof data - len, 0);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return AUDIT_NO;
		if (n < 0)
			break;
		len += (size_t)n;
		answer = audit_hello_judge(data, len);
	}
	return answer;
}

enum audit_answer audit_hello_ask(const struct addr *to, const char *name, uint64_t until_us)
{
	struct transport_end end;
	uint8_t hello[AUDIT_HELLO_MAX];
	size_t len = audit_hello_build(name, hello);
	enum audit_answer answer = AUDIT_UNKNOWN;
	int fd = tcp_socket_connect(to, NULL, &end);

	if (fd < 0)
		return AUDIT_UNKNOWN;
	if (audit_wait_for(fd, POLLOUT, until_us) && tcp_socket_error(fd) == 0 &&
		send(fd, hello, len, MSG_NOSIGNAL) == (ssize_t)len)
		answer = read_answer(fd, until_us);
	close(fd);
	return answer;
}
