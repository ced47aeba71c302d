#include "common/dns/relocate.h"

#include "common/dns/rdata.h"

#define POINTER_FLAGS 0xc000u
#define POINTER_MAX   0x3fffu

struct move {
	const struct dns_message *from;
	struct wire_writer *to;
	bool question_kept;
	size_t base; /* where the first record goes */
	unsigned budget_from, budget_to;
};

/* Where the octet at `old` stands now, 0: nowhere. */
static size_t new_offset(const struct move *m, size_t old)
{
	const struct dns_message *from = m->from;

	if (old < from->question_end)
		return m->question_kept ? old + (m->base - from->question_end) : 0;
	if (from->opt && old >= from->opt + from->opt_len)
		old -= from->opt_len;
	else if (from->opt && old >= from->opt)
		return 0;
	return old - from->question_end + m->base;
}

/* Where the run of labels at pos ends in a pointer; 0: it ends in the root. */
static size_t find_pointer(const uint8_t *data, size_t pos)
{
	while (data[pos] != 0) {
		if (data[pos] > DNS_LABEL_MAX)
			return pos;
		pos += data[pos] + (size_t)1;
	}
	return 0;
}

static bool move_pointer(const struct move *m, size_t old, size_t new)
{
	size_t at = find_pointer(m->from->data, old), target;

	if (!at)
		return true;
	target = new_offset(m, wire_get16(m->from->data + at) & POINTER_MAX);
	if (!target || target > POINTER_MAX)
		return false;
	wire_put16(m->to->data + new + (at - old), (uint16_t)(POINTER_FLAGS | target));
	return true;
}

/*
 * A name that stood at `old` and stands at `new`.  It is read again in both places: a pointer may
 * lead through octets that are no name of any record, and those were not moved as names.
 */
static bool move_name(struct move *m, size_t old, size_t new)
{
	struct wire_reader from = { .data = m->from->data, .len = m->from->len, .pos = old };
	struct wire_reader to = { .data = m->to->data, .len = m->to->pos, .pos = new };
	uint8_t before[DNS_NAME_MAX], after[DNS_NAME_MAX];
	size_t len;

	if (!move_pointer(m, old, new))
		return false;
	len = name_read(&from, &m->budget_from, before);
	return len && name_read(&to, &m->budget_to, after) == len && name_equal(before, after, len);
}

static bool move_rdata(struct move *m, const struct dns_record *rec, size_t new)
{
	const struct rdata_layout *layout = rdata_layout(rec->type);
	struct wire_reader r = { .data = m->from->data, .len = rec->end, .pos = rec->rdata };

	if (!layout || rec->rdata == rec->end)
		return true;
	rdata_skip_head(&r, layout);
	for (unsigned i = 0; i < layout->names; i++) {
		unsigned unlimited = DNS_POINTER_BUDGET;
		size_t old = r.pos;

		name_read(&r, &unlimited, NULL);
		if (!move_name(m, old, new + (old - rec->start)))
			return false;
	}
	return true;
}

static bool move_record(struct move *m, const struct dns_record *rec)
{
	size_t new = m->to->pos;

	wire_write(m->to, m->from->data + rec->start, rec->end - rec->start);
	return !m->to->bad && move_name(m, rec->start, new) && move_rdata(m, rec, new);
}

bool relocate_records(const struct dns_message *from, bool question_kept, enum dns_section until,
	struct wire_writer *w)
{
	struct record_walk walk = record_walk(from);
	struct dns_record rec;
	struct move m = {
		.from = from,
		.to = w,
		.question_kept = question_kept,
		.base = w->pos,
		.budget_from = DNS_POINTER_BUDGET,
		.budget_to = DNS_POINTER_BUDGET,
	};

	while (record_next(&walk, &rec) && rec.section < until)
		if (rec.type != DNS_TYPE_OPT && !move_record(&m, &rec))
			return false;
	return !w->bad;
}
