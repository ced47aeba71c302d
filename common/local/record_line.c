#include "common/local/record_line.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "common/dns/message.h"
#include "common/local/text.h"

typedef bool data_parser(struct line *l, struct wire_writer *w);

#define DIGITS_MAX 10u

static bool parse_number(const char *word, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*word || strlen(word) > DIGITS_MAX)
		return false;
	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			return false;
		value = value * 10 + (uint64_t)(*word - '0');
	}
	*ret = value;
	return value <= max;
}

static bool data_number(struct line *l, struct wire_writer *w)
{
	char word[TEXT_WORD_MAX];
	uint64_t value;

	if (!line_word(l, word) || !parse_number(word, UINT16_MAX, &value))
		return false;
	wire_write16(w, (uint16_t)value);
	return true;
}

static bool data_name(struct line *l, struct wire_writer *w)
{
	char word[TEXT_WORD_MAX];
	uint8_t name[DNS_NAME_MAX];
	size_t len = line_word(l, word) ? name_from_text(word, name) : 0;

	wire_write(w, name, len);
	return len > 0;
}

static bool data_address(struct line *l, struct wire_writer *w, int family, size_t len)
{
	char word[TEXT_WORD_MAX];
	uint8_t *room = wire_reserve(w, len);

	return room && line_word(l, word) && inet_pton(family, word, room) == 1;
}

static bool data_a(struct line *l, struct wire_writer *w)
{
	return data_address(l, w, AF_INET, sizeof(struct in_addr));
}

static bool data_aaaa(struct line *l, struct wire_writer *w)
{
	return data_address(l, w, AF_INET6, sizeof(struct in6_addr));
}

static bool data_mx(struct line *l, struct wire_writer *w)
{
	return data_number(l, w) && data_name(l, w);
}

static bool data_srv(struct line *l, struct wire_writer *w)
{
	return data_number(l, w) && data_number(l, w) && data_number(l, w) && data_name(l, w);
}

/* One string: a word, or what stands in quotes; \" and \\ mean themselves. */
static bool data_string(struct line *l, struct wire_writer *w)
{
	bool quoted = *l->at == '"';
	size_t start = w->pos;

	l->at += quoted;
	wire_write8(w, 0);
	while (l->at < l->end && (quoted ? *l->at != '"' : *l->at != ' ' && *l->at != '\t')) {
		if (*l->at == '\\' && l->end - l->at > 1)
			l->at++;
		wire_write8(w, (uint8_t)*l->at++);
	}
	if (quoted && (l->at == l->end || *l->at++ != '"'))
		return false;
	if (w->bad || w->pos - start - 1 > UINT8_MAX)
		return false;
	w->data[start] = (uint8_t)(w->pos - start - 1);
	return true;
}

static void skip_blanks(struct line *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
		l->at++;
}

static bool data_txt(struct line *l, struct wire_writer *w)
{
	skip_blanks(l);
	if (l->at == l->end)
		return false;
	for (; l->at < l->end; skip_blanks(l))
		if (!data_string(l, w))
			return false;
	return true;
}

static const struct data_row {
	const char *type;
	uint16_t number;
	data_parser *parse;
	const char *wanted;
} rows[] = {
	{ "A", DNS_TYPE_A, data_a, "an IPv4 address is wanted behind A" },
	{ "AAAA", DNS_TYPE_AAAA, data_aaaa, "an IPv6 address is wanted behind AAAA" },
	{ "CNAME", DNS_TYPE_CNAME, data_name, "a name is wanted behind CNAME" },
	{ "PTR", DNS_TYPE_PTR, data_name, "a name is wanted behind PTR" },
	{ "MX", DNS_TYPE_MX, data_mx, "a preference (0 to 65535) and a name are wanted behind MX" },
	{ "SRV", DNS_TYPE_SRV, data_srv,
		"priority, weight, port (0 to 65535) and a name are wanted behind SRV" },
	{ "TXT", DNS_TYPE_TXT, data_txt,
		"texts of at most 255 octets are wanted behind TXT, in quotes where they have "
		"blanks" },
};

static const struct data_row *find_type(const char *word)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcasecmp(word, rows[i].type) == 0)
			return &rows[i];
	return NULL;
}

/* The word of the type; TTL and class before it are optional, in this order. */
static bool parse_middle(struct line *l, char word[TEXT_WORD_MAX], uint32_t *ret_ttl)
{
	uint64_t ttl;

	*ret_ttl = RECORD_TTL;
	if (!line_word(l, word))
		return false;
	if (parse_number(word, RECORD_TTL_MAX, &ttl)) {
		*ret_ttl = (uint32_t)ttl;
		if (!line_word(l, word))
			return false;
	}
	return strcasecmp(word, "IN") != 0 || line_word(l, word);
}

static bool parse_data(const struct data_row *row, struct line *l, struct record_line *ret)
{
	struct wire_writer w = wire_writer(ret->rdata, sizeof ret->rdata);
	char more[TEXT_WORD_MAX];

	if (!row->parse(l, &w) || w.bad || line_word(l, more))
		return false;
	ret->len = w.pos;
	return true;
}

bool record_line_parse(const char *text, struct record_line *ret, const char **ret_why)
{
	struct line l = { text, text + strlen(text) };
	char word[TEXT_WORD_MAX];
	const struct data_row *row;

	*ret_why = "NAME TYPE DATA is wanted, like \"nas.lan A 192.168.1.5\"";
	ret->name_len = line_word(&l, word) ? name_from_text(word, ret->name) : 0;
	if (ret->name_len <= 1 || !parse_middle(&l, word, &ret->ttl))
		return false;
	ret->type = 0;
	row = find_type(word);
	if (!row) {
		*ret_why =
			"the type must be A, AAAA, CNAME, PTR, MX, SRV or TXT, and a TTL before it "
			"at most 604800";
		return false;
	}
	ret->type = row->number;
	*ret_why = row->wanted;
	return parse_data(row, &l, ret);
}
