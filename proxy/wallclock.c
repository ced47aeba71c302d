#include "proxy/wallclock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "proxy/ops/last_time.h"
#include "proxy/ops/surroundings.h"
#include "proxy/upstream/verify_dates.h"
#include "proxy/worker.h"

/* Less is no step: clocks are corrected all the time. */
#define STEP_US (60ll * 1000000)
#define DATE_MAX 32

struct wallclock {
	struct wallclock_setup setup;
	char state_dir[PATH_MAX];
	struct notice proved; /* a worker has proven the time */
	struct notice *sets;  /* owned; to each worker: the clock was set */
	bool believed;
	int64_t offset_us; /* of the wall clock from BOOTTIME, when it was looked at last */
	bool complained;   /* until the file can be written again */
};

static const char *date(time_t t, char out[DATE_MAX])
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, DATE_MAX, "%Y-%m-%d %H:%M:%SZ", &tm))
		snprintf(out, DATE_MAX, "an unknown date");
	return out;
}

static int64_t offset_us(void)
{
	struct timespec now;

	clock_wall(&now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - (int64_t)clock_boottime_us();
}

/* ------------------------------------------------------------------ mail */

static void deliver_proved(struct mail *m, void *receiver)
{
	struct wallclock *c = container_of(notice_taken(m), struct wallclock, proved);

	(void)receiver;
	if (!*c->state_dir)
		return;
	if (last_time_write(c->state_dir, verify_dates_proven())) {
		c->complained = false;
		return;
	}
	/* Without that folder nothing is kept: who wants it makes it. */
	if (errno == ENOENT)
		log_debug("the time is not kept: there is no %s", c->state_dir);
	else if (!c->complained)
		log_warning("the time cannot be kept in %s: %m; should this machine start with a "
			    "clock that is not set, certificates are judged as of the day dnsfwd "
			    "was built",
			c->state_dir);
	c->complained = true;
}

/* From a worker's thread. */
static void on_proved(void *arg)
{
	struct wallclock *c = arg;

	mailbox_notify(c->setup.mailbox, &c->proved);
}

static void deliver_set(struct mail *m, void *receiver)
{
	notice_taken(m);
	worker_clock_set(receiver);
}

/* ------------------------------------------------------------------ looking */

static void describe(struct wallclock *c)
{
	struct surroundings *around = c->setup.around;
	char now[DATE_MAX], assumed[DATE_MAX];
	bool by_build = verify_dates_now() == c->setup.built;

	around->clock.known = true;
	around->clock.believed = c->believed;
	around->clock.note[0] = '\0';
	if (c->believed)
		return;
	snprintf(around->clock.note, sizeof around->clock.note,
		"the clock says %s, before dnsfwd was built: it is not set; until it is, "
		"certificates are judged as of %s (%s)",
		date(clock_wall_s(), now), date(verify_dates_now(), assumed),
		by_build ? "when dnsfwd was built" : "the last time that was proven");
	log_warning("%s", around->clock.note);
}

static void tell_workers(struct wallclock *c)
{
	for (size_t i = 0; i < c->setup.worker_count; i++)
		mailbox_notify(worker_mailbox(c->setup.workers[i]), &c->sets[i]);
}

void wallclock_look(struct wallclock *c)
{
	int64_t offset = offset_us(), step = offset - c->offset_us;
	bool believed = verify_dates_believed(), changed = believed != c->believed;
	char now[DATE_MAX];

	if (!changed && step > -STEP_US && step < STEP_US)
		return;
	c->offset_us = offset;
	c->believed = believed;
	tell_workers(c);
	if (believed)
		log_info("the clock was set, by %+.0f s, and says %s now", (double)step / 1e6,
			date(clock_wall_s(), now));
	describe(c);
}

/* ------------------------------------------------------------------ life */

static bool make_notices(struct wallclock *c)
{
	notice_init(&c->proved, deliver_proved);
	c->sets = calloc(c->setup.worker_count, sizeof *c->sets);
	for (size_t i = 0; c->sets && i < c->setup.worker_count; i++)
		notice_init(&c->sets[i], deliver_set);
	return c->sets;
}

struct wallclock *wallclock_new(const struct wallclock_setup *setup)
{
	struct wallclock *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->setup = *setup;
	if (!make_notices(c)) {
		free(c);
		return NULL;
	}
	snprintf(c->state_dir, sizeof c->state_dir, "%s", setup->state_dir);
	verify_dates_init(setup->built, on_proved, c);
	verify_dates_remember(last_time_read(c->state_dir));
	c->believed = verify_dates_believed();
	c->offset_us = offset_us();
	describe(c);
	return c;
}

void wallclock_free(struct wallclock *c)
{
	if (!c)
		return;
	free(c->sets);
	free(c);
}
