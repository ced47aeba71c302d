#include "common/base/clock.h"

/* Two readings that are so close stand for one moment; what comes between is tried again. */
#define ONE_MOMENT_US 1000u
#define TRIES	      5

#ifdef TESTCLOCK

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/clock_test.h"

static const struct clock_test *mapped;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void map(void)
{
	const char *path = getenv("DNSFWD_TESTCLOCK");
	void *at;
	int fd;

	if (!path)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		abort(); /* a test that runs by another clock than it believes */
	at = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		abort();
	mapped = at;
}

bool clock_test_is_on(void)
{
	pthread_once(&once, map);
	return mapped;
}

/* All of them as they were at one moment. */
static struct clock_test offsets(void)
{
	struct clock_test o = { 0 };
	uint64_t version;

	if (!clock_test_is_on())
		return o;
	do {
		version = __atomic_load_n(&mapped->version, __ATOMIC_ACQUIRE);
		o.wall = __atomic_load_n(&mapped->wall, __ATOMIC_RELAXED);
		o.monotonic = __atomic_load_n(&mapped->monotonic, __ATOMIC_RELAXED);
		o.boottime = __atomic_load_n(&mapped->boottime, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version % 2 || version != __atomic_load_n(&mapped->version, __ATOMIC_RELAXED));
	return o;
}

static void add(struct timespec *t, int64_t us)
{
	int64_t sum = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + us;

	if (sum < 0)
		sum = 0;
	t->tv_sec = sum / 1000000;
	t->tv_nsec = sum % 1000000 * 1000 + t->tv_nsec % 1000;
}

static void read_clock(clockid_t clock, struct timespec *ret)
{
	struct clock_test o = offsets();

	clock_gettime(clock, ret);
	add(ret, clock == CLOCK_REALTIME	? o.wall
		 : clock == CLOCK_MONOTONIC ? o.monotonic
					    : o.boottime);
}

time_t clock_wall_s(void)
{
	struct timespec now;

	read_clock(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

#else

static void read_clock(clockid_t clock, struct timespec *ret)
{
	clock_gettime(clock, ret);
}

time_t clock_wall_s(void)
{
	return time(NULL); /* cheaper than the exact one */
}

#endif

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	read_clock(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t clock_boottime_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

void clock_wall(struct timespec *ret)
{
	read_clock(CLOCK_REALTIME, ret);
}

/* A thread may be put off between two readings; that was no sleep of the machine. */
uint64_t clock_slept_us(void)
{
	uint64_t before, boot, least = UINT64_MAX, slept = 0;

	for (int i = 0; i < TRIES && least > ONE_MOMENT_US; i++) {
		before = clock_monotonic_us();
		boot = clock_boottime_us();
		uint64_t took = clock_monotonic_us() - before;

		if (took >= least)
			continue;
		least = took;
		slept = boot > before ? boot - before : 0;
	}
	return slept;
}
