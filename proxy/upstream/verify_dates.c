#include "proxy/upstream/verify_dates.h"

#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/base/clock.h"

static time_t built;
static atomic_llong proven; /* 0: no time is */
static void (*tell)(void *arg);
static void *tell_arg;

/* In the library's form. */
static time_t library_clock(time_t *ret)
{
	time_t now = verify_dates_now();

	if (ret)
		*ret = now;
	return now;
}

void verify_dates_init(time_t when, void (*proved)(void *arg), void *arg)
{
	built = when;
	tell = proved;
	tell_arg = arg;
	atomic_store(&proven, 0);
	gnutls_global_set_time_function(library_clock);
}

void verify_dates_remember(time_t when)
{
	long long known = atomic_load(&proven);

	while (when > known && !atomic_compare_exchange_weak(&proven, &known, when))
		;
}

time_t verify_dates_proven(void)
{
	return (time_t)atomic_load(&proven);
}

static time_t at_least(void)
{
	time_t known = verify_dates_proven();

	return known > built ? known : built;
}

bool verify_dates_believed(void)
{
	return clock_wall_s() >= built;
}

/* One reading decides. */
time_t verify_dates_now(void)
{
	time_t now = clock_wall_s();

	return now >= built ? now : at_least();
}

void verify_dates_prove(void)
{
	time_t now = clock_wall_s();

	if (now < built || now < verify_dates_proven() + VERIFY_DATES_FRESH_S)
		return;
	verify_dates_remember(now);
	if (tell)
		tell(tell_arg);
}
