/* Durations and sizes with units: duration_*() and size_*() of option.h. */
#include "common/config/option.h"

#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Large ones first: what divides by a large one has its shortest text with it. */
static const struct unit duration_units[] = {
	{ "w", 7 * 24 * 3600 * UINT64_C(1000000) },
	{ "d", 24 * 3600 * UINT64_C(1000000) },
	{ "h", 3600 * UINT64_C(1000000) },
	{ "m", 60 * UINT64_C(1000000) },
	{ "s", UINT64_C(1000000) },
	{ "ms", UINT64_C(1000) },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "k", UINT64_C(1) << 10 },
	{ NULL, 0 },
};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* Digits and one unit, or none: bare_factor then. */
static bool parse(const char *text, const struct unit *units, uint64_t bare_factor, uint64_t *ret)
{
	const struct unit *unit;
	const char *p = text;
	uint64_t value = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	}
	unit = find_unit(units, p);
	if (p == text || (*p && !unit))
		return false;
	if (__builtin_mul_overflow(value, unit ? unit->factor : bare_factor, &value))
		return false;
	*ret = value;
	return true;
}

bool duration_parse(const char *text, uint64_t *ret_us)
{
	return parse(text, duration_units, 1000000, ret_us);
}

bool size_parse(const char *text, uint64_t *ret_octets)
{
	/* "16K", "16m", "1g": everybody knows what is meant. */
	char copy[32];
	size_t len = strlen(text);

	if (len == 0 || len >= sizeof copy)
		return false;
	memcpy(copy, text, len + 1);
	if (copy[len - 1] == 'K')
		copy[len - 1] = 'k';
	else if (copy[len - 1] == 'm' || copy[len - 1] == 'g')
		copy[len - 1] = (char)(copy[len - 1] - 'a' + 'A');
	return parse(copy, size_units, 1, ret_octets);
}

static const struct unit *largest_divisor(const struct unit *units, uint64_t value)
{
	while (units->name && value % units->factor != 0)
		units++;
	return units;
}

void duration_text(uint64_t us, char *text, size_t size)
{
	const struct unit *unit = largest_divisor(duration_units, us);

	/* 0 divides by weeks; what is finer than a millisecond has no spelling. */
	if (us == 0)
		snprintf(text, size, "0s");
	else if (!unit->name)
		snprintf(text, size, "%llums", (unsigned long long)(us / 1000));
	else
		snprintf(text, size, "%llu%s", (unsigned long long)(us / unit->factor), unit->name);
}

void size_text(uint64_t octets, char *text, size_t size)
{
	const struct unit *unit = largest_divisor(size_units, octets);

	if (octets == 0 || !unit->name)
		snprintf(text, size, "%llu", (unsigned long long)octets);
	else
		snprintf(text, size, "%llu%s", (unsigned long long)(octets / unit->factor),
			unit->name);
}
