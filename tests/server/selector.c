#include "tests/server/selector.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/server/dnsname.h"
#include "tests/server/mem.h"
#include "tests/server/query.h"
#include "tests/server/rrtype.h"

static bool number(const char *text, uint64_t *ret)
{
	char *end;

	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

/* K, K-L, K- */
static bool range(const char *text, struct range *ret)
{
	char *end;

	ret->lo = ret->hi = strtoull(text, &end, 10);
	if (end == text || !ret->lo)
		return false;
	if (!*end)
		return true;
	if (*end != '-')
		return false;
	ret->hi = UINT64_MAX;
	return !end[1] || number(end + 1, &ret->hi);
}

static bool parse_name(struct selector *s, const char *value)
{
	size_t len = strlen(value);

	free(s->name);
	s->name = mem_text(value);
	if (len > 1 && s->name[len - 1] == '.')
		s->name[len - 1] = 0;
	return len > 0;
}

static bool parse_type(struct selector *s, const char *value)
{
	return rrtype_parse(value, &s->type);
}

static bool parse_transport(struct selector *s, const char *value)
{
	s->has_transport = true;
	for (enum transport t = 0; t < TRANSPORTS; t++) {
		if (!strcasecmp(value, transport_names[t])) {
			s->transport = t;
			return true;
		}
	}
	return false;
}

static bool parse_nth(struct selector *s, const char *value)
{
	return range(value, &s->nth);
}

static bool parse_conn(struct selector *s, const char *value)
{
	return range(value, &s->conn);
}

static bool parse_every(struct selector *s, const char *value)
{
	return number(value, &s->every) && s->every;
}

static bool parse_times(struct selector *s, const char *value)
{
	return number(value, &s->times) && s->times;
}

static bool parse_skip(struct selector *s, const char *value)
{
	return number(value, &s->skip);
}

static bool parse_prob(struct selector *s, const char *value)
{
	char *end;
	double p = strtod(value, &end);

	s->chance = (uint32_t)(p * 1e6);
	return end != value && !*end && p > 0 && p <= 1 && s->chance;
}

static const struct {
	const char *name;
	bool (*parse)(struct selector *s, const char *value);
} rows[] = {
	{ "name", parse_name },
	{ "type", parse_type },
	{ "transport", parse_transport },
	{ "nth", parse_nth },
	{ "conn", parse_conn },
	{ "every", parse_every },
	{ "times", parse_times },
	{ "skip", parse_skip },
	{ "prob", parse_prob },
};

enum selector_parse selector_parse(struct selector *s, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!strcmp(rows[i].name, name))
			return rows[i].parse(s, value) ? SELECTOR_OK : SELECTOR_BAD;
	}
	return SELECTOR_UNKNOWN;
}

void selector_free(struct selector *s)
{
	free(s->name);
	s->name = NULL;
}

static bool name_matches(const char *glob, const struct query *q)
{
	char text[DNSNAME_TEXT_MAX];

	if (!q || !q->name)
		return false;
	dnsname_text(q->name, text);
	return !fnmatch(glob, text, FNM_CASEFOLD | FNM_NOESCAPE);
}

static bool in_range(const struct range *r, uint64_t n)
{
	return !r->hi || (n >= r->lo && n <= r->hi);
}

static bool meant(const struct selector *s, const struct subject *what)
{
	if (s->has_transport && s->transport != what->transport)
		return false;
	if (!in_range(&s->conn, what->conn) || !in_range(&s->nth, what->nth))
		return false;
	if (s->type && (!what->query || !what->query->name || what->query->type != s->type))
		return false;
	return !s->name || name_matches(s->name, what->query);
}

bool selector_match(struct selector *s, const struct subject *what, struct random *random)
{
	if (!meant(s, what))
		return false;
	if (s->seen++ < s->skip)
		return false;
	if (s->every && (s->seen - s->skip) % s->every)
		return false;
	if (s->chance && random_below(random, 1000000) >= s->chance)
		return false;
	if (s->times && s->taken >= s->times)
		return false;
	s->taken++;
	return true;
}
