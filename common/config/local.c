#include "common/config/local.h"

#include <stdlib.h>
#include <string.h>

#include "common/config/value.h"
#include "common/local/record_line.h"
#include "common/local/special.h"

/* What points inside, or nowhere: loopback, private, link-local, shared, unspecified, and their IPv6 kin. */
static const char *const all_private[] = { "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10",
	"127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128",
	"fc00::/7", "fe80::/10", "fec0::/10" };

bool config_local_is_list(const struct option *o)
{
	switch (o->type) {
	case OPTION_FILES:
	case OPTION_NAMES:
	case OPTION_SPECIALS:
	case OPTION_RECORDS:
	case OPTION_PRIVATE:
		return true;
	default:
		return false;
	}
}

static void refuse(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const char *allowed)
{
	char value[VALUE_TEXT_MAX];

	snprintf(value, sizeof value, "\"%.80s\"", text);
	value_refuse(l->errors, where, o, value, allowed);
}

static struct config_texts *texts_of(const struct option *o, const struct config *c)
{
	return (struct config_texts *)(void *)((char *)(uintptr_t)c + o->offset);
}

static void append(struct loader *l, const struct option *o, const char *text)
{
	struct config_texts *t = texts_of(o, l->config);
	char **list = load_grow(l, t->text, t->count, sizeof *list);

	if (!list)
		return;
	t->text = list;
	list[t->count] = load_strdup(l, text);
	t->count += list[t->count] != NULL;
}

static bool is_listed(const struct option *o, const struct config *c, const char *text)
{
	const struct config_texts *t = texts_of(o, c);

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->text[i], text) == 0)
			return true;
	return false;
}

static const char *check_name(const char *text)
{
	uint8_t name[DNS_NAME_MAX];

	return name_from_text(text, name) > 1 ? NULL
					      : "a domain name is wanted, like \"home.arpa\"";
}

static const char *check_special(const char *text)
{
	bool forced;

	if (!special_known(text, &forced))
		return "it is none of the names that special-names answers; they are listed in "
		       "README.md";
	return forced ? "this name must never be forwarded (RFC 6761, RFC 7686)" : NULL;
}

static const char *check_text(const struct option *o, const char *text)
{
	if (o->type == OPTION_NAMES)
		return check_name(text);
	if (o->type == OPTION_SPECIALS)
		return check_special(text);
	return *text ? NULL : "a file name is wanted";
}

/* A store of them shows which do not go together. */
static const char *try_record(struct loader *l, const struct record_line *r)
{
	static const uint8_t key[SUFFIX_KEY];

	if (!l->records) {
		l->records = malloc(sizeof *l->records);
		if (!l->records)
			return "out of memory";
		records_init(l->records, key);
	}
	switch (records_add(l->records, RECORDS_CONFIG, r->name, r->name_len, r->type, r->ttl,
		r->rdata, r->len)) {
	case RECORDS_OK:
		return NULL;
	case RECORDS_KNOWN:
		return "this record is listed already";
	case RECORDS_CLASH:
		return "a name with a CNAME can have no other record (RFC 1034 3.6.2)";
	case RECORDS_NO_ROOM:
		return "the records of one name may have 12288 octets at most";
	default:
		return "out of memory";
	}
}

static void record_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct record_line record;
	const char *why;

	if (record_line_parse(text, &record, &why))
		why = try_record(l, &record);
	if (why)
		refuse(l, o, text, where, why);
	else
		append(l, o, text);
}

static bool has_prefix(const struct config *c, const struct prefix *p)
{
	for (size_t i = 0; i < c->private_address_count; i++)
		if (memcmp(&c->private_address[i], p, sizeof *p) == 0)
			return true;
	return false;
}

static void private_prefix(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config *c = l->config;
	struct prefix prefix = { 0 }, *list;

	if (!prefix_parse(text, &prefix)) {
		refuse(l, o, text, where,
			"a network is wanted, like \"192.168.0.0/16\" (all bits behind the prefix "
			"are zero), an address, or \"all\"");
		return;
	}
	if (has_prefix(c, &prefix))
		return; /* "all" and its parts may stand side by side */
	if (c->private_address_count == o->max) {
		refuse(l, o, text, where,
			"at most 64 networks are allowed, those of \"all\" included");
		return;
	}
	list = load_grow(l, c->private_address, c->private_address_count, sizeof *list);
	if (!list)
		return;
	c->private_address = list;
	list[c->private_address_count++] = prefix;
}

static void private_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	if (strcmp(text, "all") != 0) {
		private_prefix(l, o, text, where);
		return;
	}
	for (size_t i = 0; i < sizeof all_private / sizeof all_private[0]; i++)
		private_prefix(l, o, all_private[i], where);
}

void config_local_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	const char *why;

	if (o->type == OPTION_RECORDS) {
		record_entry(l, o, text, where);
		return;
	}
	if (o->type == OPTION_PRIVATE) {
		private_entry(l, o, text, where);
		return;
	}
	why = check_text(o, text);
	if (!why && is_listed(o, l->config, text))
		why = "this is listed already";
	if (why)
		refuse(l, o, text, where, why);
	else
		append(l, o, text);
}

void config_local_check(struct loader *l, const struct option *o, struct config_place where)
{
	bool forced = false;

	if (l->config->local_domain && special_known(l->config->local_domain, &forced) && forced)
		refuse(l, o, l->config->local_domain, where,
			"this name has a meaning of its own (RFC 6761, RFC 7686); take another "
			"one");
}

void config_local_done(struct loader *l)
{
	if (l->records)
		records_deinit(l->records);
	free(l->records);
	l->records = NULL;
}

static void print_prefixes(const struct config *c, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < c->private_address_count; i++)
		fprintf(out, "%s \"%s\"", i > 0 ? "," : "",
			prefix_text(&c->private_address[i], text));
}

void config_local_print(const struct option *o, const struct config *c, FILE *out)
{
	const struct config_texts *t = texts_of(o, c);

	fputc('[', out);
	if (o->type == OPTION_PRIVATE)
		print_prefixes(c, out);
	else
		for (size_t i = 0; i < t->count; i++) {
			fputs(i > 0 ? ", " : " ", out);
			value_print_text(t->text[i], out);
		}
	fputs(" ]", out);
}

bool config_dns64_valid(const char *text)
{
	struct prefix prefix;

	if (!*text || strcmp(text, "auto") == 0)
		return true;
	if (!prefix_parse(text, &prefix) || prefix.family != AF_INET6)
		return false;
	return prefix.bits == 96 ||
	       (prefix.bits >= 32 && prefix.bits <= 64 && prefix.bits % 8 == 0);
}
