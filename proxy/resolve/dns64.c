#include "proxy/resolve/dns64.h"

#include <string.h>

#define SECOND_US    UINT64_C(1000000)
#define DISCOVER_MIN 60u /* seconds; also after a search without result */
#define DISCOVER_MAX 3600u

static const uint8_t ipv4only[] = "\10ipv4only\4arpa";

static const struct edns no_edns;

/* An old answer, as there is no new one: what is known stays. */
static void on_cached(struct lookup_waiter *w, struct cache_hit *hit)
{
	(void)w;
	(void)hit; /* next_us stands since it was asked */
}

static void on_discovered(struct lookup_waiter *w, const struct request *result)
{
	struct dns64 *d = container_of(w, struct dns64, waiter);
	uint32_t ttl = 0;

	if (result->answered)
		d->known = dns64_discover(&result->answer, &d->prefix, &ttl);
	if (ttl < DISCOVER_MIN)
		ttl = DISCOVER_MIN;
	if (ttl > DISCOVER_MAX)
		ttl = DISCOVER_MAX;
	d->next_us = turn_now_us(d->turn) + ttl * SECOND_US;
}

void dns64_init(struct dns64 *d, const char *option, struct turn *turn, struct lookups *lookups)
{
	*d = (struct dns64){ .turn = turn, .lookups = lookups };
	d->on = *option != '\0';
	d->discover = strcmp(option, "auto") == 0;
	d->known = d->on && !d->discover && prefix_parse(option, &d->prefix);
	d->waiter.done = on_discovered;
	d->waiter.cached = on_cached;
}

void dns64_deinit(struct dns64 *d)
{
	lookup_leave(d->lookups, &d->waiter, NULL);
}

void dns64_renew(struct dns64 *d, bool moved)
{
	if (!d->discover)
		return;
	d->known = d->known && !moved;
	d->next_us = 0;
}

void dns64_note(struct dns64 *d, const struct dns_question *q)
{
	struct dns_message m = { .flags = DNS_RD,
		.qdcount = 1,
		.question = { .name = ipv4only,
			.name_len = sizeof ipv4only,
			.type = DNS_TYPE_AAAA,
			.class = DNS_CLASS_IN } };
	struct lookup_ask ask;

	if (!d->discover || q->type != DNS_TYPE_AAAA || d->waiter.lookup ||
		turn_now_us(d->turn) < d->next_us)
		return;
	d->next_us = turn_now_us(d->turn) + DISCOVER_MIN * SECOND_US;
	lookup_prepare(d->lookups, &m, &no_edns, &ask);
	lookup_start(
		d->lookups, &ask, &d->waiter); /* the network may be another than the cache's */
}

bool dns64_may(const struct dns64 *d, const struct dns_question *q, uint16_t flags, bool dnssec_ok)
{
	return d->known && q->type == DNS_TYPE_AAAA && q->class == DNS_CLASS_IN &&
	       !(dnssec_ok && (flags & DNS_CD));
}

void dns64_prepare(const struct dns64 *d, const struct dns_question *q, uint16_t flags,
	struct dns_message *ret_message, struct lookup_ask *ret_ask)
{
	*ret_message =
		(struct dns_message){ .flags = (uint16_t)(flags & (DNS_RD | DNS_CD | DNS_AD)),
			.qdcount = 1,
			.question = *q };
	ret_message->question.type = DNS_TYPE_A;
	lookup_prepare(d->lookups, ret_message, &no_edns, ret_ask);
}
