#include "proxy/upstream/history.h"

#include <stdlib.h>

void history_deinit(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->entry[i]);
	*h = (struct history){ 0 };
}

static size_t find(const struct history *h, const struct addr *addr)
{
	size_t i = 0;

	while (i < h->count && !addr_equal(&h->entry[i]->addr, addr))
		i++;
	return i;
}

const struct history_entry *history_find(const struct history *h, const struct addr *addr)
{
	size_t i = find(h, addr);

	return i < h->count ? h->entry[i] : NULL;
}

/* The one that nothing was heard of for longest, and nobody points to; NULL: all are in use. */
static struct history_entry *oldest(const struct history *h)
{
	struct history_entry *found = NULL;

	for (size_t i = 0; i < h->count; i++) {
		struct history_entry *e = h->entry[i];

		if (e->users == 0 && (!found || e->used_us < found->used_us))
			found = e;
	}
	return found;
}

static struct history_entry *make(struct history *h)
{
	struct history_entry *e;

	if (h->count == HISTORY_MAX)
		return oldest(h);
	e = calloc(1, sizeof *e);
	if (e)
		h->entry[h->count++] = e;
	return e;
}

static struct history_entry *get(struct history *h, const struct addr *addr, uint64_t now_us)
{
	size_t i = find(h, addr);
	struct history_entry *e = i < h->count ? h->entry[i] : make(h);

	if (!e)
		return NULL;
	e->used_us = now_us;
	if (!addr_equal(&e->addr, addr))
		*e = (struct history_entry){ .addr = *addr, .used_us = now_us };
	return e;
}

struct history_entry *history_connected(struct history *h, const struct addr *to,
	const struct transport_info *info, uint64_t took_us, uint64_t now_us)
{
	struct history_entry *e = get(h, to, now_us);

	if (!e)
		return NULL;
	e->users++;
	e->full += !info->resumed;
	e->resumed += info->resumed;
	e->handshake_us = took_us;
	if (info->not_after)
		e->not_after = info->not_after;
	return e;
}

void history_left(struct history_entry *e)
{
	if (e && e->users > 0)
		e->users--;
}

void history_failed(
	struct history *h, const struct addr *to, const struct transport_end *end, uint64_t now_us)
{
	struct history_entry *e = get(h, to, now_us);

	if (!e)
		return;
	e->failed++;
	e->failed_us = now_us;
	e->failure = *end;
	e->failure.partial = NULL;
	e->failure.partial_len = 0;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* An outlier counts as four times the mean at most, as for the upstream. */
void history_answered(struct history_entry *e, uint64_t took_us, bool padded, size_t len)
{
	e->answers++;
	if (e->srtt_us && took_us > 4 * e->srtt_us)
		took_us = 4 * e->srtt_us;
	e->srtt_us = e->srtt_us ? (7 * e->srtt_us + took_us) / 8 : took_us;
	if (!padded)
		return;
	e->padded++;
	if (!e->pad_block || len % e->pad_block)
		e->pad_block = common_divisor((uint32_t)len, e->pad_block);
}
