#include "common/dns/cookie_store.h"

#include <stdlib.h>

struct entry {
	struct list node;
	struct addr server, local; /* local without port */
	unsigned lent;
	struct cookie_jar jar;
};

static void drop(struct cookie_store *s, struct entry *e)
{
	list_remove(&e->node);
	s->count--;
	cookie_jar_wipe(&e->jar);
	free(e);
}

static struct entry *find(
	const struct cookie_store *s, const struct addr *server, const struct addr *local)
{
	list_for_each (n, &s->jars) {
		struct entry *e = container_of(n, struct entry, node);

		if (addr_equal(&e->server, server) && addr_equal(&e->local, local))
			return e;
	}
	return NULL;
}

/* The last of those that nobody has. */
static struct entry *find_victim(const struct cookie_store *s)
{
	struct entry *victim = NULL;

	list_for_each (n, &s->jars) {
		struct entry *e = container_of(n, struct entry, node);

		if (e->lent == 0)
			victim = e;
	}
	return victim;
}

static struct entry *add(
	struct cookie_store *s, const struct addr *server, const struct addr *local)
{
	struct entry *victim = s->count < COOKIE_STORE_MAX ? NULL : find_victim(s), *e;

	if (victim)
		drop(s, victim);
	e = s->count < COOKIE_STORE_MAX ? calloc(1, sizeof *e) : NULL;
	if (!e) {
		s->refused++;
		return NULL;
	}
	e->server = *server;
	e->local = *local;
	s->count++;
	return e;
}

struct cookie_jar *cookie_store_take(
	struct cookie_store *s, const struct addr *server, const struct addr *local)
{
	struct addr from = *local;
	struct entry *e;

	addr_set_port(&from, 0);
	e = find(s, server, &from);
	if (e)
		list_remove(&e->node);
	else
		e = add(s, server, &from);
	if (!e)
		return NULL;
	list_prepend(&s->jars, &e->node);
	e->lent++;
	return &e->jar;
}

void cookie_store_give_back(struct cookie_store *s, struct cookie_jar *jar)
{
	(void)s;
	container_of(jar, struct entry, jar)->lent--;
}

void cookie_store_new_epoch(struct cookie_store *s)
{
	list_for_each (n, &s->jars) {
		struct entry *e = container_of(n, struct entry, node);

		if (e->lent == 0)
			drop(s, e);
		else
			cookie_jar_wipe(&e->jar);
	}
}

void cookie_store_init(struct cookie_store *s, uint64_t (*boottime_us)(void *arg), void *clock_arg)
{
	*s = (struct cookie_store){ .boottime_us = boottime_us, .clock_arg = clock_arg };
	list_init(&s->jars);
}

void cookie_store_deinit(struct cookie_store *s)
{
	cookie_store_new_epoch(s);
}
