/*
 * Comparing the records of two messages with all names written out.  Knows the layouts by itself,
 * so that it does not share a mistake with the code under test.
 */
#ifndef TESTS_UNIT_EXPAND_H
#define TESTS_UNIT_EXPAND_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/message.h"

#define EXPANDED_MAX 70000u

/* Appends the name at *pos in lower case; *pos ends behind it. */
static inline size_t expand_name(const struct dns_message *m, size_t *pos, uint8_t *out)
{
	size_t p = *pos, len = 0, jumps = 0;

	for (;;) {
		unsigned b = m->data[p];

		if (b >= 0xc0) {
			if (jumps++ == 0)
				*pos = p + 2;
			if (jumps > 65535)
				abort();
			p = (b & 0x3f) << 8 | m->data[p + 1];
			continue;
		}
		out[len++] = (uint8_t)b;
		p++;
		for (unsigned i = 0; i < b; i++)
			out[len++] = (uint8_t)tolower(m->data[p++]);
		if (len > 255)
			abort();
		if (b == 0)
			break;
	}
	if (jumps == 0)
		*pos = p;
	return len;
}

/* Octets and names at the front of RDATA: "2n" is MX, "nn" MINFO, "sss" three character-strings. */
static inline const char *expand_layout(uint16_t type)
{
	switch (type) {
	case 2:
	case 3:
	case 4:
	case 5:
	case 7:
	case 8:
	case 9:
	case 12:
	case 30:
		return "n";
	case 6:
	case 14:
	case 17:
		return "nn";
	case 15:
	case 18:
	case 21:
		return "2n";
	case 24:
		return "99n";
	case 26:
		return "2nn";
	case 33:
		return "6n";
	case 35:
		return "4sssn";
	default:
		return "";
	}
}

static inline size_t copy_octets(const struct dns_message *m, size_t *pos, size_t n, uint8_t *out)
{
	memcpy(out, m->data + *pos, n);
	*pos += n;
	return n;
}

static inline size_t expand_record(
	const struct dns_message *m, const struct dns_record *rec, uint8_t *out)
{
	size_t pos = rec->start, len = expand_name(m, &pos, out);

	len += copy_octets(m, &pos, 8, out + len); /* without RDLENGTH */
	pos = rec->rdata;
	for (const char *l = expand_layout(rec->type); *l && rec->rdata < rec->end; l++) {
		if (*l == 'n')
			len += expand_name(m, &pos, out + len);
		else if (*l == 's')
			len += copy_octets(m, &pos, m->data[pos] + (size_t)1, out + len);
		else
			len += copy_octets(m, &pos, (size_t)(*l - '0'), out + len);
	}
	return len + copy_octets(m, &pos, rec->end - pos, out + len);
}

static inline bool next_but_opt(struct record_walk *w, struct dns_record *ret)
{
	while (record_next(w, ret))
		if (ret->type != DNS_TYPE_OPT)
			return true;
	return false;
}

/* The records of a, but for OPT, up to the section `until` are those of b, and b has no more. */
static inline bool same_records(
	const struct dns_message *a, const struct dns_message *b, enum dns_section until)
{
	static uint8_t x[EXPANDED_MAX], y[EXPANDED_MAX];
	struct record_walk wa = record_walk(a), wb = record_walk(b);
	struct dns_record ra, rb;

	while (next_but_opt(&wa, &ra) && ra.section < until) {
		size_t len = expand_record(a, &ra, x);

		if (!next_but_opt(&wb, &rb) || rb.section != ra.section)
			return false;
		if (expand_record(b, &rb, y) != len || memcmp(x, y, len) != 0)
			return false;
	}
	return !next_but_opt(&wb, &rb);
}

#endif
