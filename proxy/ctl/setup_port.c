#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/dns/message.h"
#include "common/dns/name.h"
#include "proxy/client/holder.h"
#include "proxy/ctl/audit_wait.h"
#include "proxy/ctl/setup.h"

#define ANSWER_US 1500000u
#define TRIES	  2u

/* localhost A: dnsfwd answers that by itself, whatever the network does. */
static size_t build(uint8_t *out, uint16_t id)
{
	size_t len = DNS_HEADER_LEN;

	memset(out, 0, DNS_HEADER_LEN);
	wire_put16(out, id);
	wire_put16(out + 2, DNS_RD);
	wire_put16(out + 4, 1);
	len += name_from_text("localhost", out + len);
	wire_put16(out + len, DNS_TYPE_A);
	wire_put16(out + len + 2, DNS_CLASS_IN);
	return len + 4;
}

static bool is_answer(const uint8_t *data, ssize_t len, uint16_t id)
{
	return len >= (ssize_t)DNS_HEADER_LEN && wire_get16(data) == id &&
	       (wire_get16(data + 2) & DNS_QR);
}

static bool ask(const struct addr *listen)
{
	int fd = socket(listen->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t query[DNS_HEADER_LEN + DNS_NAME_MAX + 4], data[512];
	uint16_t id = 1;
	size_t len;
	bool answered = false;

	if (getrandom(&id, sizeof id, 0) < 0)
		id = 1;
	len = build(query, id);
	if (fd < 0 || connect(fd, &listen->sa, addr_len(listen)) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (unsigned i = 0; i < TRIES && !answered; i++)
		if (send(fd, query, len, MSG_NOSIGNAL) == (ssize_t)len &&
			audit_wait_for(fd, POLLIN, clock_monotonic_us() + ANSWER_US))
			answered = is_answer(data, recv(fd, data, sizeof data, MSG_DONTWAIT), id);
	close(fd);
	return answered;
}

void setup_ask(const struct addr *listen, struct setup_answer *ret)
{
	struct holder h;

	*ret = (struct setup_answer){ .answers = ask(listen) };
	if (!holder_find(listen, &h))
		return;
	ret->held = true;
	ret->pid = h.pid;
	memcpy(ret->program, h.program, sizeof ret->program);
	addr_text(&h.addr, ret->where);
	ret->advice = holder_advice(&h);
}
