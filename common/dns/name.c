#include "common/dns/name.h"

#include <assert.h>
#include <string.h>

#define POINTER_BITS 0xc0u

/* A name being read, perhaps in several runs of labels, one behind each pointer. */
struct walk {
	const uint8_t *data;
	size_t pos;
	size_t run;   /* where the current run began */
	size_t end;   /* the current run ends before this */
	size_t after; /* behind the first pointer, 0: none was followed */
	size_t len;   /* expanded so far */
	unsigned labels;
};

#define LABELS_PER_STEP 16u

/*
 * A pointer leads to a prior occurrence (RFC 1035 4.1.4), so all that it leads to stands before the
 * run that it ends.  That makes loops impossible, and what stands behind a record is no part of it.
 */
static bool follow_pointer(struct walk *w, unsigned *budget)
{
	size_t target;

	if (w->end - w->pos < 2 || *budget == 0)
		return false;
	--*budget;
	target = wire_get16(w->data + w->pos) & 0x3fffu;
	if (target < DNS_HEADER_LEN || target >= w->run)
		return false;
	if (!w->after)
		w->after = w->pos + 2;
	w->end = w->run;
	w->pos = w->run = target;
	return true;
}

/* Walks to the end of the name: false where it is none. */
static bool walk_name(struct walk *w, unsigned *budget, uint8_t *ret_name)
{
	while (w->pos < w->end) {
		size_t step = w->data[w->pos] + (size_t)1;

		if (step > DNS_LABEL_MAX + 1) {
			if (step <= POINTER_BITS || !follow_pointer(w, budget))
				return false;
			continue;
		}
		/* The root's byte still has to fit behind every other label. */
		if (step > w->end - w->pos || w->len + step + (step > 1) > DNS_NAME_MAX)
			return false;
		if (ret_name)
			memcpy(ret_name + w->len, w->data + w->pos, step);
		w->len += step;
		w->pos += step;
		if (step == 1)
			return true;
		w->labels++;
	}
	return false;
}

/* Long names are cheap to point at and dear to read. */
static bool pay_labels(const struct walk *w, unsigned *budget)
{
	unsigned price = w->after ? w->labels / LABELS_PER_STEP : 0;

	if (price > *budget)
		return false;
	*budget -= price;
	return true;
}

size_t name_read(struct wire_reader *r, unsigned *budget, uint8_t *ret_name)
{
	struct walk w = { .data = r->data, .pos = r->pos, .run = r->pos, .end = r->len };

	if (r->bad || !walk_name(&w, budget, ret_name) || !pay_labels(&w, budget)) {
		r->bad = true;
		return 0;
	}
	r->pos = w.after ? w.after : w.pos;
	return w.len;
}

size_t name_read_plain(struct wire_reader *r)
{
	size_t pos = r->pos, step = 0, len;

	while (!r->bad && pos < r->len && step <= DNS_LABEL_MAX + 1) {
		step = r->data[pos] + (size_t)1;
		pos += step;
		len = pos - r->pos;
		if (len > DNS_NAME_MAX)
			break;
		if (step == 1) {
			r->pos = pos;
			return len;
		}
	}
	r->bad = true;
	return 0;
}

size_t name_len(const uint8_t *name)
{
	size_t len = 0;

	while (name[len])
		len += name[len] + (size_t)1;
	return len + 1;
}

static uint8_t fold8(uint8_t c)
{
	return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/*
 * Eight octets at once.  Length octets (0-63) lie below 'A' and pass unchanged, so a name folds and
 * compares as a string of octets.
 */
static uint64_t fold64(uint64_t v)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t low = v & 0x7f * ones;
	uint64_t from_a = low + (0x80 - 'A') * ones;
	uint64_t above_z = low + (0x7f - 'Z') * ones;
	uint64_t upper = (from_a ^ above_z) & ~v & 0x80 * ones;

	return v | upper >> 2;
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

bool name_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t x = load64(a + i), y = load64(b + i);

		if (x != y && fold64(x) != fold64(y))
			return false;
	}
	for (; i < len; i++)
		if (fold8(a[i]) != fold8(b[i]))
			return false;
	return true;
}

/* Out of line: gcc makes a memcpy of at most 255 octets "rep movs", which is slow to start. */
void name_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	memcpy(dst, src, len);
}

void name_fold(uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t v = fold64(load64(src + i));

		memcpy(dst + i, &v, sizeof v);
	}
	for (; i < len; i++)
		dst[i] = fold8(src[i]);
}

/* One octet of a label as text: itself, \X where it means something in a zone file, or \DDD. */
static char *octet_text(char *t, uint8_t c)
{
	if (c <= ' ' || c >= 0x7f) {
		*t++ = '\\';
		*t++ = (char)('0' + c / 100);
		*t++ = (char)('0' + c / 10 % 10);
		*t++ = (char)('0' + c % 10);
		return t;
	}
	if (strchr(".\\\"();@$", c))
		*t++ = '\\';
	*t++ = (char)c;
	return t;
}

const char *name_text(const uint8_t *name, char *text, size_t size)
{
	char *t = text;

	assert(size >= DNS_NAME_TEXT_MAX);
	(void)size;
	if (!*name)
		*t++ = '.';
	while (*name) {
		for (uint8_t left = *name++; left > 0; left--)
			t = octet_text(t, *name++);
		*t++ = '.';
	}
	*t = '\0';
	return text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The octet that an escape stands for; *text is behind the backslash and moves on.  -1: none. */
static int unescape(const char **text)
{
	const char *t = *text;
	int value;

	if (!*t)
		return -1;
	if (!is_digit(*t)) {
		*text = t + 1;
		return (uint8_t)*t;
	}
	if (!is_digit(t[1]) || !is_digit(t[2]))
		return -1;
	value = (t[0] - '0') * 100 + (t[1] - '0') * 10 + (t[2] - '0');
	*text = t + 3;
	return value <= 255 ? value : -1;
}

/* One label up to a dot or the end, written to w with its length in front. */
static bool label_from_text(const char **text, struct wire_writer *w)
{
	size_t start = w->pos, len;

	wire_write8(w, 0);
	while (**text && **text != '.') {
		int c = (uint8_t) * (*text)++;

		if (c == '\\')
			c = unescape(text);
		if (c < 0)
			return false;
		wire_write8(w, (uint8_t)c);
	}
	len = w->pos - start - 1;
	if (w->bad || len == 0 || len > DNS_LABEL_MAX)
		return false;
	w->data[start] = (uint8_t)len;
	return true;
}

size_t name_from_text(const char *text, uint8_t *ret_name)
{
	struct wire_writer w = wire_writer(ret_name, DNS_NAME_MAX);

	if (!*text)
		return 0;
	if (text[0] == '.' && !text[1])
		text++;
	while (*text) {
		if (!label_from_text(&text, &w))
			return 0;
		if (*text == '.')
			text++;
	}
	wire_write8(&w, 0);
	return w.bad ? 0 : w.pos;
}
