#include "common/local/special.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/dns/message.h"
#include "common/local/answer.h"

#define ZONE_TTL 10800u /* RFC 6303 3 */
#define OWN_TTL	 60u

#define NIBBLES_31 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

/* A range stands for one name for each number from first to last, in front of the text. */
static const struct row {
	const char *text;
	enum special_kind kind;
	bool forced;
	unsigned first, last;
} rows[] = {
	{ "localhost", SPECIAL_LOCALHOST, true, 0, 0 },	  /* RFC 6761 6.3 */
	{ "invalid", SPECIAL_NOTHING, true, 0, 0 },	  /* 6.4 */
	{ "onion", SPECIAL_NOTHING, true, 0, 0 },	  /* RFC 7686 2 */
	{ "test", SPECIAL_NOTHING, false, 0, 0 },	  /* RFC 6761 6.2 */
	{ "local", SPECIAL_NOTHING, false, 0, 0 },	  /* RFC 6762 22.1 */
	{ "home.arpa", SPECIAL_ZONE, false, 0, 0 },	  /* RFC 8375 4 */
	{ "resolver.arpa", SPECIAL_NODATA, false, 0, 0 }, /* RFC 9462 6.4 */
	/* RFC 6303 4.1, 4.2; RFC 7793 */
	{ "10.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "172.in-addr.arpa", SPECIAL_ZONE, false, 16, 31 },
	{ "168.192.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "100.in-addr.arpa", SPECIAL_ZONE, false, 64, 127 },
	{ "0.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "127.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "254.169.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "2.0.192.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "100.51.198.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "113.0.203.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "255.255.255.255.in-addr.arpa", SPECIAL_ZONE, false, 0, 0 },
	/* RFC 6303 4.3 to 4.6 */
	{ "0." NIBBLES_31 ".ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "1." NIBBLES_31 ".ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "d.f.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "8.e.f.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "9.e.f.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "a.e.f.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "b.e.f.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
	{ "8.b.d.0.1.0.0.2.ip6.arpa", SPECIAL_ZONE, false, 0, 0 },
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define ROWS	     COUNT(rows)

static const char *const firefox[] = { "use-application-dns.net" };
static const char *const private_relay[] = { "mask.icloud.com", "mask-h2.icloud.com" };

static const uint8_t localhost[] = "\11localhost";
static const uint8_t loopback4[] = "\1"
				   "1\1"
				   "0\1"
				   "0\3"
				   "127\7in-addr\4arpa";

/* ------------------------------------------------------------------ the table */

static void expand(const struct row *row, unsigned number, char text[128])
{
	if (row->last)
		snprintf(text, 128, "%u.%s", number, row->text);
	else
		snprintf(text, 128, "%s", row->text);
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strlen(a);

	if (len > 0 && a[len - 1] == '.')
		len--;
	return strlen(b) == len && strncasecmp(a, b, len) == 0;
}

bool special_known(const char *text, bool *ret_forced)
{
	char name[128];

	for (size_t i = 0; i < ROWS; i++) {
		for (unsigned n = rows[i].first; n <= rows[i].last; n++) {
			expand(&rows[i], n, name);
			if (!same_name(text, name))
				continue;
			*ret_forced = rows[i].forced;
			return true;
		}
	}
	return false;
}

static bool is_excepted(const struct special_options *o, const char *name)
{
	for (size_t i = 0; i < o->except_count; i++)
		if (same_name(o->except[i], name))
			return true;
	return false;
}

static void append(struct special *s, const char *text, enum special_kind kind, bool forced)
{
	struct special_name *n = &s->names[s->count];
	uint8_t wire[DNS_NAME_MAX];
	size_t len = name_from_text(text, wire);

	if (len == 0 || s->count == SPECIAL_MAX)
		return;
	*n = (struct special_name){ .len = (uint8_t)len, .kind = kind, .forced = forced };
	name_fold(n->name, wire, len);
	for (const uint8_t *p = n->name; *p; p += *p + (size_t)1)
		n->labels++;
	s->count++;
}

static bool is_below_arpa(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	return len >= 4 && strncasecmp(text + len - 4, "arpa", 4) == 0 &&
	       (len == 4 || text[len - 5] == '.');
}

/* One's own domain first: it may lie below one of the others, or be one. */
static void append_rows(struct special *s, const struct special_options *o, bool arpa)
{
	char name[128];

	if (o->domain && *o->domain && is_below_arpa(o->domain) == arpa)
		append(s, o->domain, SPECIAL_OWN, false);
	for (size_t i = 0; i < ROWS; i++) {
		if (is_below_arpa(rows[i].text) != arpa)
			continue;
		for (unsigned n = rows[i].first; n <= rows[i].last; n++) {
			expand(&rows[i], n, name);
			if (rows[i].forced || (o->enabled && !is_excepted(o, name)))
				append(s, name, rows[i].kind, rows[i].forced);
		}
	}
}

int special_init(struct special *s, const struct special_options *o)
{
	*s = (struct special){ .names = calloc(SPECIAL_MAX, sizeof *s->names) };
	if (!s->names)
		return -ENOMEM;
	for (size_t i = 0; o->no_firefox && i < COUNT(firefox); i++)
		append(s, firefox[i], SPECIAL_NOTHING, true);
	for (size_t i = 0; o->no_private_relay && i < COUNT(private_relay); i++)
		append(s, private_relay[i], SPECIAL_NOTHING, true);
	append_rows(s, o, false);
	s->arpa = s->count;
	append_rows(s, o, true);
	return 0;
}

void special_deinit(struct special *s)
{
	free(s->names);
	*s = (struct special){ 0 };
}

const struct special_name *special_find(const struct special *s, const struct suffixes *x)
{
	static const uint8_t arpa[] = "\4arpa";
	bool below = x->len >= sizeof arpa &&
		     memcmp(x->name + x->len - sizeof arpa, arpa, sizeof arpa) == 0;

	for (size_t i = below ? s->arpa : 0; i < (below ? s->count : s->arpa); i++) {
		const struct special_name *n = &s->names[i];
		size_t at;

		/* Nearly all differ in the length, or the last octets, of what has so many labels. */
		if (n->labels > x->count || n->len > x->len)
			continue;
		at = x->at[x->count - n->labels];
		if (x->len - at == n->len && memcmp(x->name + at, n->name, n->len) == 0)
			return n;
	}
	return NULL;
}

/* ------------------------------------------------------------------ answers */

static void localhost_answer(struct local_reply *r, const struct special_name *n, uint16_t type)
{
	static const uint8_t v4[] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };

	if (type == DNS_TYPE_A)
		local_reply_add(r, type, ZONE_TTL, v4, sizeof v4);
	else if (type == DNS_TYPE_AAAA)
		local_reply_add(r, type, ZONE_TTL, v6, sizeof v6);
	else
		local_reply_soa(r, DNS_AUTHORITY, n->name, ZONE_TTL);
}

/* 127.0.0.1 and ::1 have a name. */
static bool is_loopback(const struct special_name *n, const struct suffixes *x)
{
	if (x->len == sizeof loopback4)
		return memcmp(x->name, loopback4, sizeof loopback4) == 0;
	return x->count == n->labels && n->labels == 34 && x->name[1] == '1';
}

/* What the zone's own name has. */
static void apex_answer(
	struct local_reply *r, const struct special_name *n, uint16_t type, uint32_t ttl)
{
	if (type == DNS_TYPE_NS)
		local_reply_add(r, type, ttl, n->name, n->len);
	else
		local_reply_soa(r, type == DNS_TYPE_SOA ? DNS_ANSWER : DNS_AUTHORITY, n->name, ttl);
}

static void zone_answer(struct local_reply *r, const struct special_name *n,
	const struct suffixes *x, uint16_t type, bool exists, uint32_t ttl)
{
	if (is_loopback(n, x) && type == DNS_TYPE_PTR) {
		local_reply_add(r, type, ttl, localhost, sizeof localhost);
	} else if (x->count == n->labels) {
		apex_answer(r, n, type, ttl);
	} else {
		if (!exists && !is_loopback(n, x))
			r->rcode = RCODE_NXDOMAIN;
		local_reply_soa(r, DNS_AUTHORITY, n->name, ttl);
	}
}

bool special_answer(const struct special_name *n, const struct suffixes *x, uint16_t type,
	bool has_children, bool has_records, struct local_reply *r)
{
	uint32_t ttl = n->kind == SPECIAL_OWN || (has_records && n->kind == SPECIAL_ZONE)
			       ? OWN_TTL
			       : ZONE_TTL;

	if (type == DNS_TYPE_DS && x->count == n->labels && !n->forced)
		return false;
	r->authoritative = true;
	r->ede = (struct ede){ EDE_SYNTHESIZED,
		n->kind == SPECIAL_OWN ? "local-domain" : "special-use name" };
	switch (n->kind) {
	case SPECIAL_LOCALHOST:
		localhost_answer(r, n, type);
		break;
	case SPECIAL_NOTHING:
		if (!has_children)
			r->rcode = RCODE_NXDOMAIN;
		local_reply_soa(r, DNS_AUTHORITY, n->name, ttl);
		break;
	case SPECIAL_NODATA:
		local_reply_soa(r, DNS_AUTHORITY, n->name, ttl);
		break;
	case SPECIAL_ZONE:
	case SPECIAL_OWN:
		zone_answer(r, n, x, type, has_children, ttl);
		break;
	}
	return true;
}
