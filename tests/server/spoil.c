#include "tests/server/actions.h"

#include "common/dns/wire.h"
#include "tests/server/rrtype.h"

enum { FLAG_TC = 0x02, FLAG_QR = 0x80, QUESTION_FIXED = 4 };

static void add16(uint8_t *p, int n)
{
	wire_put16(p, (uint16_t)(wire_get16(p) + n));
}

void spoil_id(struct reply *r, const struct action *a)
{
	add16(reply_data(r), (int)a->a);
}

static bool has_question(const struct reply *r)
{
	return r->question_end > DNS_HEADER_LEN;
}

static uint8_t *question_tail(struct reply *r)
{
	return reply_data(r) + r->question_end - QUESTION_FIXED;
}

/* The last octet of the first label changes: another name of the same length. */
void spoil_name(struct reply *r, const struct action *a)
{
	uint8_t *name = reply_data(r) + DNS_HEADER_LEN;
	uint8_t *c = name + *name;

	(void)a;
	if (has_question(r) && *name)
		*c = *c == 'x' ? 'y' : 'x';
}

void spoil_type(struct reply *r, const struct action *a)
{
	if (!has_question(r))
		return;
	if (a->a)
		wire_put16(question_tail(r), (uint16_t)a->a);
	else
		add16(question_tail(r), 1);
}

void spoil_class(struct reply *r, const struct action *a)
{
	(void)a;
	if (has_question(r))
		wire_put16(question_tail(r) + 2, 3);
}

void spoil_case(struct reply *r, const struct action *a)
{
	uint8_t *p = reply_data(r) + DNS_HEADER_LEN;

	(void)a;
	if (!has_question(r))
		return;
	for (; *p; p += 1 + *p) {
		for (unsigned i = 1; i <= *p; i++) {
			uint8_t lower = p[i] | 0x20;

			if (lower >= 'a' && lower <= 'z')
				p[i] ^= 0x20;
		}
	}
}

void spoil_qr(struct reply *r, const struct action *a)
{
	(void)a;
	reply_data(r)[2] &= (uint8_t)~FLAG_QR;
}

void spoil_opcode(struct reply *r, const struct action *a)
{
	uint8_t *flags = reply_data(r) + 2;

	*flags = (uint8_t)((*flags & ~0x78) | (a->a & 15) << 3);
}

/* Puts OPT (or nothing) right behind octet `keep` and clears the counts of all other records. */
static void drop_records(struct reply *r, size_t keep)
{
	uint8_t *data = reply_data(r);
	size_t opt_len = r->opt_at ? r->len - r->opt_at : 0;

	if (opt_len)
		memmove(data + keep, data + r->opt_at, opt_len);
	r->len = keep + opt_len;
	r->opt_at = opt_len ? keep : 0;
	wire_put16(data + 6, 0);
	wire_put16(data + 8, 0);
	wire_put16(data + 10, opt_len ? 1 : 0);
}

void spoil_no_question(struct reply *r, const struct action *a)
{
	(void)a;
	drop_records(r, DNS_HEADER_LEN);
	wire_put16(reply_data(r) + 4, 0);
	r->question_end = DNS_HEADER_LEN;
}

/* The second has the same name and the next type.  Only names at offset 12 may be pointed to behind
 * it. */
void spoil_two_questions(struct reply *r, const struct action *a)
{
	uint8_t *data = reply_data(r);
	size_t n = r->question_end - DNS_HEADER_LEN;

	(void)a;
	if (!has_question(r) || r->len + n > REPLY_MAX)
		return;
	memmove(data + r->question_end + n, data + r->question_end, r->len - r->question_end);
	memcpy(data + r->question_end, data + DNS_HEADER_LEN, n);
	r->question_end += n;
	r->len += n;
	if (r->opt_at)
		r->opt_at += n;
	add16(question_tail(r), 1);
	wire_put16(data + 4, 2);
}

void spoil_tc(struct reply *r, const struct action *a)
{
	(void)a;
	drop_records(r, r->question_end);
	reply_data(r)[2] |= FLAG_TC;
}

void spoil_nodata(struct reply *r, const struct action *a)
{
	(void)a;
	drop_records(r, r->question_end);
}

void spoil_rcode(struct reply *r, const struct action *a)
{
	uint8_t *data = reply_data(r);

	drop_records(r, r->question_end);
	data[3] = (uint8_t)((data[3] & 0xf0) | (a->a & 15));
	if (r->opt_at)
		data[r->opt_at + 5] = (uint8_t)(a->a >> 4);
}
