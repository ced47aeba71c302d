#include "proxy/ctl/audit_wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "common/base/clock.h"

int audit_wait_ms(uint64_t until_us)
{
	uint64_t now = clock_monotonic_us();
	uint64_t left = until_us > now ? (until_us - now + 999u) / 1000u : 0;

	return left > INT_MAX ? INT_MAX : (int)left;
}

bool audit_wait_for(int fd, short what, uint64_t until_us)
{
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do
		n = poll(&p, 1, audit_wait_ms(until_us));
	while (n < 0 && errno == EINTR);
	return n > 0;
}
