/* A hit: from the blocks of an entry to a client's reply. */
#include <string.h>

#include "common/cache/internal.h"
#include "common/dns/edns.h"
#include "common/dns/relocate.h"
#include "common/dns/reply.h"

/* Places of TTLs that are read at a time. */
#define TTLS_AT_ONCE 16u

static uint16_t hit_flags(const struct cache_hit *h, const struct client_form *f)
{
	const struct cache_entry *e = h->entry;
	uint16_t flags = (uint16_t)(reply_flags(f) | DNS_RA | (e->flags & DNS_RCODE_MASK));

	if ((e->flags & DNS_AD) && (e->bits & ENTRY_TRUSTED) && !h->stale &&
		((f->flags & DNS_AD) || f->dnssec_ok))
		flags |= DNS_AD;
	return flags;
}

/*
 * As in rewrite_answer: additional records go first and without TC, else all or nothing.  They are no
 * part of what a cut says.
 */
static enum dns_section choose_extent(const struct cache_hit *h, size_t room)
{
	const struct cache_entry *e = h->entry;

	if (e->all <= room && !h->cut)
		return DNS_SECTIONS;
	return e->core <= room ? DNS_ADDITIONAL : DNS_ANSWER;
}

static size_t octets_until(const struct cache_entry *e, enum dns_section until)
{
	if (until == DNS_SECTIONS)
		return e->all;
	return until == DNS_ADDITIONAL ? e->core : 0;
}

static void write_head(struct wire_writer *w, const struct cache_hit *h,
	const struct client_form *f, enum dns_section until)
{
	uint16_t counts[DNS_SECTIONS] = { 0 }, flags = hit_flags(h, f);

	for (unsigned s = DNS_ANSWER; s < until; s++)
		counts[s] = h->entry->count[s];
	if (until == DNS_ANSWER && h->entry->all)
		flags |= DNS_TC;
	reply_head(w, f, flags, counts);
}

/* They stand in the order of the records. */
static void put_ttls(
	struct cursor places, unsigned count, uint32_t ttl, uint8_t *records, size_t len)
{
	uint8_t at[2 * TTLS_AT_ONCE];

	while (count > 0) {
		unsigned n = count < TTLS_AT_ONCE ? count : TTLS_AT_ONCE;

		cursor_read(&places, at, 2u * n);
		for (unsigned i = 0; i < n; i++) {
			size_t place = wire_get16(at + 2 * i);

			if (place >= len)
				return;
			wire_put32(records + place, ttl);
		}
		count -= n;
	}
}

static void write_records(
	struct wire_writer *w, const struct cache_hit *h, struct cursor places, size_t len)
{
	const struct cache_entry *e = h->entry;
	struct cursor records = places;
	uint8_t *out = wire_reserve(w, len);

	if (!out)
		return;
	cursor_read(&records, NULL, 2u * e->ttls + e->ede_len);
	cursor_read(&records, out, len);
	put_ttls(places, e->ttls, h->ttl_s, out, len);
}

/* The answer under its own question, without additional records: its length. */
static size_t rebuild(const struct cache_hit *h, uint8_t *out, size_t cap)
{
	const struct cache_entry *e = h->entry;
	struct wire_writer w = wire_writer(out, cap);
	struct cursor places = cursor_of(h->shard, h->entry);
	uint8_t name[DNS_NAME_MAX];
	struct client_form f = { .has_question = true,
		.question = { .name = name,
			.name_len = e->name_len,
			.type = e->type,
			.class = e->class } };

	cursor_read(&places, name, e->name_len);
	write_head(&w, h, &f, DNS_ADDITIONAL);
	write_records(&w, h, places, e->core);
	return w.bad ? 0 : w.pos;
}

/* A cut: the question is longer than that of the answer, so all that names point to stands further on. */
static void write_moved(
	struct wire_writer *w, const struct cache_hit *h, const struct client_form *f)
{
	uint8_t own[DNS_HEADER_LEN + DNS_NAME_MAX + 4 + CUT_RECORDS_MAX];
	size_t len = rebuild(h, own, sizeof own);
	struct dns_message m;

	if (!f->has_question || !len || message_parse(own, len, &m) != MESSAGE_OK ||
		!relocate_records(&m, true, DNS_ADDITIONAL, w))
		w->bad = true;
}

/* What of the state of the entry is told: why an error is an old one, or data is (RFC 8914 4). */
static void write_state(struct wire_writer *w, const struct cache_hit *h)
{
	const struct cache_entry *e = h->entry;

	if (h->stale)
		reply_ede(w,
			(e->flags & DNS_RCODE_MASK) == RCODE_NXDOMAIN ? EDE_STALE_NXDOMAIN
								      : EDE_STALE_ANSWER,
			"", NULL, 0);
	else if (e->bits & ENTRY_FAILURE)
		reply_ede(w, EDE_CACHED_ERROR, "", NULL, 0);
}

static void write_opt(struct wire_writer *w, const struct cache_hit *h, const struct client_form *f,
	struct cursor places)
{
	const struct cache_entry *e = h->entry;
	size_t opt = reply_opt(w, f, 0);

	if (h->stale || (e->bits & ENTRY_FAILURE))
		write_state(w, h);
	if (e->ede_len && wire_room(w) >= e->ede_len) {
		cursor_read(&places, NULL, 2u * e->ttls);
		cursor_read(&places, wire_reserve(w, e->ede_len), e->ede_len);
	}
	edns_end(w, opt);
}

void cache_question(const struct cache_hit *h, uint8_t name[DNS_NAME_MAX], struct dns_question *ret)
{
	struct cursor c = cursor_of(h->shard, h->entry);

	cursor_read(&c, name, h->entry->name_len);
	*ret = (struct dns_question){ .name = name,
		.name_len = h->entry->name_len,
		.type = h->entry->type,
		.class = h->entry->class };
}

size_t cache_reply_max(const struct cache_hit *h, const struct client_form *f)
{
	size_t most = reply_head_len(f) + h->entry->all + REPLY_EXTRA;

	return most < f->limit ? most : f->limit;
}

size_t cache_write(const struct cache_hit *h, const struct client_form *f, uint8_t *out, size_t cap)
{
	struct wire_writer w = wire_writer(out, cap < f->limit ? cap : f->limit);
	enum dns_section until = choose_extent(h, reply_record_room(f));
	struct cursor places = cursor_of(h->shard, h->entry);

	cursor_read(&places, NULL, h->entry->name_len);
	write_head(&w, h, f, until);
	if (!h->cut)
		write_records(&w, h, places, octets_until(h->entry, until));
	else if (until != DNS_ANSWER)
		write_moved(&w, h, f);
	if (f->edns)
		write_opt(&w, h, f, places);
	return w.bad ? 0 : w.pos;
}
