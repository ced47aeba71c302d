/*
 * How an upstream is: the outage it is in, with what the log says of it, and whether its answers
 * can be relied on.  One per upstream and worker.  An outage begins with a failure and ends with
 * the first answer: a server may shake hands and serve nothing.
 */
#ifndef PROXY_UPSTREAM_HEALTH_H
#define PROXY_UPSTREAM_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/log_limit.h"
#include "proxy/upstream/transport.h"

#define HEALTH_TEXT_MAX 640u
/* Sessions in a row that took queries and answered none in time: it is not relied on. */
#define HEALTH_SILENT_MAX 2u
/*
 * Errors in a row (SERVFAIL, REFUSED), and as many of them to questions that another upstream then
 * answered: it is not relied on.
 */
#define HEALTH_ERRORS_MAX 10u

struct health {
	const char *label;	/* borrowed: the upstream's */
	uint64_t down_since_us; /* until the first answer after it; 0: not down */
	struct log_limit limit; /* of all that the log says of the upstream */
	uint64_t logged_us;	/* last line about this outage */
	bool untold;		/* the reason has changed since */
	uint64_t failures;	/* in this outage */
	bool was_up;		/* some session was ready once: the next is no news */
	bool authenticated;	/* the last one was */
	unsigned silent;
	unsigned errors, contradicted; /* in a row */
	uint64_t doubted_us;	       /* last line about a path in doubt */
	bool alone;		       /* there is no other to ask instead */
	bool doubt_logged;
	char last_failure[HEALTH_TEXT_MAX]; /* label, stage and reason; "": none in this outage */
	struct transport_end last_end;	    /* to know a repeated one by */
};

/* An attempt or a session failed; `to` NULL: not for one address. Logs what is news. */
void health_failed(struct health *h, const struct addr *to, const struct transport_end *end,
	uint64_t wait_us, uint64_t now_us);
/* One of several addresses failed, or a further session: noted, not an outage. */
void health_note(struct health *h, const struct addr *to, const struct transport_end *end);

void health_connected(struct health *h, const struct addr *to, const struct transport_info *info,
	uint64_t took_us);

/* An answer; timely: within the time in which one is expected. */
void health_answered(struct health *h, bool timely, uint64_t now_us);

/*
 * A session's path came into doubt: it takes queries and answers none.  counts: some of them were
 * not in doubt before, so that it is not one slow name.
 */
void health_silent(
	struct health *h, const struct addr *to, const char *doubt, bool counts, uint64_t now_us);
/* An answer was an error (SERVFAIL, REFUSED); another upstream knew better; one was good. */
void health_error(struct health *h);
void health_contradicted(struct health *h);
void health_good(struct health *h);

/* Another network: what went wrong there says nothing here, and the next connection is news. */
void health_renew(struct health *h);

/* Others are to be preferred. */
static inline bool health_doubtful(const struct health *h)
{
	return h->silent >= HEALTH_SILENT_MAX ||
	       (h->errors >= HEALTH_ERRORS_MAX && h->contradicted >= HEALTH_ERRORS_MAX);
}

#endif
