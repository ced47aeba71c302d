#include "tests/fuzz/steady.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/* 2026-07-01: certificates are made in the same second, so that any will do. */
#define STEADY_WALL 1782864000

struct job {
	uint64_t seed;
	void (*run)(void *arg);
	void *arg;
};

static _Thread_local uint64_t state; /* 0: the real ones */
static _Thread_local uint64_t ahead_ms;

static uint8_t next_octet(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint8_t)(state >> 56);
}

/* ------------------------------------------------------------------ instead of the C library's */

ssize_t getrandom(void *data, size_t len, unsigned flags)
{
	uint8_t *out = data;

	if (!state)
		return syscall(SYS_getrandom, data, len, flags);
	for (size_t i = 0; i < len; i++)
		out[i] = next_octet();
	return (ssize_t)len;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (!state)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){ .tv_sec = STEADY_WALL + (time_t)(ahead_ms / 1000),
		.tv_nsec = (long)(ahead_ms % 1000) * 1000000 };
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* ------------------------------------------------------------------ the thread */

static void *work(void *arg)
{
	const struct job *job = arg;

	state = job->seed;
	job->run(job->arg);
	state = 0;
	return NULL;
}

void steady_advance(unsigned ms)
{
	ahead_ms += ms;
}

void steady_run(uint64_t seed, void (*run)(void *arg), void *arg)
{
	struct job job = { seed, run, arg };
	pthread_t thread;

	must(pthread_create(&thread, NULL, work, &job) == 0);
	must(pthread_join(thread, NULL) == 0);
}
