/* Every answer as a whole message again, for a snapshot. */
#include <stdlib.h>
#include <string.h>

#include "common/cache/internal.h"

struct walker {
	struct cache_shard *shard;
	uint32_t now;
	void (*visit)(void *arg, const struct cache_item *item);
	void *arg;
	uint8_t *message; /* DNS_MESSAGE_MAX octets */
};

static void put_ttls(struct cursor places, unsigned count, uint32_t ttl, uint8_t *records)
{
	uint8_t place[2];

	for (; count > 0; count--) {
		cursor_read(&places, place, sizeof place);
		wire_put32(records + wire_get16(place), ttl);
	}
}

static size_t write_message(struct walker *w, struct cache_entry *e, const struct cache_key *k)
{
	struct cursor places = cursor_of(w->shard, e), records;
	size_t head = DNS_HEADER_LEN + k->name_len + 4u;
	uint8_t *p = w->message;

	if (head + e->all > DNS_MESSAGE_MAX)
		return 0;
	wire_put16(p, 0);
	wire_put16(p + 2, (uint16_t)(DNS_QR | DNS_RD | DNS_RA | e->flags));
	wire_put16(p + 4, 1);
	for (unsigned s = DNS_ANSWER; s < DNS_SECTIONS; s++)
		wire_put16(p + 6 + 2 * s, e->count[s]);
	memcpy(p + DNS_HEADER_LEN, k->name, k->name_len);
	wire_put16(p + head - 4, k->type);
	wire_put16(p + head - 2, k->class);
	cursor_read(&places, NULL, e->name_len);
	records = places;
	cursor_read(&records, NULL, 2u * e->ttls + e->ede_len);
	cursor_read(&records, p + head, e->all);
	put_ttls(places, e->ttls, e->ttl_s, p + head);
	return head + e->all;
}

static void visit_entry(struct walker *w, struct cache_entry *e)
{
	struct cache_item item = { .message = w->message,
		.ttl_s = e->ttl_s,
		.left_s = time_until(e->expires, w->now),
		.trusted = e->bits & ENTRY_TRUSTED,
		.ad_asked = e->bits & ENTRY_AD_ASKED };
	struct cache_key *k = &item.key;
	struct cursor c = cursor_of(w->shard, e);

	k->hash = (uint64_t)e->hash << 32;
	k->policy = e->policy;
	k->type = e->type;
	k->class = e->class;
	k->flags = e->key_flags;
	k->name_len = e->name_len;
	cursor_read(&c, k->name, e->name_len);
	item.len = write_message(w, e, k);
	if (item.len)
		w->visit(w->arg, &item);
}

static void walk_queue(struct walker *w, uint32_t number)
{
	while (number) {
		struct cache_entry *e = entry_at(w->shard, number);

		if (!(e->bits & ENTRY_FAILURE))
			visit_entry(w, e);
		number = e->newer;
	}
}

void cache_walk(struct cache *c, uint32_t now,
	void (*visit)(void *arg, const struct cache_item *item), void *arg)
{
	struct walker w = {
		.now = now, .visit = visit, .arg = arg, .message = malloc(DNS_MESSAGE_MAX)
	};

	for (size_t i = 0; w.message && i < c->shard_count; i++) {
		w.shard = &c->shards[i];
		pthread_mutex_lock(&w.shard->lock);
		walk_queue(&w, w.shard->queue[QUEUE_SMALL].oldest);
		walk_queue(&w, w.shard->queue[QUEUE_MAIN].oldest);
		pthread_mutex_unlock(&w.shard->lock);
	}
	free(w.message);
}

struct copier {
	struct cache *to;
	uint32_t now;
};

static void copy_one(void *arg, const struct cache_item *item)
{
	const struct copier *c = arg;
	struct dns_message m;
	struct cache_answer a = {
		.message = &m, .trusted = item->trusted, .ad_asked = item->ad_asked
	};

	int32_t left = item->left_s, most = (int32_t)c->to->settings.max_ttl_s;
	struct cache_key k;

	if (message_parse(item->message, item->len, &m) != MESSAGE_OK)
		return;
	cache_key_make(&k, cache_secret(c->to), &m.question, item->key.flags, item->key.policy);
	cache_restore(c->to, &k, &a, left < most ? left : most, c->now);
}

void cache_copy(struct cache *to, struct cache *from, uint32_t now)
{
	cache_walk(from, now, copy_one, &(struct copier){ to, now });
}
