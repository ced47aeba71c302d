#include "proxy/ops/exposition.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dns/ede_text.h"

/* Longest line: name, labels, value. */
#define LINE_MAX_LEN (EXPOSITION_LABELS_MAX + 256u)
/* Of a label's value, before it is escaped. */
#define VALUE_MAX 800u

void exposition_init(struct exposition *e)
{
	*e = (struct exposition){ .name = "" };
}

void exposition_free(struct exposition *e)
{
	bytes_free(&e->text);
}

__attribute__((format(printf, 2, 3))) static void line(
	struct exposition *e, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof text ||
		bytes_len(&e->text) + (size_t)len > EXPOSITION_MAX)
		e->failed = true;
	if (!e->failed && bytes_append(&e->text, text, (size_t)len) < 0)
		e->failed = true;
}

void exposition_family(struct exposition *e, const char *name, const char *type, const char *help)
{
	e->name = name;
	line(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample(struct exposition *e, const char *suffix, const char *labels, const char *value)
{
	if (labels && *labels)
		line(e, "%s%s{%s} %s\n", e->name, suffix, labels, value);
	else
		line(e, "%s%s %s\n", e->name, suffix, value);
}

void exposition_count(struct exposition *e, const char *labels, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	sample(e, "", labels, text);
}

void exposition_decimal(struct exposition *e, const char *labels, double value)
{
	char text[64];

	snprintf(text, sizeof text, "%.6f", value);
	sample(e, "", labels, text);
}

/* "0.000064", "8.388608", "1.5" */
static const char *seconds(uint64_t us, char text[32])
{
	size_t len = (size_t)snprintf(text, 32, "%llu.%06llu", (unsigned long long)(us / 1000000),
		(unsigned long long)(us % 1000000));

	while (text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';
	return text;
}

static void bucket(struct exposition *e, const char *labels, const char *bound, uint64_t count)
{
	char all[EXPOSITION_LABELS_MAX], text[32];

	snprintf(all, sizeof all, "%s", labels ? labels : "");
	snprintf(text, sizeof text, "%llu", (unsigned long long)count);
	sample(e, "_bucket", exposition_label(all, "le", bound), text);
}

void exposition_histogram(struct exposition *e, const char *labels, const struct histogram *h)
{
	char text[32];
	uint64_t count = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t bound = histogram_bound_us(i);

		count += h->bucket[i];
		if (bound == 0)
			bucket(e, labels, "+Inf", count);
		else if ((bound & (bound - 1)) == 0)
			bucket(e, labels, seconds(bound, text), count);
	}
	sample(e, "_sum", labels, seconds(h->sum_us, text));
	snprintf(text, sizeof text, "%llu", (unsigned long long)count);
	sample(e, "_count", labels, text);
}

const char *exposition_label(
	char labels[EXPOSITION_LABELS_MAX], const char *name, const char *value)
{
	size_t at = strlen(labels), end = EXPOSITION_LABELS_MAX - 2;
	uint8_t clean[VALUE_MAX];
	size_t len = ede_text_copy(clean, sizeof clean, (const uint8_t *)value, strlen(value));

	if (at + strlen(name) + 2 * len + 8 > end)
		return labels;
	at += (size_t)snprintf(
		labels + at, EXPOSITION_LABELS_MAX - at, "%s%s=\"", at > 0 ? "," : "", name);
	for (size_t i = 0; i < len; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			labels[at++] = '\\';
		labels[at++] = (char)clean[i];
	}
	labels[at++] = '"';
	labels[at] = '\0';
	return labels;
}

const char *exposition_get(const struct exposition *e, size_t *ret_len)
{
	if (e->failed)
		return NULL;
	*ret_len = bytes_len(&e->text);
	return (const char *)bytes_front(&e->text);
}
