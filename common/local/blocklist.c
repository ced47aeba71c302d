#include "common/local/blocklist.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* What hosts files say of the machine itself (and the empty name of sloppy ones). */
static const char *const own_names[] = { "localhost", "localhost.localdomain", "local",
	"broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix",
	"ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0" };

static void add(struct text *t, struct nameset *set, const uint8_t *name, size_t len,
	enum nameset_scope scope, unsigned list)
{
	uint8_t folded[DNS_NAME_MAX];

	name_fold(folded, name, len);
	if (nameset_add(set, folded, len, scope, list) == 0)
		t->entries++;
	else
		t->left_out++;
}

static bool is_own(const char *word)
{
	for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++)
		if (strcasecmp(word, own_names[i]) == 0)
			return true;
	return false;
}

static bool is_ip(const char *word)
{
	uint8_t ip[16];

	return inet_pton(AF_INET, word, ip) == 1 || inet_pton(AF_INET6, word, ip) == 1;
}

/* ------------------------------------------------------------------ plain names and hosts */

/* Names of hosts as people write them; an octet beyond that is some other syntax. */
static bool is_plain(const char *word)
{
	for (; *word; word++)
		if (!((*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z') ||
			    (*word >= '0' && *word <= '9') || strchr("-_.", *word)))
			return false;
	return true;
}

static void plain_name(struct text *t, const struct blocklist *b, struct nameset *set, char *word)
{
	uint8_t name[DNS_NAME_MAX];
	size_t len = strlen(word);

	if (strncmp(word, "||", 2) == 0 && word[len - 1] == '^') {
		word[len - 1] = '\0';
		word += 2;
	} else if (strncmp(word, "*.", 2) == 0) {
		word += 2;
	} else if (word[0] == '.') {
		word++;
	}
	len = is_plain(word) && !is_ip(word) ? name_from_text(word, name) : 0;
	if (len <= 1)
		text_bad(t, "not a domain name");
	else
		add(t, set, name, len, NAMESET_ALL, b->list);
}

static void hosts_names(
	struct text *t, const struct blocklist *b, struct nameset *set, struct line *l)
{
	char word[TEXT_WORD_MAX];
	uint8_t name[DNS_NAME_MAX];
	bool any = false;

	while (line_word(l, word)) {
		size_t len = is_plain(word) ? name_from_text(word, name) : 0;

		any = true;
		if (is_own(word))
			continue;
		if (len <= 1)
			text_bad(t, "not a host name");
		else
			add(t, set, name, len, NAMESET_NAME, b->list);
	}
	if (!any)
		text_bad(t, "a name is wanted behind the address");
}

/* ------------------------------------------------------------------ RPZ */

/* An owner written in full ends in the zone's own name, which is no part of what is blocked. */
static size_t cut_origin(const struct blocklist *b, uint8_t *name, size_t len)
{
	size_t at = 0;

	while (b->origin_len > 1 && len - at > b->origin_len)
		at += name[at] + (size_t)1;
	if (b->origin_len <= 1 || len - at != b->origin_len || at == 0 ||
		!name_equal(name + at, b->origin, b->origin_len))
		return len;
	name[at] = 0;
	return at + 1;
}

/* $ORIGIN NAME; other $ lines say nothing of names. */
static void zone_directive(struct blocklist *b, const char *word, struct line *l)
{
	char name[TEXT_WORD_MAX];

	if (strcasecmp(word, "$ORIGIN") == 0 && line_word(l, name))
		b->origin_len = name_from_text(name, b->origin);
}

/* rpz-ip and the like are conditions on other things than the name asked. */
static bool is_trigger(const uint8_t *name)
{
	for (; *name; name += *name + (size_t)1)
		if (*name >= 6 && strncasecmp((const char *)name + 1, "rpz-", 4) == 0)
			return true;
	return false;
}

static bool is_ttl(const char *word)
{
	return word[strspn(word, "0123456789")] == '\0';
}

/* The word of the type, behind TTL and class. */
static bool zone_type(struct line *l, char word[TEXT_WORD_MAX])
{
	while (line_word(l, word))
		if (!is_ttl(word) && strcasecmp(word, "IN") != 0)
			return true;
	return false;
}

/* The scopes of an action on a name and, below = true, on what is below; 0: not understood. */
static unsigned zone_action(const char *target, bool below)
{
	if (strcmp(target, ".") == 0 || strcmp(target, "*.") == 0)
		return below ? NAMESET_BELOW : NAMESET_NAME;
	if (strcasecmp(target, "rpz-passthru.") == 0)
		return below ? NAMESET_EXCEPT_BELOW : NAMESET_EXCEPT_NAME;
	return 0;
}

static bool has(const struct line *l, char c)
{
	return memchr(l->at, c, (size_t)(l->end - l->at)) != NULL;
}

static bool is_zone_furniture(const char *type)
{
	return strcasecmp(type, "SOA") == 0 || strcasecmp(type, "NS") == 0;
}

/* OWNER [TTL] [IN] TYPE DATA */
static void zone_line(
	struct text *t, struct blocklist *b, struct nameset *set, const char *owner, struct line *l)
{
	uint8_t name[DNS_NAME_MAX];
	char word[TEXT_WORD_MAX];
	bool below = strncmp(owner, "*.", 2) == 0;
	unsigned scope;
	size_t len;

	if (!zone_type(l, word)) {
		text_bad(t, "one name is wanted, or a line of a hosts file or an RPZ");
		return;
	}
	if (is_zone_furniture(word)) {
		b->in_soa = has(l, '(') && !has(l, ')');
		return;
	}
	scope = strcasecmp(word, "CNAME") == 0 && line_word(l, word) ? zone_action(word, below) : 0;
	len = name_from_text(owner + (below ? 2 : 0), name);
	len = len > 1 ? cut_origin(b, name, len) : 0;
	if (scope == 0)
		text_bad(t, "only CNAME with . or *. or rpz-passthru. is understood of an RPZ");
	else if (len <= 1 || is_trigger(name))
		text_bad(t, "only names are understood as triggers of an RPZ");
	else
		add(t, set, name, len, scope, b->list);
}

/* ------------------------------------------------------------------ lines */

static void parse_line(struct text *t, struct blocklist *b, struct nameset *set, struct line *l)
{
	char first[TEXT_WORD_MAX], second[TEXT_WORD_MAX];
	struct line rest;

	if (b->in_soa) {
		b->in_soa = !has(l, ')');
		return;
	}
	if (l->at < l->end && *l->at == '!')
		return;
	line_cut(l, '#');
	line_cut(l, ';');
	if (!line_word(l, first))
		return;
	rest = *l;
	if (first[0] == '$')
		zone_directive(b, first, l);
	else if (is_ip(first))
		hosts_names(t, b, set, l);
	else if (!line_word(&rest, second))
		plain_name(t, b, set, first);
	else
		zone_line(t, b, set, first, l);
}

void blocklist_parse(
	struct text *t, struct blocklist *b, struct nameset *set, const char *part, size_t len)
{
	const char *at = part;
	struct line l;

	while (text_line(t, &at, part + len, &l)) {
		unsigned before = t->bad;

		parse_line(t, b, set, &l);
		if (t->bad > before)
			t->bad = before + 1; /* a line counts once */
	}
}
