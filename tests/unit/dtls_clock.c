#include "tests/unit/dtls_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t ahead_ms;

void dtls_clock_advance(unsigned ms)
{
	ahead_ms += ms;
}

/* Instead of the C library's: GnuTLS asks this one. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int err = (int)syscall(SYS_clock_gettime, clock, ret);

	ret->tv_sec += (time_t)(ahead_ms / 1000);
	ret->tv_nsec += (long)(ahead_ms % 1000) * 1000000;
	if (ret->tv_nsec >= 1000000000) {
		ret->tv_nsec -= 1000000000;
		ret->tv_sec++;
	}
	return err;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
