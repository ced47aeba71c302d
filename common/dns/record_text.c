#include "common/dns/record_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/dns/ede.h"

#define CAA	  257u
#define DS	  43u
#define DNSKEY	  48u
#define TLSA	  52u
#define CDS	  59u
#define SVC_ALPN  1u
#define SVC_PORT  3u
#define SVC_IPV4  4u
#define SVC_IPV6  6u
#define TYPE_LAST 65535u

/* A text that is cut where its room ends. */
struct out {
	char *text;
	size_t size, len;
};

/* A record that is being written. */
struct data {
	struct wire_reader r; /* of the whole message, at the data */
	size_t end;
	struct out out;
};

static void __attribute__((format(printf, 2, 3))) put(struct out *o, const char *format, ...)
{
	size_t room = o->size - o->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(o->text + o->len, room, format, args);
	va_end(args);
	if (len > 0)
		o->len += (size_t)len < room ? (size_t)len : room - 1;
}

static void gap(struct out *o)
{
	if (o->len > 0)
		put(o, " ");
}

static size_t left(const struct data *d)
{
	return d->r.bad || d->r.pos > d->end ? 0 : d->end - d->r.pos;
}

/* ------------------------------------------------------------------ the parts of data */

static void put_name(struct data *d)
{
	unsigned budget = DNS_POINTER_BUDGET;
	uint8_t name[DNS_NAME_MAX];
	char text[DNS_NAME_TEXT_MAX];

	gap(&d->out);
	if (name_read(&d->r, &budget, name) > 0)
		put(&d->out, "%s", name_text(name, text, sizeof text));
}

static void put_octet(struct out *o, uint8_t c)
{
	if (c == '"' || c == '\\')
		put(o, "\\%c", c);
	else if (c >= 0x20 && c < 0x7f)
		put(o, "%c", c);
	else
		put(o, "\\%03u", c);
}

static void put_octets(struct data *d, size_t len)
{
	const uint8_t *p = wire_read(&d->r, len);

	put(&d->out, "\"");
	for (size_t i = 0; p && i < len; i++)
		put_octet(&d->out, p[i]);
	put(&d->out, "\"");
}

static void put_string(struct data *d)
{
	size_t len = wire_read8(&d->r);

	gap(&d->out);
	put_octets(d, len < left(d) ? len : left(d));
}

static void put_hex(struct data *d)
{
	size_t len = left(d);
	const uint8_t *p = wire_read(&d->r, len);

	gap(&d->out);
	for (size_t i = 0; p && i < len; i++)
		put(&d->out, "%02x", p[i]);
}

static void put_number8(struct data *d)
{
	gap(&d->out);
	put(&d->out, "%u", wire_read8(&d->r));
}

static void put_number16(struct data *d)
{
	gap(&d->out);
	put(&d->out, "%u", wire_read16(&d->r));
}

static void put_address(struct data *d, int family)
{
	size_t len = family == AF_INET ? 4 : 16;
	const uint8_t *p = wire_read(&d->r, len);
	char text[INET6_ADDRSTRLEN];

	if (p && inet_ntop(family, p, text, sizeof text))
		put(&d->out, "%s", text);
}

/* ------------------------------------------------------------------ service bindings (RFC 9460) */

static void put_alpn(struct data *d, size_t end)
{
	bool first = true;

	put(&d->out, "alpn=\"");
	while (d->r.pos < end && !d->r.bad) {
		size_t len = wire_read8(&d->r);
		const uint8_t *p = wire_read(&d->r, len);

		put(&d->out, "%s", first ? "" : ",");
		for (size_t i = 0; p && i < len; i++)
			put_octet(&d->out, p[i]);
		first = false;
	}
	put(&d->out, "\"");
}

static void put_hints(struct data *d, size_t len, int family)
{
	size_t each = family == AF_INET ? 4 : 16;

	put(&d->out, family == AF_INET ? "ipv4hint=" : "ipv6hint=");
	for (size_t i = 0; i < len / each; i++) {
		put(&d->out, "%s", i > 0 ? "," : "");
		put_address(d, family);
	}
}

static void put_parameter(struct data *d)
{
	unsigned key = wire_read16(&d->r);
	size_t len = wire_read16(&d->r), end;

	if (len > left(d))
		len = left(d);
	end = d->r.pos + len;
	gap(&d->out);
	if (key == SVC_ALPN) {
		put_alpn(d, end);
	} else if (key == SVC_PORT && len == 2) {
		put(&d->out, "port=%u", wire_read16(&d->r));
	} else if (key == SVC_IPV4 || key == SVC_IPV6) {
		put_hints(d, len, key == SVC_IPV4 ? AF_INET : AF_INET6);
	} else {
		put(&d->out, "key%u=", key);
		put_octets(d, len);
	}
	if (!d->r.bad)
		d->r.pos = end;
}

static void put_service(struct data *d)
{
	put_number16(d);
	put_name(d);
	while (left(d) >= 4)
		put_parameter(d);
}

/* ------------------------------------------------------------------ types */

static void put_soa(struct data *d)
{
	put_name(d);
	put_name(d);
	for (unsigned i = 0; i < 5; i++)
		put(&d->out, " %u", wire_read32(&d->r));
}

static void put_strings(struct data *d)
{
	while (left(d) > 0)
		put_string(d);
}

static void put_caa(struct data *d)
{
	size_t len;
	const uint8_t *p;

	put_number8(d);
	len = wire_read8(&d->r);
	if (len > left(d))
		len = left(d);
	p = wire_read(&d->r, len);
	gap(&d->out);
	for (size_t i = 0; p && i < len; i++)
		put_octet(&d->out, p[i]);
	gap(&d->out);
	put_octets(d, left(d));
}

/* Numbers, then octets: DS, DNSKEY and the like. */
static void put_key(struct data *d, bool four)
{
	if (four)
		put_number8(d);
	else
		put_number16(d);
	put_number8(d);
	put_number8(d);
	put_hex(d);
}

static void put_naptr(struct data *d)
{
	put_number16(d);
	put_number16(d);
	for (unsigned i = 0; i < 3; i++)
		put_string(d);
	put_name(d);
}

static void put_unknown(struct data *d)
{
	put(&d->out, "\\# %zu", left(d));
	if (left(d) > 0)
		put_hex(d);
}

static void put_numbers_and_name(struct data *d, unsigned numbers)
{
	for (unsigned i = 0; i < numbers; i++)
		put_number16(d);
	put_name(d);
}

static void put_data(struct data *d, uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		put_address(d, type == DNS_TYPE_A ? AF_INET : AF_INET6);
		break;
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_DNAME:
		put_name(d);
		break;
	case DNS_TYPE_MX:
	case DNS_TYPE_AFSDB:
		put_numbers_and_name(d, 1);
		break;
	case DNS_TYPE_SRV:
		put_numbers_and_name(d, 3);
		break;
	case DNS_TYPE_SOA:
		put_soa(d);
		break;
	case DNS_TYPE_TXT:
	case DNS_TYPE_HINFO:
		put_strings(d);
		break;
	case DNS_TYPE_NAPTR:
		put_naptr(d);
		break;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		put_service(d);
		break;
	case CAA:
		put_caa(d);
		break;
	case DS:
	case CDS:
	case DNSKEY:
	case TLSA:
		put_key(d, type == TLSA);
		break;
	default:
		put_unknown(d);
	}
}

const char *record_data_text(
	const struct dns_message *m, const struct dns_record *r, char *text, size_t size)
{
	struct data d = { .r = wire_reader(m->data, m->len),
		.end = r->end,
		.out = { .text = text, .size = size } };

	text[0] = '\0';
	d.r.pos = r->rdata;
	/* Empty data is allowed for every type (message.h), and class ANY means something else. */
	if (r->rdata == r->end || r->class != DNS_CLASS_IN)
		put_unknown(&d);
	else
		put_data(&d, r->type);
	return text;
}

const char *record_owner_text(const struct dns_message *m, const struct dns_record *r,
	char text[RECORD_NAME_TEXT_MAX])
{
	struct wire_reader reader = wire_reader(m->data, m->len);
	unsigned budget = DNS_POINTER_BUDGET;
	uint8_t name[DNS_NAME_MAX] = { 0 };

	reader.pos = r->start;
	name_read(&reader, &budget, name);
	return name_text(name, text, RECORD_NAME_TEXT_MAX);
}

uint32_t record_ttl(const struct dns_message *m, const struct dns_record *r)
{
	return wire_get32(m->data + r->fixed + 4);
}

/* ------------------------------------------------------------------ names of types */

uint16_t type_from_text(const char *text)
{
	char *end;
	unsigned long number;

	if (strncasecmp(text, "TYPE", 4) == 0 && text[4] >= '0' && text[4] <= '9') {
		number = strtoul(text + 4, &end, 10);
		return *end == '\0' && number <= TYPE_LAST ? (uint16_t)number : 0;
	}
	for (unsigned type = 1; type <= CAA; type++)
		if (strcasecmp(text, type_text(type)) == 0)
			return (uint16_t)type;
	return 0;
}
