#include "proxy/resolve/portal.h"

#include <stdio.h>
#include <string.h>

#include "common/dns/wire.h"

void portal_init(struct portal *p, uint32_t (*boottime_s)(void *arg), void *clock_arg)
{
	*p = (struct portal){ .boottime_s = boottime_s, .clock_arg = clock_arg };
	pthread_mutex_init(&p->lock, NULL);
}

void portal_deinit(struct portal *p)
{
	pthread_mutex_destroy(&p->lock);
}

/* ------------------------------------------------------------------ locked */

static void end(struct portal *p, enum portal_end why, const char *by)
{
	if (!portal_is_open(p))
		return;
	atomic_store_explicit(&p->open, 0, memory_order_release);
	p->end = why;
	snprintf(p->by, sizeof p->by, "%s", by ? by : "");
}

static bool is_open(struct portal *p)
{
	if (portal_is_open(p) && p->boottime_s(p->clock_arg) >= p->until_s)
		end(p, PORTAL_TIME, NULL);
	return portal_is_open(p);
}

static bool has(const struct portal *p, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->name[i].len == len && name_equal(p->name[i].octets, name, len))
			return true;
	return false;
}

static bool add(struct portal *p, const uint8_t *name)
{
	size_t len = name_len(name);

	if (has(p, name, len))
		return true;
	if (p->count == PORTAL_NAMES_MAX) {
		p->refused++;
		return false;
	}
	name_fold(p->name[p->count].octets, name, len);
	p->name[p->count++].len = (uint8_t)len;
	return true;
}

/* ------------------------------------------------------------------ use */

void portal_open(struct portal *p, unsigned number, const struct addr *resolver, uint32_t seconds)
{
	pthread_mutex_lock(&p->lock);
	p->number = number;
	p->until_s = p->boottime_s(p->clock_arg) + seconds;
	p->end = PORTAL_NEVER;
	p->by[0] = '\0';
	addr_text(resolver, p->resolver);
	p->count = p->refused = 0;
	atomic_store_explicit(&p->open, number, memory_order_release);
	pthread_mutex_unlock(&p->lock);
}

bool portal_add(struct portal *p, const uint8_t *name)
{
	bool added;

	pthread_mutex_lock(&p->lock);
	added = is_open(p) && add(p, name);
	pthread_mutex_unlock(&p->lock);
	return added;
}

void portal_close(struct portal *p, enum portal_end why, const char *by)
{
	pthread_mutex_lock(&p->lock);
	end(p, why, by);
	pthread_mutex_unlock(&p->lock);
}

void portal_hold(struct portal *p, bool held)
{
	atomic_store_explicit(&p->held, held, memory_order_release);
}

bool portal_has(struct portal *p, unsigned number, const uint8_t *name, size_t len)
{
	bool found;

	if (!portal_is_open(p) || atomic_load_explicit(&p->held, memory_order_acquire))
		return false;
	pthread_mutex_lock(&p->lock);
	found = is_open(p) && p->number == number && has(p, name, len);
	pthread_mutex_unlock(&p->lock);
	return found;
}

/* ------------------------------------------------------------------ aliases */

/* Where the name leads to in this answer, into target; false: nowhere else. */
static bool next_target(
	const struct dns_message *m, const uint8_t *name, uint8_t target[DNS_NAME_MAX])
{
	unsigned budget = DNS_POINTER_BUDGET;
	struct record_walk w = record_walk(m);
	struct dns_record r;

	while (record_next(&w, &r)) {
		struct wire_reader at = wire_reader(m->data, m->len);
		uint8_t owner[DNS_NAME_MAX];
		size_t len;

		if (r.section != DNS_ANSWER || r.type != DNS_TYPE_CNAME || r.class != DNS_CLASS_IN ||
			r.end == r.rdata)
			continue;
		at.pos = r.start;
		len = name_read(&at, &budget, owner);
		if (len == 0)
			return false; /* the budget is spent */
		if (len != name_len(name) || !name_equal(owner, name, len))
			continue;
		at.pos = r.rdata;
		return name_read(&at, &budget, target) > 0;
	}
	return false;
}

void portal_learn(struct portal *p, unsigned number, const struct dns_message *answer)
{
	uint8_t name[DNS_NAME_MAX], target[DNS_NAME_MAX];

	if (answer->qdcount == 0 ||
		!portal_has(p, number, answer->question.name, answer->question.name_len))
		return;
	name_copy(name, answer->question.name, answer->question.name_len);
	for (unsigned i = 0; i < PORTAL_CHAIN_MAX && next_target(answer, name, target); i++) {
		pthread_mutex_lock(&p->lock);
		if (is_open(p) && p->number == number)
			add(p, target);
		pthread_mutex_unlock(&p->lock);
		name_copy(name, target, name_len(target));
	}
}

/* ------------------------------------------------------------------ what there is to tell */

void portal_look(struct portal *p, struct portal_look *ret)
{
	pthread_mutex_lock(&p->lock);
	ret->open = is_open(p);
	ret->left_s = ret->open ? p->until_s - p->boottime_s(p->clock_arg) : 0;
	ret->number = p->number;
	ret->end = p->end;
	memcpy(ret->by, p->by, sizeof ret->by);
	memcpy(ret->resolver, p->resolver, sizeof ret->resolver);
	ret->count = p->count;
	ret->refused = p->refused;
	for (size_t i = 0; i < p->count; i++) {
		char *text = ret->name[i];

		name_text(p->name[i].octets, text, DNS_NAME_TEXT_MAX);
		if (strlen(text) > 1)
			text[strlen(text) - 1] = '\0';
	}
	pthread_mutex_unlock(&p->lock);
}
