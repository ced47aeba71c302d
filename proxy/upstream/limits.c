#include "proxy/upstream/limits.h"

/* A close so soon after an answer belongs to that answer. */
#define AT_ONCE_US 100000u
/* Two idle times are alike within a tenth, or this. */
#define ALIKE_US 500000u

static bool are_alike(uint64_t a, uint64_t b)
{
	uint64_t lower = a < b ? a : b, higher = a < b ? b : a;
	uint64_t slack = higher / 10 > ALIKE_US ? higher / 10 : ALIKE_US;

	return lower > 0 && higher - lower <= slack;
}

void limits_closed(struct limits *l, uint64_t answers, uint64_t idle_us, bool busy)
{
	if (busy || idle_us < AT_ONCE_US) {
		l->answers = answers == l->last_answers ? answers : 0;
		l->last_answers = answers;
		return;
	}
	if (are_alike(idle_us, l->last_idle_us))
		l->idle_us = idle_us < l->last_idle_us ? idle_us : l->last_idle_us;
	l->last_idle_us = idle_us;
}

/* Where the first query and its repetition are lost it was no accident. */
void limits_forgotten(struct limits *l, uint64_t idle_us)
{
	if (!l->idle_us || idle_us < l->idle_us)
		l->idle_us = l->last_idle_us = idle_us;
}

void limits_outlived(struct limits *l, uint64_t answers)
{
	if (answers >= l->answers)
		l->answers = l->last_answers = 0;
}

void limits_outslept(struct limits *l, uint64_t idle_us)
{
	if (l->idle_us && idle_us > l->idle_us + ALIKE_US)
		l->idle_us = l->last_idle_us = 0;
}

void limits_renew(struct limits *l)
{
	l->idle_us = l->last_idle_us = 0;
}
