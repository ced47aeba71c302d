/* Sessions that do not answer: for the tests of session_watch. */
#ifndef TESTS_UNIT_SESSION_WATCH_CASE_H
#define TESTS_UNIT_SESSION_WATCH_CASE_H

#include "tests/unit/session_case.h"

/* Sessions are looked at every so often. */
#define LOOK (100 * MS)

/* A query is sent now, and nothing is acknowledged from then on. */
static inline void get_stuck(uint64_t rtt_us)
{
	send_one(0);
	fake->rtt_us = rtt_us;
	fake->stuck_since_us = net.clock_us;
}

/* Ends in the silence after one query. */
static inline void make_suspect(void)
{
	send_one(0);
	fake_wait(&net, SEC);
	assert_told("silent", "?p");
}

/* An answer, an answer that came too late, an answer that does not parse: somebody is there. */
enum life { ANSWER, LATE_ANSWER, MALFORMED_ANSWER };

static const struct {
	const char *name, *told;
	enum life life;
} lives[] = {
	{ "an answer", "+", ANSWER },
	{ "a late answer", "", LATE_ANSWER },
	{ "a malformed answer", "-", MALFORMED_ANSWER },
};

static inline void show_life(enum life life, long i)
{
	if (life == MALFORMED_ANSWER)
		answer_malformed(i);
	else
		fake_answer_nth(fake, i);
}

#endif
