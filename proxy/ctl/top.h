/* What "top" draws: two readings of status and stats, and what happened between them. */
#ifndef PROXY_CTL_TOP_H
#define PROXY_CTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

#define TOP_PAST_MAX 240u

struct top_reading {
	struct json_object *status, *stats; /* a reference each; NULL: there is none */
	double at_s;			    /* of a clock that only goes on */
};

struct top {
	struct top_reading now, before;
	double past[TOP_PAST_MAX]; /* queries a second, the oldest first */
	size_t past_count;
	bool utf8; /* the terminal shows it */
};

/* Takes the reading's references; that of before is let go. */
void top_add(struct top *t, struct top_reading r);
void top_free(struct top *t);

/* Lines ended by LF, none wider than so many columns; at most so many lines. */
void top_draw(const struct top *t, FILE *out, size_t columns, size_t lines);

#endif
