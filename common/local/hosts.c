#include "common/local/hosts.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t localhost[] = "\11localhost"; /* and the root's byte */

struct ip {
	uint8_t octets[16];
	size_t len;
};

/* A scope behind it (fe80::1%eth0) makes it an address of one link, which a name can't say. */
static bool parse_ip(const char *word, struct ip *ret)
{
	if (inet_pton(AF_INET, word, ret->octets) == 1)
		ret->len = 4;
	else if (inet_pton(AF_INET6, word, ret->octets) == 1)
		ret->len = 16;
	else
		return false;
	return true;
}

/* At or below localhost, by labels. */
static bool is_localhost(const uint8_t *name, size_t len)
{
	for (; len > sizeof localhost; name += *name + (size_t)1)
		len -= *name + (size_t)1;
	return len == sizeof localhost && name_equal(name, localhost, len);
}

static unsigned count_labels(const uint8_t *name)
{
	unsigned count = 0;

	for (; *name; name += *name + (size_t)1)
		count++;
	return count;
}

/* The name with the domain behind it; 0: too long, or there is none. */
static size_t qualify(
	const struct hosts_form *f, const uint8_t *name, size_t len, uint8_t ret[DNS_NAME_MAX])
{
	size_t domain = f->domain ? name_len(f->domain) : 0;

	if (domain == 0 || len - 1 + domain > DNS_NAME_MAX)
		return 0;
	memcpy(ret, name, len - 1);
	memcpy(ret + len - 1, f->domain, domain);
	return len - 1 + domain;
}

static void add(struct text *t, const struct hosts_form *f, const uint8_t *name, size_t len,
	const struct ip *ip)
{
	switch (records_add_host(
		f->records, f->source, name, len, ip->octets, ip->len, HOSTS_TTL)) {
	case RECORDS_OK:
		t->entries++;
		break;
	case RECORDS_KNOWN:
	case RECORDS_CLASH: /* an alias of that name is known: it is more than an address */
		break;
	default:
		t->left_out++;
	}
}

/* The long form first: it is the one that an address is called by. */
static void add_name(struct text *t, const struct hosts_form *f, const uint8_t *name, size_t len,
	const struct ip *ip)
{
	uint8_t full[DNS_NAME_MAX];
	size_t full_len = count_labels(name) == 1 ? qualify(f, name, len, full) : 0;

	if (full_len > 0)
		add(t, f, full, full_len, ip);
	add(t, f, name, len, ip);
}

static void parse_names(
	struct text *t, const struct hosts_form *f, struct line *l, const struct ip *ip)
{
	char word[TEXT_WORD_MAX];
	uint8_t name[DNS_NAME_MAX];
	bool any = false;

	while (line_word(l, word)) {
		size_t len = name_from_text(word, name);

		any = true;
		if (len <= 1)
			text_bad(t, "not a host name");
		else if (!is_localhost(name, len))
			add_name(t, f, name, len, ip);
	}
	if (!any)
		text_bad(t, "a name is wanted behind the address");
}

static void hosts_line(struct text *t, const struct hosts_form *f, struct line *l)
{
	char word[TEXT_WORD_MAX];
	unsigned before = t->bad;
	struct ip ip;

	line_cut(l, '#');
	if (!line_word(l, word))
		return;
	if (parse_ip(word, &ip))
		parse_names(t, f, l, &ip);
	else if (!strchr(word, '%'))
		text_bad(t, "an IP address and names are wanted");
	if (t->bad > before)
		t->bad = before + 1; /* a line counts once */
}

void hosts_parse(struct text *t, const struct hosts_form *f, const char *part, size_t len)
{
	const char *at = part;
	struct line l;

	while (text_line(t, &at, part + len, &l))
		hosts_line(t, f, &l);
}

/* ------------------------------------------------------------------ leases */

static bool is_number(const char *word, uint64_t *ret)
{
	uint64_t value = 0;

	if (strlen(word) > 18)
		return false;
	for (const char *p = word; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*ret = value;
	return *word != '\0';
}

/* Letters, digits, - and _: what a host may call itself. */
static bool is_host_label(const uint8_t *label)
{
	static const char more[] = "-_";

	for (uint8_t i = 1; i <= *label; i++) {
		uint8_t c = label[i] | 0x20;

		if (!((c >= 'a' && c <= 'z') || (label[i] >= '0' && label[i] <= '9') ||
			    (label[i] && strchr(more, label[i]))))
			return false;
	}
	return true;
}

static bool is_forbidden(const uint8_t *name)
{
	static const uint8_t wpad[] = "\4wpad", isatap[] = "\6isatap";

	return (*name == 4 && name_equal(name, wpad, 5)) ||
	       (*name == 6 && name_equal(name, isatap, 7));
}

/* One label, or one label and the domain; cut to the label. */
static bool cut_to_label(const struct hosts_form *f, uint8_t *name, size_t len)
{
	size_t first = *name + (size_t)1;

	if (name[first] && !(f->domain && len - first == name_len(f->domain) &&
				   name_equal(name + first, f->domain, len - first)))
		return false;
	name[first] = 0;
	return is_host_label(name);
}

static void lease_name(
	struct text *t, const struct hosts_form *f, const char *word, const struct ip *ip)
{
	uint8_t name[DNS_NAME_MAX];
	size_t len = name_from_text(word, name);

	if (len <= 1 || !cut_to_label(f, name, len)) {
		text_bad(t, "the client's name is no host name of one label");
		return;
	}
	len = *name + (size_t)2;
	if (is_forbidden(name) || is_localhost(name, len))
		text_bad(t, "a client must not have this name");
	else
		add_name(t, f, name, len, ip);
}

static bool has_ended(const struct hosts_form *f, uint64_t end_s)
{
	return end_s != 0 && end_s < f->now_s;
}

/* What stands behind the time: MAC or IAID, address, name, client id. */
static void dnsmasq_line(struct text *t, const struct hosts_form *f, struct line *l, uint64_t end_s)
{
	char word[TEXT_WORD_MAX];
	struct ip ip;

	if (!line_word(l, word) || !line_word(l, word) || !parse_ip(word, &ip) ||
		!line_word(l, word))
		text_bad(t, "time, MAC, address and name are wanted");
	else if (strcmp(word, "*") != 0 && !has_ended(f, end_s))
		lease_name(t, f, word, &ip);
}

/* "fd00::5/128": the address of a host, or "fd00::/64": a prefix that was delegated, and no address. */
static bool parse_host_prefix(char *word, struct ip *ret)
{
	char *slash = strchr(word, '/');

	if (slash)
		*slash = '\0';
	return parse_ip(word, ret) &&
	       (!slash || strcmp(slash + 1, ret->len == 4 ? "32" : "128") == 0);
}

/* # INTERFACE ID IAID NAME END ASSIGNED LENGTH [ADDRESS/LENGTH]... */
static void odhcpd_line(struct text *t, const struct hosts_form *f, struct line *l)
{
	char word[TEXT_WORD_MAX], name[TEXT_WORD_MAX];
	uint64_t end_s = 0;
	struct ip ip;

	for (unsigned i = 0; i < 4; i++) {
		if (!line_word(l, name))
			return; /* a comment */
	}
	if (!line_word(l, word) || (strcmp(word, "-1") != 0 && !is_number(word, &end_s)))
		return;
	if (!line_word(l, word) || !line_word(l, word))
		return;
	while (line_word(l, word)) {
		if (parse_host_prefix(word, &ip) && strcmp(name, "-") != 0 && !has_ended(f, end_s))
			lease_name(t, f, name, &ip);
	}
}

static void lease_line(struct text *t, const struct hosts_form *f, struct line *l)
{
	char word[TEXT_WORD_MAX];
	unsigned before = t->bad;
	uint64_t number;
	struct ip ip;

	if (!line_word(l, word) || strcmp(word, "duid") == 0)
		return;
	if (word[0] == '#')
		odhcpd_line(t, f, l);
	else if (is_number(word, &number))
		dnsmasq_line(t, f, l, number);
	else if (!parse_ip(word, &ip))
		text_bad(t, "neither a lease of dnsmasq nor one of odhcpd");
	else
		while (line_word(l, word))
			lease_name(t, f, word, &ip);
	if (t->bad > before)
		t->bad = before + 1;
}

void lease_parse(struct text *t, const struct hosts_form *f, const char *part, size_t len)
{
	const char *at = part;
	struct line l;

	while (text_line(t, &at, part + len, &l))
		lease_line(t, f, &l);
}
