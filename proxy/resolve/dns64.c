#include "proxy/resolve/dns64.h"

#include <string.h>

#define SECOND_US    UINT64_C(1000000)
#define DISCOVER_MIN 60u /* seconds; also after a search without result */
#define DISCOVER_MAX 3600u

static const uint8_t ipv4only[] = "\10ipv4only\4arpa";

/* A query in parts, as lookup_start wants one. */
static int ask(struct dns64 *d, const uint8_t *name, size_t len, uint16_t type, uint16_t flags,
	struct lookup_waiter *w)
{
	static const struct edns none = { 0 };
	struct dns_message m = { .flags = flags,
		.qdcount = 1,
		.question = { .name = name,
			.name_len = (uint8_t)len,
			.type = type,
			.class = DNS_CLASS_IN } };

	return lookup_start(d->lookups, &m, &none, w);
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
}

void dns64_deinit(struct dns64 *d)
{
	lookup_leave(d->lookups, &d->waiter, NULL);
}

void dns64_note(struct dns64 *d, const struct dns_question *q)
{
	if (!d->discover || q->type != DNS_TYPE_AAAA || d->waiter.lookup ||
		turn_now_us(d->turn) < d->next_us)
		return;
	d->next_us = turn_now_us(d->turn) + DISCOVER_MIN * SECOND_US;
	ask(d, ipv4only, sizeof ipv4only, DNS_TYPE_AAAA, DNS_RD, &d->waiter);
}

bool dns64_applies(const struct dns64 *d, const struct dns_question *q, uint16_t flags,
	bool dnssec_ok, const struct dns_message *answer, uint32_t *ret_ttl)
{
	if (!d->known || q->type != DNS_TYPE_AAAA || q->class != DNS_CLASS_IN)
		return false;
	if (dnssec_ok && (flags & DNS_CD))
		return false;
	return dns64_wanted(answer, ret_ttl);
}

int dns64_ask(
	struct dns64 *d, const struct dns_question *q, uint16_t flags, struct lookup_waiter *w)
{
	return ask(d, q->name, q->name_len, DNS_TYPE_A,
		(uint16_t)(flags & (DNS_RD | DNS_CD | DNS_AD)), w);
}
