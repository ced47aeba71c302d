#include "common/cache/clear_names.h"

#include "common/dns/rdata.h"

#define POINTER_MAX 0x3fffu
/* Records looked at in all, for runs of labels behind the question. */
#define STEPS_MAX 65536u

struct check {
	const struct dns_message *m;
	unsigned steps;
};

/* Octets from begin to before end, behind the question: whether a TTL is among them. */
static bool meets_ttl(struct check *c, size_t begin, size_t end)
{
	struct record_walk walk = record_walk(c->m);
	struct dns_record rec;

	while (record_next(&walk, &rec) && rec.start < end) {
		if (c->steps-- == 0)
			return true;
		if (begin < rec.fixed + 8 && rec.fixed + 4 < end)
			return true;
	}
	return false;
}

/* The name at pos; its first labels stand in their own record, the others where pointers lead. */
static bool is_clear(struct check *c, size_t pos)
{
	const uint8_t *data = c->m->data;
	bool first = true;

	for (;; first = false) {
		size_t begin = pos;

		while (data[pos] != 0 && data[pos] <= DNS_LABEL_MAX)
			pos += data[pos] + (size_t)1;
		if (!first && pos >= c->m->question_end && meets_ttl(c, begin, pos + 2))
			return false;
		if (data[pos] == 0)
			return true;
		pos = wire_get16(data + pos) & POINTER_MAX;
	}
}

static bool rdata_is_clear(struct check *c, const struct dns_record *rec)
{
	const struct rdata_layout *layout = rdata_layout(rec->type);
	struct wire_reader r = { .data = c->m->data, .len = rec->end, .pos = rec->rdata };

	if (!layout || rec->rdata == rec->end)
		return true;
	rdata_skip_head(&r, layout);
	for (unsigned i = 0; i < layout->names; i++) {
		unsigned unlimited = DNS_POINTER_BUDGET;

		if (!is_clear(c, r.pos))
			return false;
		name_read(&r, &unlimited, NULL);
	}
	return true;
}

bool names_clear_of_ttls(const struct dns_message *m)
{
	struct check c = { .m = m, .steps = STEPS_MAX };
	struct record_walk walk = record_walk(m);
	struct dns_record rec;

	while (record_next(&walk, &rec))
		if (!is_clear(&c, rec.start) || !rdata_is_clear(&c, &rec))
			return false;
	return true;
}
