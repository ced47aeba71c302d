/* In place of explain.c and trace.c in a build where nobody asks for the way of a query: no request has a trace. */
#include "proxy/explain.h"

void explain_run(struct explain *x, struct queries *qs, struct list *running)
{
	(void)x;
	(void)qs;
	(void)running;
}

void explain_stop(struct list *running)
{
	(void)running;
}

void trace_note(struct trace *t, enum trace_kind kind, const char *why, uint64_t now_us)
{
	(void)t;
	(void)kind;
	(void)why;
	(void)now_us;
}

void trace_sent(struct trace *t, const struct session *s, const struct flight *f, size_t len, size_t padding)
{
	(void)t;
	(void)s;
	(void)f;
	(void)len;
	(void)padding;
}

void trace_answered(struct trace *t, const struct session *s, const struct request *r, const struct edns *e)
{
	(void)t;
	(void)s;
	(void)r;
	(void)e;
}

void trace_late(struct trace *t, const struct flight *f, enum session_late why)
{
	(void)t;
	(void)f;
	(void)why;
}

void trace_returned(struct trace *t, const struct session *s, const struct flight *f)
{
	(void)t;
	(void)s;
	(void)f;
}

void trace_choice(struct trace *t, const struct request *r, const struct choice *c)
{
	(void)t;
	(void)r;
	(void)c;
}
