#include "proxy/ctl/audit_reach.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "proxy/ctl/audit_wait.h"
#include "proxy/upstream/tcp_socket.h"

/* With one at hand the others are given this long more. */
#define PATIENCE_US 300000u

struct attempts {
	struct pollfd fd[AUDIT_REACH_MAX]; /* -1: it has ended */
	struct transport_end end[AUDIT_REACH_MAX];
	bool open[AUDIT_REACH_MAX];
	size_t count, pending, reached;
};

static void settle(struct attempts *a, size_t i)
{
	int error = tcp_socket_error(a->fd[i].fd);

	a->open[i] = error == 0;
	a->reached += a->open[i];
	if (error)
		tcp_socket_fault(&a->end[i], STAGE_TCP, error);
	close(a->fd[i].fd);
	a->fd[i].fd = -1;
	a->pending--;
}

static void begin(struct attempts *a, const struct addr *addrs, size_t count)
{
	a->count = count < AUDIT_REACH_MAX ? count : AUDIT_REACH_MAX;
	for (size_t i = 0; i < a->count; i++) {
		a->end[i] = (struct transport_end){ .stage = STAGE_TCP, .text = "no answer" };
		a->fd[i] = (struct pollfd){ .fd = tcp_socket_connect(&addrs[i], NULL, &a->end[i]),
			.events = POLLOUT };
		a->pending += a->fd[i].fd >= 0;
	}
}

static void wait_all(struct attempts *a, uint64_t until_us)
{
	uint64_t patience = UINT64_MAX;

	while (a->pending > 0) {
		uint64_t until = patience < until_us ? patience : until_us;

		if (poll(a->fd, a->count, audit_wait_ms(until)) == 0)
			break;
		for (size_t i = 0; i < a->count; i++)
			if (a->fd[i].fd >= 0 && a->fd[i].revents)
				settle(a, i);
		if (a->reached > 0 && patience == UINT64_MAX)
			patience = clock_monotonic_us() + PATIENCE_US;
	}
	for (size_t i = 0; i < a->count; i++)
		if (a->fd[i].fd >= 0)
			close(a->fd[i].fd);
}

bool audit_reach(
	const struct addr *addrs, size_t count, uint64_t until_us, struct audit_facts *facts)
{
	uint64_t until = clock_monotonic_us() + AUDIT_REACH_US;
	struct attempts a = { .count = 0 };
	size_t first = 0;

	begin(&a, addrs, count);
	wait_all(&a, until < until_us ? until : until_us);
	facts->addresses = count;
	facts->reachable = a.reached;
	while (first < a.count && !a.open[first])
		first++;
	facts->addr = addrs[first < a.count ? first : 0];
	if (first < a.count)
		return true;
	facts->stage = a.end[0].stage;
	snprintf(facts->failure, sizeof facts->failure, "%s", a.end[0].text);
	return false;
}
