#include "common/base/timerq.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_CAP 64u

void timerq_init(struct timerq *q)
{
	*q = (struct timerq){ 0 };
}

void timerq_deinit(struct timerq *q)
{
	for (size_t i = 0; i < q->count; i++)
		q->heap[i]->slot = 0;
	free(q->heap);
	*q = (struct timerq){ 0 };
}

static bool is_before(const struct timer *a, const struct timer *b)
{
	if (a->due_us != b->due_us)
		return a->due_us < b->due_us;
	return a->order < b->order;
}

static void place(struct timerq *q, size_t i, struct timer *t)
{
	q->heap[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct timerq *q, size_t i, struct timer *t)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (!is_before(t, q->heap[parent]))
			break;
		place(q, i, q->heap[parent]);
		i = parent;
	}
	place(q, i, t);
}

static void sift_down(struct timerq *q, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= q->count)
			break;
		if (child + 1 < q->count && is_before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!is_before(q->heap[child], t))
			break;
		place(q, i, q->heap[child]);
		i = child;
	}
	place(q, i, t);
}

/* Puts t where it belongs, given that place i is free for it. */
static void settle(struct timerq *q, size_t i, struct timer *t)
{
	if (i > 0 && is_before(t, q->heap[(i - 1) / 2]))
		sift_up(q, i, t);
	else
		sift_down(q, i, t);
}

static int grow(struct timerq *q)
{
	size_t cap = q->cap ? q->cap * 2 : FIRST_CAP;
	struct timer **heap = reallocarray(q->heap, cap, sizeof *heap);

	if (!heap)
		return -ENOMEM;
	q->heap = heap;
	q->cap = cap;
	return 0;
}

int timer_start(struct timerq *q, struct timer *t, uint64_t due_us)
{
	if (!timer_running(t)) {
		if (q->count == q->cap && grow(q) < 0)
			return -ENOMEM;
		t->slot = ++q->count;
	}
	t->due_us = due_us;
	t->order = q->starts++;
	settle(q, t->slot - 1, t);
	return 0;
}

void timer_stop(struct timerq *q, struct timer *t)
{
	size_t i = t->slot - 1;
	struct timer *last;

	if (!timer_running(t))
		return;
	assert(i < q->count && q->heap[i] == t);
	t->slot = 0;
	last = q->heap[--q->count];
	if (last != t)
		settle(q, i, last);
}

uint64_t timerq_next_us(const struct timerq *q)
{
	return q->count > 0 ? q->heap[0]->due_us : UINT64_MAX;
}

size_t timerq_run(struct timerq *q, uint64_t now_us, size_t limit)
{
	uint64_t starts_before = q->starts;
	size_t fired = 0;

	while (fired < limit && timerq_next_us(q) <= now_us && q->count > 0) {
		struct timer *t = q->heap[0];

		/*
		 * One that starts itself anew for "now" waits for the next call, or this never
		 * ended.
		 */
		if (t->due_us == now_us && t->order >= starts_before)
			break;
		timer_stop(q, t);
		fired++;
		t->fire(t);
	}
	return fired;
}
