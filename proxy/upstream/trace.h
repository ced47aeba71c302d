/*
 * What becomes of one question on its way upstream, for "explain": noted where it happens, by whatever request has
 * one (request->trace, NULL for all others, which is all that it costs them).  Belongs to whoever explains, and
 * may outlive the request or be outlived by it: each knows of the other until one of them ends.
 */
#ifndef PROXY_UPSTREAM_TRACE_H
#define PROXY_UPSTREAM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/session.h"

struct choice;
struct edns;

#define TRACE_EVENTS_MAX 48u
#define TRACE_RIVALS_MAX 16u
#define TRACE_LABEL_MAX	 120u
#define TRACE_WHY_MAX	 240u
#define TRACE_NAME_MAX	 32u

enum trace_kind {
	TRACE_JOINED,	/* somebody else's equal question was in flight already */
	TRACE_WAITS,	/* no session has room for it now */
	TRACE_SENT,	/* again over datagrams: once more */
	TRACE_LATE,	/* another sending is asked for */
	TRACE_RETURNED, /* it comes back unanswered, or with an answer of no use */
	TRACE_ANSWERED, /* matched */
};

struct trace_event {
	uint64_t at_us; /* the turn's clock */
	enum trace_kind kind;
	char upstream[TRACE_LABEL_MAX]; /* "" where none is concerned */
	const char *why;		/* static; NULL: nothing to say */
	/* Of the session, with TRACE_SENT and TRACE_ANSWERED. */
	struct addr addr;
	char protocol[TRACE_NAME_MAX], cipher[TRACE_NAME_MAX];
	bool authenticated, resumed, clear;
	uint64_t session_age_us;
	/* Of the message, likewise. */
	size_t len, padding; /* octets; padding: of these, in the padding option, its head included */
	uint8_t cookie;	     /* TRACE_SENT: enum cookie_form; TRACE_ANSWERED: 1 where one came along */
	uint16_t rcode;	     /* TRACE_ANSWERED */
};

/* An upstream of the group, in the order of the policy, and why it was asked or not. */
struct trace_rival {
	char upstream[TRACE_LABEL_MAX];
	char why[TRACE_WHY_MAX];
	bool chosen;
};

struct trace {
	struct request *request; /* that has it; NULL: none */
	bool attached;		 /* some request has had it */
	bool answered;		 /* and is over, with an answer */
	size_t count, dropped;	 /* dropped: beyond TRACE_EVENTS_MAX */
	struct trace_event event[TRACE_EVENTS_MAX];
	size_t rivals; /* of the last choice */
	struct trace_rival rival[TRACE_RIVALS_MAX];
};

/* t may be NULL, and r may have one already, which stays. */
static inline void trace_attach(struct trace *t, struct request *r)
{
	if (!t || r->trace || t->request)
		return;
	r->trace = t;
	t->request = r;
	t->attached = true;
}

/* The request is over. */
static inline void trace_detach(struct request *r)
{
	if (!r->trace)
		return;
	r->trace->request = NULL;
	r->trace = NULL;
}

/* Whoever explains is. */
static inline void trace_end(struct trace *t)
{
	if (t->request)
		t->request->trace = NULL;
	t->request = NULL;
}

/* why: a static text, or NULL. */
void trace_note(struct trace *t, enum trace_kind kind, const char *why, uint64_t now_us);
void trace_sent(struct trace *t, const struct session *s, const struct flight *f, size_t len,
	size_t padding);
void trace_answered(struct trace *t, const struct session *s, const struct request *r,
	const struct edns *e);
/* Another sending is asked for. */
void trace_late(struct trace *t, const struct flight *f, enum session_late why);
/* It comes back. */
void trace_returned(struct trace *t, const struct session *s, const struct flight *f);
/* Where it was placed, or what it waits for. */
void trace_choice(struct trace *t, const struct request *r, const struct choice *c);

#endif
