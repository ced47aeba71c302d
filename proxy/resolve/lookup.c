#include "proxy/resolve/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/upstream/pool.h"

struct lookup {
	struct request request;
	struct lookups *lookups;
	struct list waiters;
	bool completing; /* on_done walks the waiters: nobody else drops it */
	uint8_t *bytes;	 /* owned copy of the client's message, where parts of it go upstream; else
			    NULL */
	struct edns_option copied[EDNS_COPIED];
	uint8_t name[DNS_NAME_MAX];
};

static void drop(struct lookup *k)
{
	free(k->bytes);
	slab_put(&k->lookups->slab, k);
}

static void on_done(struct request *r)
{
	struct lookup *k = container_of(r, struct lookup, request);
	struct list *n;

	k->completing = true;
	while ((n = list_take(&k->waiters))) {
		struct lookup_waiter *w = container_of(n, struct lookup_waiter, node);

		w->lookup = NULL;
		w->done(w, r);
	}
	drop(k);
}

static bool has_copied(const struct edns *e)
{
	for (size_t i = 0; i < EDNS_COPIED; i++)
		if (e->copied[i].len)
			return true;
	return false;
}

/* Options and signed messages go upstream as they came: they need the bytes to stay. */
static int keep_bytes(struct lookup *k, const struct dns_message *m, const struct edns *e)
{
	struct upstream_query *q = &k->request.query;
	bool copied = e->present && has_copied(e);

	k->bytes = NULL;
	q->copied = NULL;
	q->signed_message = NULL;
	if (!copied && !m->has_signature)
		return 0;
	k->bytes = malloc(m->len);
	if (!k->bytes)
		return -ENOMEM;
	memcpy(k->bytes, m->data, m->len);
	if (m->has_signature) {
		q->signed_message = k->bytes;
		q->signed_len = m->len;
	}
	for (size_t i = 0; copied && i < EDNS_COPIED; i++) {
		k->copied[i] = e->copied[i];
		if (e->copied[i].len)
			k->copied[i].data = k->bytes + (e->copied[i].data - m->data);
		q->copied = k->copied;
	}
	return 0;
}

static void ask(struct lookup *k, const struct dns_message *m, const struct edns *e)
{
	struct upstream_query *q = &k->request.query;

	name_fold(k->name, m->question.name, m->question.name_len);
	q->question = m->question;
	q->question.name = k->name;
	q->checking_disabled = m->flags & DNS_CD;
	q->authentic_data = m->flags & DNS_AD;
	q->dnssec_ok = e->dnssec_ok;
	k->request.done = on_done;
}

int lookup_start(struct lookups *l, const struct dns_message *m, const struct edns *e,
	struct lookup_waiter *w)
{
	struct lookup *k = slab_get(&l->slab);

	if (!k)
		return -ENOBUFS;
	k->lookups = l;
	k->completing = false;
	if (keep_bytes(k, m, e) < 0) {
		drop(k);
		return -ENOMEM;
	}
	ask(k, m, e);
	list_init(&k->waiters);
	list_append(&k->waiters, &w->node);
	w->lookup = k;
	pool_submit(route_find(&l->routes, &m->question), &k->request);
	return 0;
}

void lookup_leave(struct lookups *l, struct lookup_waiter *w, struct ede *ret_reason)
{
	struct lookup *k = w->lookup;

	(void)l;
	if (!k)
		return;
	if (ret_reason)
		*ret_reason = pool_reason(k->request.pool, &k->request);
	list_remove(&w->node);
	w->lookup = NULL;
	if (!list_empty(&k->waiters) || k->completing)
		return;
	pool_cancel(k->request.pool, &k->request);
	drop(k);
}

void lookups_init(struct lookups *l, size_t max, struct stats *stats, struct routes routes)
{
	*l = (struct lookups){ .stats = stats, .routes = routes };
	slab_init(&l->slab, sizeof(struct lookup), max);
}

void lookups_deinit(struct lookups *l)
{
	slab_deinit(&l->slab);
}
