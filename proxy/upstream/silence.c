#include "proxy/upstream/silence.h"

/* 15 minutes so often doubled are more than a day. */
#define TIMES_MAX 7u

uint64_t silence_begin(struct silence *s, bool stream_works, uint64_t now_us)
{
	uint64_t wait = SILENCE_MIN_US << s->times;

	if (wait > SILENCE_MAX_US || (!s->heard && stream_works))
		wait = SILENCE_MAX_US;
	if (s->times < TIMES_MAX)
		s->times++;
	s->sessions = 0;
	s->until_us = now_us + wait;
	return wait;
}

bool silence_unanswered(struct silence *s)
{
	return ++s->sessions >= SILENCE_SESSIONS_MAX;
}

void silence_heard(struct silence *s)
{
	s->heard = true;
	s->times = s->sessions = 0;
}

void silence_forget(struct silence *s)
{
	*s = (struct silence){ 0 };
}
