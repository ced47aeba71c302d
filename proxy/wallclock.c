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
	struct worker *const *workers;
	size_t worker_count;
	bool believed;
	int64_t offset_us; /* of the wall clock from BOOTTIME, when it was looked at last */
	bool complained;   /* until the file can be written again */
};

struct clock_mail {
	struct mail mail;
	struct wallclock *clock;
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

static void discard(struct mail *m)
{
	free(container_of(m, struct clock_mail, mail));
}

static struct clock_mail *make_mail(
	struct wallclock *c, void (*deliver)(struct mail *m, void *receiver))
{
	struct clock_mail *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->clock = c;
	m->mail.deliver = deliver;
	m->mail.discard = discard;
	return m;
}

static void deliver_proved(struct mail *m, void *receiver)
{
	struct wallclock *c = container_of(m, struct clock_mail, mail)->clock;

	(void)receiver;
	discard(m);
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
	struct clock_mail *m = make_mail(c, deliver_proved);

	if (m)
		mailbox_post(c->setup.mailbox, &m->mail);
}

static void deliver_set(struct mail *m, void *receiver)
{
	worker_clock_set(receiver);
	discard(m);
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
	for (size_t i = 0; i < c->worker_count; i++) {
		struct clock_mail *m = make_mail(c, deliver_set);

		if (m)
			mailbox_post(worker_mailbox(c->workers[i]), &m->mail);
	}
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
	if (believed)
		log_info("the clock was set, by %+.0f s, and says %s now", (double)step / 1e6,
			date(clock_wall_s(), now));
	describe(c);
	tell_workers(c);
}

/* ------------------------------------------------------------------ life */

void wallclock_start(struct wallclock *c, struct worker *const *workers, size_t worker_count)
{
	c->workers = workers;
	c->worker_count = worker_count;
}

struct wallclock *wallclock_new(const struct wallclock_setup *setup)
{
	struct wallclock *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->setup = *setup;
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
	free(c);
}
