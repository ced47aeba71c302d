#include "tests/server/rrtype.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct word {
	const char *name;
	uint16_t value;
};

static const struct word types[] = {
	{ "A", RR_A },
	{ "NS", RR_NS },
	{ "CNAME", RR_CNAME },
	{ "SOA", RR_SOA },
	{ "PTR", RR_PTR },
	{ "HINFO", RR_HINFO },
	{ "MX", RR_MX },
	{ "TXT", RR_TXT },
	{ "AAAA", RR_AAAA },
	{ "SRV", RR_SRV },
	{ "OPT", RR_OPT },
	{ "DS", RR_DS },
	{ "DNSKEY", RR_DNSKEY },
	{ "SVCB", RR_SVCB },
	{ "HTTPS", RR_HTTPS },
	{ "ANY", RR_ANY },
};

static const struct word rcodes[] = {
	{ "noerror", RC_NOERROR },
	{ "formerr", RC_FORMERR },
	{ "servfail", RC_SERVFAIL },
	{ "nxdomain", RC_NXDOMAIN },
	{ "notimp", RC_NOTIMP },
	{ "refused", RC_REFUSED },
	{ "badvers", RC_BADVERS },
	{ "badcookie", 23 },
};

static const struct word *find(const struct word *words, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcasecmp(words[i].name, text))
			return &words[i];
	}
	return NULL;
}

static bool number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	return *text && !*end && *ret <= max;
}

bool rrtype_parse(const char *text, uint16_t *ret)
{
	const struct word *w = find(types, sizeof(types) / sizeof(*types), text);
	unsigned long n;

	if (w) {
		*ret = w->value;
		return true;
	}
	if (strncasecmp(text, "TYPE", 4) || !number(text + 4, 65535, &n))
		return false;
	*ret = (uint16_t)n;
	return true;
}

const char *rrtype_text(uint16_t type)
{
	static char text[16];

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (types[i].value == type)
			return types[i].name;
	}
	snprintf(text, sizeof(text), "TYPE%u", type);
	return text;
}

bool rcode_parse(const char *text, long *ret)
{
	const struct word *w = find(rcodes, sizeof(rcodes) / sizeof(*rcodes), text);
	unsigned long n;

	if (!w && !number(text, 4095, &n))
		return false;
	*ret = w ? w->value : (long)n;
	return true;
}
