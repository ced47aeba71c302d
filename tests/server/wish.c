#include "tests/server/wish.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/server/query.h"

enum kind { WISH_TTL, WISH_MANY, WISH_SIZE, WISH_CNAME, WISH_EDE, WISH_RCODE };

static const struct {
	const char *prefix;
	uint32_t max;
} kinds[] = {
	[WISH_TTL] = { "ttl-", UINT32_MAX },
	[WISH_MANY] = { "many-", 4000 },
	[WISH_SIZE] = { "size-", 65535 },
	[WISH_CNAME] = { "cname-", 500 },
	[WISH_EDE] = { "ede-", 65535 },
	[WISH_RCODE] = { "rcode-", 4095 },
};

static bool label_number(const uint8_t *label, size_t skip, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (*label <= skip || *label > skip + 10)
		return false;
	for (size_t i = skip; i < *label; i++) {
		uint8_t c = label[1 + i];

		if (c < '0' || c > '9')
			return false;
		n = n * 10 + (uint64_t)(c - '0');
	}
	*ret = (uint32_t)(n < max ? n : max);
	return true;
}

static void set(struct wish *w, enum kind kind, uint32_t n)
{
	switch (kind) {
	case WISH_TTL:
		w->ttl = n;
		break;
	case WISH_MANY:
		w->many = n;
		break;
	case WISH_SIZE:
		w->size = n;
		break;
	case WISH_CNAME:
		w->cname = n;
		break;
	case WISH_EDE:
		w->ede = (int)n;
		break;
	case WISH_RCODE:
		w->rcode = (int)n;
		break;
	}
}

/* a-127-0-0-1 */
static bool label_address(const uint8_t *label, uint32_t *ret)
{
	unsigned octets[4];
	char text[64], again[64];

	memcpy(text, label + 1, *label);
	text[*label] = '\0';
	if (sscanf(text, "a-%3u-%3u-%3u-%3u", &octets[0], &octets[1], &octets[2], &octets[3]) != 4)
		return false;
	snprintf(again, sizeof(again), "a-%u-%u-%u-%u", octets[0], octets[1], octets[2], octets[3]);
	if (strcmp(text, again) != 0)
		return false;
	*ret = octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3];
	return (octets[0] | octets[1] | octets[2] | octets[3]) < 256;
}

static bool read_label(const uint8_t *label, struct wish *w)
{
	uint32_t n;

	if (label_address(label, &w->address)) {
		w->has_address = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (*label > len && !strncasecmp((const char *)label + 1, kinds[i].prefix, len) &&
			label_number(label, len, kinds[i].max, &n)) {
			set(w, (enum kind)i, n);
			return true;
		}
	}
	return false;
}

static bool does_not_exist(const struct query *q, const uint8_t *rest)
{
	static const uint8_t nx[] = "\2nx\4test";
	size_t n = sizeof(nx);

	if (*rest == 8 && !strncasecmp((const char *)rest + 1, "nxdomain", 8))
		return true;
	for (const uint8_t *label = q->name; *label; label += 1 + *label) {
		size_t left = q->name_len - (size_t)(label - q->name);

		if (left == n && dnsname_equal(label, left, nx, n))
			return true;
	}
	return false;
}

void wish_read(const struct query *q, struct wish *ret)
{
	const uint8_t *label = q->name;

	*ret = (struct wish){ .ttl = 300, .many = 1, .ede = -1, .rcode = -1 };
	while (*label && read_label(label, ret))
		label += 1 + *label;
	ret->rest = (size_t)(label - q->data);
	ret->missing = does_not_exist(q, label);
}
