#include "tests/server/record.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/server/buf.h"
#include "tests/server/mem.h"
#include "tests/server/query.h"

void record_init(struct record_ring *r, size_t size)
{
	*r = (struct record_ring){ .size = size, .entries = mem_new(size * sizeof(*r->entries)) };
}

void record_clear(struct record_ring *r)
{
	for (size_t i = 0; i < r->size; i++) {
		free(r->entries[i].data);
		r->entries[i] = (struct record_entry){ 0 };
	}
	r->total = 0;
}

void record_deinit(struct record_ring *r)
{
	record_clear(r);
	free(r->entries);
}

void record_add(struct record_ring *r, const struct origin *origin, const struct query *q)
{
	struct record_entry *e = &r->entries[r->total++ % r->size];

	free(e->data);
	*e = (struct record_entry){
		.origin = *origin, .data = mem_copy(q->data, q->len), .len = q->len, .hash = q->hash
	};
}

static void entry_json(const struct record_entry *e, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p;

	buf_printf(out,
		"{\"conn\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"transport\":\"%s\",\"record\":%u,"
		"\"span\":%u,\"hex\":\"",
		e->origin.conn, e->origin.seq, transport_names[e->origin.transport],
		e->origin.record_len, e->origin.record_span);
	p = buf_reserve(out, e->len * 2 + 1);
	for (size_t i = 0; i < e->len; i++) {
		p[2 * i] = (uint8_t)digits[e->data[i] >> 4];
		p[2 * i + 1] = (uint8_t)digits[e->data[i] & 15];
	}
	buf_commit(out, e->len * 2);
	buf_append(out, "\"}\n", 3);
}

static uint64_t oldest(const struct record_ring *r)
{
	return r->total > r->size ? r->total - r->size : 0;
}

void record_json(const struct record_ring *r, uint64_t n, struct buf *out)
{
	uint64_t first = oldest(r);

	if (n < r->total - first)
		first = r->total - n;
	for (; first < r->total; first++)
		entry_json(&r->entries[first % r->size], out);
}

uint64_t record_count(
	const struct record_ring *r, const uint8_t *name, size_t name_len, uint16_t type)
{
	uint32_t hash = dnsname_hash(name, name_len);
	uint64_t count = 0;

	for (uint64_t i = oldest(r); i < r->total; i++) {
		const struct record_entry *e = &r->entries[i % r->size];
		struct query q;

		if (e->hash != hash)
			continue;
		query_read(e->data, e->len, &q);
		if (dnsname_equal(q.name, q.name_len, name, name_len) && (!type || q.type == type))
			count++;
	}
	return count;
}
