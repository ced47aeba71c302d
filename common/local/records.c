#include "common/local/records.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/message.h"

#define FIRST_OFFSET	 8u /* 0 means none */
#define SIZE_MIN	 4096u
#define BUCKETS_MIN	 64u
#define RECORD_WIRE_HEAD 12u /* pointer to the owner, TYPE, CLASS, TTL, RDLENGTH */

static const uint8_t star[] = { 1, '*' };

/* ------------------------------------------------------------------ memory */

static void *at(const struct records *r, uint32_t offset)
{
	return r->memory + offset;
}

/* Room at the end, aligned for the structs; 0: none. Moves all that stands there. */
static uint32_t reserve(struct records *r, size_t len)
{
	size_t offset = r->used ? r->used : FIRST_OFFSET, end = (offset + len + 3) & ~(size_t)3;

	if (end > RECORDS_MAX)
		return 0;
	if (end > r->size) {
		size_t size = r->size ? r->size + r->size / 2 : SIZE_MIN;
		uint8_t *memory;

		if (size < end)
			size = end;
		memory = realloc(r->memory, size);
		if (!memory)
			return 0;
		r->memory = memory;
		r->size = size;
	}
	r->used = end;
	return (uint32_t)offset;
}

static bool rehash(struct records *r, size_t count)
{
	uint32_t *buckets = calloc(count, sizeof *buckets);

	if (!buckets)
		return false;
	for (size_t i = 0; i < r->bucket_count; i++) {
		for (uint32_t offset = r->buckets[i], next; offset; offset = next) {
			struct record_node *n = at(r, offset);
			uint32_t *head = &buckets[n->hash & (count - 1)];

			next = n->next;
			n->next = *head;
			*head = offset;
		}
	}
	free(r->buckets);
	r->buckets = buckets;
	r->bucket_count = count;
	return true;
}

void records_init(struct records *r, const uint8_t key[SUFFIX_KEY])
{
	*r = (struct records){ 0 };
	memcpy(r->key, key, SUFFIX_KEY);
	nameset_init(&r->parents, key);
}

void records_deinit(struct records *r)
{
	nameset_deinit(&r->parents);
	free(r->buckets);
	free(r->memory);
	*r = (struct records){ 0 };
}

/* ------------------------------------------------------------------ names */

static uint32_t find_name(const struct records *r, uint64_t hash, const uint8_t *name, size_t len)
{
	uint32_t offset;

	if (r->bucket_count == 0)
		return 0;
	offset = r->buckets[(uint32_t)hash & (r->bucket_count - 1)];
	while (offset) {
		const struct record_node *n = at(r, offset);

		if (n->hash == (uint32_t)hash && n->name_len == len &&
			memcmp(n->name, name, len) == 0)
			return offset;
		offset = n->next;
	}
	return 0;
}

/* Names between exist, too, although nothing is known of them (RFC 8020 2); a known one has its own noted. */
static void note_parents(struct records *r, const struct suffixes *x)
{
	for (unsigned i = 1; i < x->count; i++) {
		if (nameset_has(&r->parents, x, i))
			return;
		if (nameset_add(&r->parents, x->name + x->at[i], x->len - x->at[i], NAMESET_NAME,
			    0) < 0)
			return;
	}
}

static uint32_t add_name(struct records *r, const struct suffixes *x, enum records_source source)
{
	uint64_t hash = x->count ? x->hash[0] : 0;
	uint32_t offset, *head;
	struct record_node *n;

	if (r->count >= r->bucket_count &&
		!rehash(r, r->bucket_count ? 2 * r->bucket_count : BUCKETS_MIN))
		return 0;
	offset = reserve(r, sizeof *n + x->len);
	if (!offset)
		return 0;
	n = at(r, offset);
	head = &r->buckets[(uint32_t)hash & (r->bucket_count - 1)];
	*n = (struct record_node){ .next = *head,
		.hash = (uint32_t)hash,
		.source = (uint8_t)source,
		.name_len = (uint8_t)x->len };
	memcpy(n->name, x->name, x->len);
	*head = offset;
	r->count++;
	if (x->len > 2 && memcmp(x->name, star, sizeof star) == 0)
		r->wildcards = true;
	note_parents(r, x);
	return offset;
}

/* ------------------------------------------------------------------ records */

/* Whether the record may stand beside those that the name has. */
static enum records_result check_beside(const struct records *r, const struct record_node *n,
	uint16_t type, const void *rdata, size_t len)
{
	for (const struct record *x = records_at(r, n->first); x; x = records_at(r, x->next)) {
		if (x->type == type && x->len == len && memcmp(x->rdata, rdata, len) == 0)
			return RECORDS_KNOWN;
		if (x->type == DNS_TYPE_CNAME || type == DNS_TYPE_CNAME)
			return RECORDS_CLASH;
	}
	return n->octets + RECORD_WIRE_HEAD + len > RECORDS_NAME_OCTETS ? RECORDS_NO_ROOM
									: RECORDS_OK;
}

static void append(struct records *r, uint32_t node, uint32_t record)
{
	struct record_node *n = at(r, node);
	struct record *x = at(r, record);

	if (n->last)
		((struct record *)at(r, n->last))->next = record;
	else
		n->first = record;
	n->last = record;
	n->octets = (uint16_t)(n->octets + RECORD_WIRE_HEAD + x->len);
}

static uint32_t new_record(
	struct records *r, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	uint32_t offset = reserve(r, sizeof(struct record) + len);
	struct record *x;

	if (!offset)
		return 0;
	x = at(r, offset);
	*x = (struct record){ .ttl = ttl, .type = type, .len = (uint16_t)len };
	memcpy(x->rdata, rdata, len);
	return offset;
}

enum records_result records_add(struct records *r, enum records_source source, const uint8_t *name,
	size_t name_len, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	uint8_t folded[DNS_NAME_MAX];
	struct suffixes x;
	uint32_t node, record;

	if (len > RECORDS_RDATA_MAX)
		return RECORDS_NO_ROOM;
	name_fold(folded, name, name_len);
	suffixes_of(r->key, folded, name_len, &x);
	node = find_name(r, x.count ? x.hash[0] : 0, folded, name_len);
	if (node) {
		const struct record_node *n = at(r, node);
		enum records_result beside;

		if (n->source != source)
			return RECORDS_KNOWN;
		beside = check_beside(r, n, type, rdata, len);
		if (beside != RECORDS_OK)
			return beside;
	}
	record = new_record(r, type, ttl, rdata, len);
	if (record && !node)
		node = add_name(r, &x, source);
	if (!record || !node)
		return r->used > RECORDS_MAX - SIZE_MIN ? RECORDS_NO_ROOM : RECORDS_NO_MEMORY;
	append(r, node, record);
	return RECORDS_OK;
}

/* 0.0.0.0 and ::, with which lists of hosts block, and the loopback addresses, which are localhost. */
static bool is_nobody(const uint8_t *ip, size_t len)
{
	static const uint8_t zero[16], loopback4[] = { 127, 0, 0, 1 }, loopback6[16] = { [15] = 1 };

	return memcmp(ip, zero, len) == 0 || memcmp(ip, len == 4 ? loopback4 : loopback6, len) == 0;
}

static bool has_name(const struct records *r, const uint8_t *name, size_t len)
{
	struct suffixes x;

	suffixes_of(r->key, name, len, &x);
	return find_name(r, x.hash[0], name, len) != 0;
}

enum records_result records_add_host(struct records *r, enum records_source source,
	const uint8_t *name, size_t name_len, const uint8_t *ip, size_t ip_len, uint32_t ttl)
{
	uint8_t reverse[DNS_NAME_MAX];
	uint16_t type = ip_len == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA;
	enum records_result result = records_add(r, source, name, name_len, type, ttl, ip, ip_len);
	size_t len;

	if (result != RECORDS_OK || is_nobody(ip, ip_len))
		return result;
	len = records_reverse(ip, ip_len, reverse);
	if (has_name(r, reverse, len))
		return result;
	return records_add(r, source, reverse, len, DNS_TYPE_PTR, ttl, name, name_len);
}

void records_fit(struct records *r)
{
	uint8_t *memory = r->used ? realloc(r->memory, r->used) : NULL;

	if (memory) {
		r->memory = memory;
		r->size = r->used;
	}
	nameset_fit(&r->parents);
}

/* The nearest one above; the name itself is known to have no records. */
static uint32_t find_wildcard(const struct records *r, const struct suffixes *x)
{
	uint8_t name[sizeof star + DNS_NAME_MAX];

	memcpy(name, star, sizeof star);
	for (unsigned i = 1; i < x->count; i++) {
		size_t len = x->len - x->at[i];
		uint32_t offset;

		memcpy(name + sizeof star, x->name + x->at[i], len);
		offset = find_name(
			r, suffix_extend(r->key, x->hash[i], star), name, sizeof star + len);
		if (offset)
			return offset;
	}
	return 0;
}

const struct record_node *records_find(const struct records *r, const struct suffixes *x)
{
	uint32_t offset;

	if (r->count == 0 || x->count == 0)
		return NULL;
	offset = find_name(r, x->hash[0], x->name, x->len);
	if (!offset && r->wildcards)
		offset = find_wildcard(r, x);
	return offset ? at(r, offset) : NULL;
}

bool records_is_parent(const struct records *r, const struct suffixes *x)
{
	return x->count > 0 && nameset_has(&r->parents, x, 0);
}

/* ------------------------------------------------------------------ reverse names */

static size_t put_label(uint8_t *p, const char *text, size_t len)
{
	*p = (uint8_t)len;
	memcpy(p + 1, text, len);
	return len + 1;
}

static size_t put_number(uint8_t *p, unsigned value)
{
	char text[3];
	size_t len = 0;

	if (value >= 100)
		text[len++] = (char)('0' + value / 100);
	if (value >= 10)
		text[len++] = (char)('0' + value / 10 % 10);
	text[len++] = (char)('0' + value % 10);
	return put_label(p, text, len);
}

size_t records_reverse(const uint8_t *ip, size_t ip_len, uint8_t ret_name[DNS_NAME_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p = ret_name;

	assert(ip_len == 4 || ip_len == 16);
	for (size_t i = ip_len; i-- > 0;) {
		if (ip_len == 4) {
			p += put_number(p, ip[i]);
		} else {
			p += put_label(p, &digits[ip[i] & 15], 1);
			p += put_label(p, &digits[ip[i] >> 4], 1);
		}
	}
	p += ip_len == 4 ? put_label(p, "in-addr", 7) : put_label(p, "ip6", 3);
	p += put_label(p, "arpa", 4);
	*p++ = 0;
	return (size_t)(p - ret_name);
}
