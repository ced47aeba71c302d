/*
 * Points and reasons: from what was measured to a grade.  Pure: no I/O, no clock.
 *
 * Everybody begins with 100 points.  What was not measured costs none, and is told.  Whoever could not be
 * authenticated, or speaks no TLS that dnsfwd takes, has F whatever else; who could not be reached at all
 * has no grade.
 */
#ifndef PROXY_CTL_AUDIT_GRADE_H
#define PROXY_CTL_AUDIT_GRADE_H

#include "proxy/ctl/audit.h"

enum audit_grade {
	GRADE_NONE = 0,
	GRADE_F,
	GRADE_E,
	GRADE_D,
	GRADE_C,
	GRADE_B,
	GRADE_A,
	GRADE_A_PLUS
};

enum audit_verdict {
	VERDICT_UNMEASURED = 0,
	VERDICT_GOOD,
	VERDICT_NOTE, /* neither good nor bad */
	VERDICT_LOST,
	VERDICT_FATAL, /* the grade is F */
};

#define AUDIT_ROWS_MAX 20u
#define AUDIT_TEXT_MAX 256u

struct audit_row {
	const char *key, *title; /* static; key for programs */
	enum audit_verdict verdict;
	unsigned lost;
	char text[AUDIT_TEXT_MAX]; /* what was found; of points lost, the reason */
};

struct audit_report {
	struct audit_row row[AUDIT_ROWS_MAX];
	size_t count;
	unsigned points;     /* of 100 */
	unsigned unmeasured; /* rows */
	enum audit_grade grade;
};

void audit_judge(const struct audit_facts *f, struct audit_report *ret);

/* "A+", "F", "-" for none; static. */
const char *audit_grade_text(enum audit_grade g);
/* Letters of either case.  False: no grade. */
bool audit_grade_parse(const char *text, enum audit_grade *ret);

#endif
