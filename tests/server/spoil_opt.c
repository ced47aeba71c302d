#include "tests/server/actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/dns/wire.h"
#include "tests/server/hex.h"
#include "tests/server/rrtype.h"

enum { OPT_FIXED = 11, OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, OPTION_EDE = 15 };
enum { CLIENT_COOKIE = 8, SERVER_COOKIE = 16, COOKIE_MAX = 512 };
enum { AT_ANCOUNT = 6, AT_NSCOUNT = 8, AT_ARCOUNT = 10 };

static uint16_t count_of(struct reply *r, size_t at)
{
	return wire_get16(reply_data(r) + at);
}

static void count_add(struct reply *r, size_t at, int n)
{
	wire_put16(reply_data(r) + at, (uint16_t)(count_of(r, at) + n));
}

static struct wire_writer behind(struct reply *r)
{
	struct wire_writer w = wire_writer(reply_data(r), REPLY_MAX);

	w.pos = r->len;
	return w;
}

void spoil_no_opt(struct reply *r, const struct action *a)
{
	(void)a;
	if (!r->opt_at)
		return;
	r->len = r->opt_at;
	r->opt_at = 0;
	count_add(r, AT_ARCOUNT, -1);
}

void spoil_opt_twice(struct reply *r, const struct action *a)
{
	size_t n = r->len - r->opt_at;

	(void)a;
	if (!r->opt_at || n > REPLY_MAX - r->len)
		return;
	memcpy(reply_data(r) + r->len, reply_data(r) + r->opt_at, n);
	r->len += n;
	r->opt_at = 0;
	count_add(r, AT_ARCOUNT, 1);
}

/* The records stay where they are, only the counts draw the line elsewhere. */
void spoil_opt_in_answer(struct reply *r, const struct action *a)
{
	(void)a;
	if (!r->opt_at)
		return;
	count_add(r, count_of(r, AT_NSCOUNT) ? AT_NSCOUNT : AT_ANCOUNT, 1);
	count_add(r, AT_ARCOUNT, -1);
	r->opt_at = 0;
}

static void write_address(struct wire_writer *w, uint32_t address)
{
	wire_write16(w, RR_A);
	wire_write16(w, 1);
	wire_write32(w, 300);
	wire_write16(w, 4);
	wire_write32(w, address);
}

/*
 * Two records behind OPT: the owner of the second is a pointer to that of the first, so it is lost
 * on whoever takes OPT out without moving what follows.
 */
void spoil_opt_not_last(struct reply *r, const struct action *a)
{
	struct wire_writer w = behind(r);

	(void)a;
	if (!r->opt_at || r->len > 0x3fff)
		return;
	wire_write(&w, "\6behind\4test", 13);
	write_address(&w, 0xc6120001u);
	wire_write16(&w, (uint16_t)(0xc000 | r->len));
	write_address(&w, 0xc6120002u);
	if (w.bad)
		return;
	r->len = w.pos;
	r->opt_at = 0;
	count_add(r, AT_ARCOUNT, 2);
}

static void add_option(struct reply *r, uint16_t code, const void *data, size_t len)
{
	struct wire_writer w = behind(r);
	uint8_t *rdlen = reply_data(r) + r->opt_at + OPT_FIXED - 2;

	if (!r->opt_at)
		return;
	wire_write16(&w, code);
	wire_write16(&w, (uint16_t)len);
	wire_write(&w, data, len);
	if (w.bad)
		return;
	r->len = w.pos;
	wire_put16(rdlen, (uint16_t)(wire_get16(rdlen) + 4 + len));
}

void spoil_keepalive(struct reply *r, const struct action *a)
{
	uint8_t value[2];

	wire_put16(value, (uint16_t)a->a);
	add_option(r, OPTION_KEEPALIVE, value, 2);
}

void spoil_ede(struct reply *r, const struct action *a)
{
	static uint8_t value[REPLY_MAX];
	size_t len = a->b < 65000 ? (size_t)a->b : 65000;

	wire_put16(value, (uint16_t)a->a);
	memset(value + 2, 'e', len);
	add_option(r, OPTION_EDE, value, 2 + len);
}

void spoil_option(struct reply *r, const struct action *a)
{
	static uint8_t value[REPLY_MAX];
	char *hex;
	unsigned long code = strtoul(a->text, &hex, 10);
	size_t len = 0;

	if (*hex && !hex_parse(hex + 1, value, sizeof(value), &len))
		return;
	add_option(r, (uint16_t)code, value, len);
}

/* Takes the first option of this code out of OPT. */
static void remove_option(struct reply *r, uint16_t code)
{
	uint8_t *data = reply_data(r), *rdlen = data + r->opt_at + OPT_FIXED - 2;
	size_t at = r->opt_at + OPT_FIXED;

	while (r->opt_at && r->len - at >= 4) {
		size_t n = 4u + wire_get16(data + at + 2);

		if (wire_get16(data + at) == code) {
			memmove(data + at, data + at + n, r->len - at - n);
			r->len -= n;
			wire_put16(rdlen, (uint16_t)(wire_get16(rdlen) - n));
			return;
		}
		at += n;
	}
}

/* What stands behind "cookie="; returns its length.  The first octets are the client's own. */
static size_t make_cookie(const struct reply *r, const char *text, uint8_t value[COOKIE_MAX])
{
	const char *hex = strchr(text, '/');
	size_t len = CLIENT_COOKIE + SERVER_COOKIE;

	memset(value, 0xc0, COOKIE_MAX);
	if (r->q->cookie)
		memcpy(value, r->q->cookie,
			r->q->cookie_len < CLIENT_COOKIE ? r->q->cookie_len : CLIENT_COOKIE);
	if (!strcmp(text, "wrong"))
		value[CLIENT_COOKIE - 1] ^= 1;
	else if (strncmp(text, "good", 4) != 0)
		len = strtoul(text, NULL, 10);
	else if (hex && hex_parse(hex + 1, value + CLIENT_COOKIE, COOKIE_MAX - CLIENT_COOKIE, &len))
		len += CLIENT_COOKIE;
	return len < COOKIE_MAX ? len : COOKIE_MAX;
}

/* In place of the one that it has. */
void spoil_cookie(struct reply *r, const struct action *a)
{
	uint8_t value[COOKIE_MAX];
	size_t len = make_cookie(r, a->text, value);

	remove_option(r, OPTION_COOKIE);
	if (strcmp(a->text, "none") != 0)
		add_option(r, OPTION_COOKIE, value, len);
}

static size_t section_at(const char *word)
{
	static const char *const names[] = { "answer", "authority", "additional" };

	for (size_t i = 0; i < 3; i++) {
		if (!strcasecmp(word, names[i]))
			return AT_ANCOUNT + 2 * i;
	}
	return 0;
}

/* SECTION/NAME/TYPE/HEX, class IN, TTL 300; false if it is not that. */
static bool write_extra(struct wire_writer *w, const char *text, size_t *ret_section)
{
	char section[16], owner[256], type[16];
	uint8_t name[DNSNAME_MAX];
	int used = 0;
	uint16_t code;
	size_t len;
	uint8_t *rdlen;

	if (sscanf(text, "%15[^/]/%255[^/]/%15[^/]/%n", section, owner, type, &used) != 3 ||
		!used || !rrtype_parse(type, &code))
		return false;
	*ret_section = section_at(section);
	wire_write(w, name, dnsname_parse(owner, name));
	wire_write16(w, code);
	wire_write16(w, 1);
	wire_write32(w, 300);
	rdlen = wire_reserve(w, 2);
	if (!rdlen || !hex_parse(text + used, w->data + w->pos, wire_room(w), &len))
		return false;
	wire_put16(rdlen, (uint16_t)len);
	wire_reserve(w, len);
	return *ret_section && !w->bad;
}

/*
 * In front of OPT, behind all other records: so it belongs to a section behind which there is
 * nothing but OPT.
 */
void spoil_extra(struct reply *r, const struct action *a)
{
	static uint8_t opt[REPLY_MAX];
	size_t opt_len = r->opt_at ? r->len - r->opt_at : 0;
	size_t section;
	struct wire_writer w = behind(r);

	memcpy(opt, reply_data(r) + r->opt_at, opt_len);
	w.pos -= opt_len;
	if (write_extra(&w, a->text, &section)) {
		count_add(r, section, 1);
		if (opt_len)
			r->opt_at = w.pos;
		r->len = w.pos;
	} else {
		w.bad = false;
		w.pos = r->len - opt_len;
	}
	wire_write(&w, opt, opt_len);
	r->len = w.pos;
}
