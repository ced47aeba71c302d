#include "proxy/client/quota.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/siphash.h"

#define NETWORKS                                                                                   \
	4096u /* whose rate is remembered; of two that meet, the one last seen longer ago goes */
#define WAYS	  2u
#define SECOND_US 1000000u
#define SLOTS_MIN 256u

/* Octets that stand for a client or a network. */
struct who {
	uint8_t family;
	uint8_t octets[8];
};

struct quota_client {
	struct quota_client *next;
	struct who who;
	unsigned count;
};

struct quota_bucket {
	uint64_t hash;	  /* 0: free */
	uint64_t full_us; /* when it will have all its tokens again */
	uint64_t seen_us;
	bool slip; /* the last one over the limit was dropped, the next one gets TC */
};

/* IPv4, mapped or not: all four octets or the first three; IPv6: the first eight or seven. */
static struct who identify(const struct addr *a, bool network)
{
	struct who w = { 0 };
	const uint8_t *v6 = a->in6.sin6_addr.s6_addr;

	if (a->sa.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		w.family = AF_INET6;
		memcpy(w.octets, v6, network ? 7 : 8);
		return w;
	}
	w.family = AF_INET;
	if (a->sa.sa_family == AF_INET6)
		memcpy(w.octets, v6 + 12, network ? 3 : 4);
	else
		memcpy(w.octets, &a->in4.sin_addr, network ? 3 : 4);
	return w;
}

static uint64_t hash_of(const struct quota *l, const struct who *w)
{
	return siphash(l->key, w, sizeof *w);
}

/* ------------------------------------------------------------------ life */

struct quota_bucket *quota_buckets_new(void)
{
	return calloc(NETWORKS, sizeof(struct quota_bucket));
}

/* What is known of networks stays. */
void quota_change(struct quota *l, unsigned max_queries, unsigned per_client, unsigned rate,
	struct quota_bucket *buckets)
{
	slab_set_max(&l->slab, max_queries);
	l->per_client = per_client;
	l->rate = rate;
	if (!l->buckets)
		l->buckets = buckets;
	else
		free(buckets);
}

int quota_init(struct quota *l, unsigned max_queries, unsigned per_client, unsigned rate,
	struct random_source *random, struct stats *stats)
{
	size_t slots = SLOTS_MIN;

	while (slots < max_queries / 4)
		slots *= 2;
	*l = (struct quota){ .stats = stats, .per_client = per_client, .rate = rate };
	random_bytes(random, l->key, sizeof l->key);
	slab_init(&l->slab, sizeof(struct quota_client), max_queries);
	l->client_slots = slots;
	l->clients = calloc(slots, sizeof(struct quota_client *));
	if (rate > 0)
		l->buckets = quota_buckets_new();
	return l->clients && (rate == 0 || l->buckets) ? 0 : -ENOMEM;
}

void quota_deinit(struct quota *l)
{
	slab_deinit(&l->slab);
	free(l->clients);
	free(l->buckets);
	*l = (struct quota){ 0 };
}

/* ------------------------------------------------------------------ rate */

bool quota_doubts(const struct addr *peer, bool stream, bool has_cookie)
{
	return !stream && !has_cookie && !addr_is_loopback(peer);
}

static struct quota_bucket *find_bucket(struct quota *l, const struct who *w, uint64_t now_us)
{
	uint64_t hash = hash_of(l, w) | 1;
	struct quota_bucket *set = &l->buckets[(hash >> 32) % (NETWORKS / WAYS) * WAYS],
			    *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].seen_us < oldest->seen_us)
			oldest = &set[i];
	}
	*oldest = (struct quota_bucket){ .hash = hash, .full_us = now_us };
	return oldest;
}

/* A token each 1/rate second, those of one second at most in store. */
enum quota_verdict quota_rate(struct quota *l, const struct addr *peer, uint64_t now_us)
{
	struct quota_bucket *b;
	struct who w;

	if (l->rate == 0)
		return QUOTA_PASS;
	w = identify(peer, true);
	b = find_bucket(l, &w, now_us);
	b->seen_us = now_us;
	if (b->full_us < now_us)
		b->full_us = now_us;
	if (b->full_us + SECOND_US / l->rate <= now_us + SECOND_US) {
		b->full_us += SECOND_US / l->rate;
		return QUOTA_PASS;
	}
	b->slip = !b->slip;
	if (b->slip) {
		l->stats->dropped_rate++;
		return QUOTA_DROP;
	}
	l->stats->truncated_rate++;
	return QUOTA_TRUNCATE;
}

/* ------------------------------------------------------------------ in flight */

static struct quota_client **find_client(struct quota *l, const struct who *w)
{
	struct quota_client **at = &l->clients[hash_of(l, w) & (l->client_slots - 1)];

	while (*at && memcmp(&(*at)->who, w, sizeof *w) != 0)
		at = &(*at)->next;
	return at;
}

bool quota_begin(struct quota *l, const struct addr *peer, struct quota_client **ret_client)
{
	struct quota_client **at, *c;
	struct who w;

	*ret_client = NULL;
	if (addr_is_loopback(peer))
		return true;
	w = identify(peer, false);
	at = find_client(l, &w);
	c = *at;
	if (!c) {
		c = slab_get(&l->slab);
		if (!c)
			return false;
		*c = (struct quota_client){ .who = w };
		*at = c;
	}
	if (c->count >= l->per_client)
		return false;
	c->count++;
	*ret_client = c;
	return true;
}

void quota_end(struct quota *l, struct quota_client *c)
{
	struct quota_client **at;

	if (!c || --c->count > 0)
		return;
	at = find_client(l, &c->who);
	*at = c->next;
	slab_put(&l->slab, c);
}
