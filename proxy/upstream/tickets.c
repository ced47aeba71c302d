#include "proxy/upstream/tickets.h"

#include <stdlib.h>
#include <string.h>

void tickets_init(struct tickets *ts)
{
	list_init(&ts->list);
	ts->count = 0;
	ts->drops = 0;
}

void ticket_free(struct ticket *t)
{
	if (!t)
		return;
	explicit_bzero(t->data, t->len);
	free(t);
}

static void take_out(struct tickets *ts, struct ticket *t)
{
	list_remove(&t->node);
	ts->count--;
}

static void discard(struct tickets *ts, struct ticket *t)
{
	take_out(ts, t);
	ticket_free(t);
}

void tickets_deinit(struct tickets *ts)
{
	tickets_drop(ts, NULL);
}

/* ------------------------------------------------------------------ bounds */

/* The last in the list for this address (NULL: for any), and how many there are. */
static struct ticket *oldest(const struct tickets *ts, const struct addr *addr, size_t *ret_count)
{
	struct ticket *last = NULL;

	*ret_count = 0;
	list_for_each (n, &ts->list) {
		struct ticket *t = container_of(n, struct ticket, node);

		if (addr && !addr_equal(&t->addr, addr))
			continue;
		last = t;
		++*ret_count;
	}
	return last;
}

static void make_room(struct tickets *ts, const struct addr *addr)
{
	size_t count;
	struct ticket *t = oldest(ts, addr, &count);

	if (count >= TICKETS_EACH)
		discard(ts, t);
	t = oldest(ts, NULL, &count);
	if (count >= TICKETS_MAX)
		discard(ts, t);
}

static void insert(struct tickets *ts, struct ticket *t)
{
	make_room(ts, &t->addr);
	list_prepend(&ts->list, &t->node);
	ts->count++;
}

/* ------------------------------------------------------------------ the interface */

static bool is_over(const struct verdict *v, uint64_t now_us)
{
	return now_us - v->judged_us >= TICKET_CHAIN_US;
}

void tickets_put(struct tickets *ts, const struct addr *addr, const struct verdict *verdict,
	const void *data, size_t len, uint64_t now_us)
{
	struct ticket *t;

	if (len == 0 || len > TICKET_OCTETS_MAX || is_over(verdict, now_us))
		return;
	t = malloc(sizeof *t + len);
	if (!t)
		return;
	t->node = (struct list){ NULL, NULL };
	t->addr = *addr;
	t->verdict = *verdict;
	t->len = len;
	memcpy(t->data, data, len);
	insert(ts, t);
}

struct ticket *tickets_take(
	struct tickets *ts, const struct addr *addr, uint64_t policy, uint64_t now_us, time_t wall)
{
	list_for_each (n, &ts->list) {
		struct ticket *t = container_of(n, struct ticket, node);
		const struct verdict *v = &t->verdict;

		if (is_over(v, now_us) || (v->not_after && wall > v->not_after) ||
			v->policy != policy) {
			discard(ts, t);
			continue;
		}
		if (!addr_equal(&t->addr, addr))
			continue;
		take_out(ts, t);
		t->drops = ts->drops;
		return t;
	}
	return NULL;
}

bool tickets_any(const struct tickets *ts, const struct addr *addr)
{
	list_for_each (n, &ts->list)
		if (addr_same_host(&container_of(n, struct ticket, node)->addr, addr))
			return true;
	return false;
}

void tickets_return(struct tickets *ts, struct ticket *t)
{
	if (t->drops == ts->drops)
		insert(ts, t);
	else
		ticket_free(t);
}

void tickets_drop(struct tickets *ts, const struct addr *addr)
{
	ts->drops++;
	list_for_each (n, &ts->list) {
		struct ticket *t = container_of(n, struct ticket, node);

		if (!addr || addr_equal(&t->addr, addr))
			discard(ts, t);
	}
}
