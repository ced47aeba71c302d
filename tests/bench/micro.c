/*
 * What the parts cost: nanoseconds and allocations for one operation, best of several runs.  For
 * comparing two builds on one machine; of themselves the figures say little.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/cache/cache.h"
#include "common/dns/edns.h"
#include "common/dns/rewrite.h"
#include "tests/unit/hex.h"

#define RUNS  5
#define NAMES 10000u

/* ------------------------------------------------------------------ counting */

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void measure(const char *name, unsigned count, void (*run)(unsigned i))
{
	double best = 0;
	uint64_t before = allocations;

	for (unsigned r = 0; r < RUNS; r++) {
		double begin = now_ns(), took;

		for (unsigned i = 0; i < count; i++)
			run(i);
		took = (now_ns() - begin) / count;
		if (r == 0 || took < best)
			best = took;
	}
	printf("%-44s %9.1f ns %8.2f allocations\n", name, best,
		(double)(allocations - before) / (RUNS * (double)count));
}

/* ------------------------------------------------------------------ what is handled */

#define QUESTION "0377777707 6578616d706c65 03636f6d 00 0001 0001"

static uint8_t query[100], answer[200], large[600], out[4096];
static size_t query_len, answer_len, large_len;
static struct dns_message parsed_answer, parsed_large;
static struct client_form form;
static struct upstream_query upstream;
static struct cache *cache, *small;
static struct cache_key keys[NAMES];

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void prepare(void)
{
	struct cache_settings s = { .size = 16u << 20, .max_ttl_s = 86400 };
	struct dns_message m;

	query_len = hex_bytes("1234 0100 0001 0000 0000 0001" QUESTION
			      "00 0029 04d0 00000000 000c 000a 0008 0102030405060708",
		query, sizeof query);
	answer_len = hex_bytes("1234 8180 0001 0001 0000 0001" QUESTION
			       "c00c 0001 0001 0000012c 0004 c0000201 00 0029 04d0 00000000 0000",
		answer, sizeof answer);
	large_len = hex_bytes(
		"1234 8180 0001 0003 0002 0001" QUESTION "c00c 0005 0001 0000012c 0006 0363646ec010"
		"c02d 0001 0001 0000012c 0004 c0000201 c02d 0001 0001 0000012c 0004 c0000202"
		"c010 0002 0001 0000012c 0006 036e7331c010 c010 0002 0001 0000012c 0006 "
		"036e7332c010"
		"00 0029 04d0 00000000 0000",
		large, sizeof large);
	must(message_parse(query, query_len, &m) == MESSAGE_OK);
	must(message_parse(answer, answer_len, &parsed_answer) == MESSAGE_OK);
	must(message_parse(large, large_len, &parsed_large) == MESSAGE_OK);
	form = (struct client_form){ .id = 7,
		.flags = DNS_RD,
		.has_question = true,
		.question = m.question,
		.edns = true,
		.udp_size = 1232,
		.limit = 1232,
		.keepalive = -1 };
	upstream.question = m.question;
	cache = cache_new(&s);
	s.size = CACHE_SIZE_MIN;
	small = cache_new(&s);
	must(cache && small);
}

/* Name number i, of the same length each. */
static void rename_to(uint8_t *message, unsigned i)
{
	message[13] = (uint8_t)('a' + i % 26);
	message[14] = (uint8_t)('a' + i / 26 % 26);
	message[15] = (uint8_t)('a' + i / 676 % 26);
	message[17] = (uint8_t)('a' + i / 17576 % 26);
}

/* ------------------------------------------------------------------ the operations */

static void parse_query(unsigned i)
{
	struct dns_message m;
	struct edns e;

	(void)i;
	must(message_parse(query, query_len, &m) == MESSAGE_OK);
	edns_parse(&m, false, &e);
}

static void parse_answer(unsigned i)
{
	struct dns_message m;

	(void)i;
	must(message_parse(large, large_len, &m) == MESSAGE_OK);
}

static void write_query(unsigned i)
{
	static const struct upstream_form f = {
		.udp_size = 4096, .keepalive = true, .subnet_family = 1, .pad_block = 128
	};

	must(rewrite_query(&upstream, &f, (uint16_t)i, out, sizeof out) == 128);
}

static void write_answer(unsigned i)
{
	(void)i;
	must(rewrite_answer(&parsed_large, true, &form, out, sizeof out));
}

static void make_key(unsigned i)
{
	struct cache_key k;

	rename_to(query, i);
	cache_key_make(&k, cache_secret(cache), &form.question, 0, 1);
	keys[i % NAMES] = k;
}

static void store(unsigned i)
{
	struct cache_answer a = { &parsed_answer, true, true };

	rename_to(answer, i % NAMES);
	must(cache_store(cache, &keys[i % NAMES], &a, 1) == CACHE_STORED);
}

static void store_evicting(unsigned i)
{
	struct cache_answer a = { &parsed_answer, true, true };

	rename_to(answer, i % NAMES);
	must(cache_store(small, &keys[i % NAMES], &a, 1) == CACHE_STORED);
}

static void hit(unsigned i)
{
	struct cache_hit h;

	must(cache_find(cache, &keys[i * 7919u % NAMES], false, 2, &h) == CACHE_FRESH);
	must(cache_write(&h, &form, out, sizeof out));
	cache_release(&h);
}

static void miss(unsigned i)
{
	struct cache_key k = keys[i % NAMES];
	struct cache_hit h;

	k.hash ^= 0x5555555500000000u;
	must(cache_find(cache, &k, false, 2, &h) == CACHE_NONE);
}

/* Something is denied somewhere, so that every miss looks for what is above: five labels, four above. */
static struct cache_key below;

static void prepare_cut(void)
{
	static const uint8_t name[] = "\1a\1b\3www\4gone\4test";
	struct dns_question q = {
		.name = name, .name_len = sizeof name, .type = 1, .class = DNS_CLASS_IN
	};
	uint8_t denial[200];
	size_t len = hex_bytes("1234 81a3 0001 0000 0001 0000"
			       "04676f6e65 0474657374 00 0001 0001"
			       "c011 0006 0001 00000e10 0016 0000 00000001 00000e10 00000384"
			       "00093a80 00000e10",
		denial, sizeof denial);
	struct dns_message m;
	struct cache_answer a = { &m, true, true };
	struct cache_key k;

	must(message_parse(denial, len, &m) == MESSAGE_OK);
	cache_key_make(&k, cache_secret(cache), &m.question, 0, 1);
	must(cache_store(cache, &k, &a, 1) == CACHE_STORED);
	cache_key_make(&below, cache_secret(cache), &q, 0, 1);
	form.question = q;
}

static void miss_cut(unsigned i)
{
	struct cache_key k = below;
	struct cache_hit h;
	uint64_t probes = 0;

	k.policy = 2 + i;
	must(!cache_find_cut(cache, &k, false, 2, &h, &probes) && probes == 4);
}

/* 127 labels: the longest way. */
static void miss_cut_far(unsigned i)
{
	uint8_t name[DNS_NAME_MAX] = { 0 };
	struct dns_question q = {
		.name = name, .name_len = DNS_NAME_MAX, .type = 1, .class = DNS_CLASS_IN
	};
	struct cache_hit h;
	struct cache_key k;
	uint64_t probes = 0;

	for (unsigned at = 0; at < DNS_NAME_MAX - 1; at += 2) {
		name[at] = 1;
		name[at + 1] = (uint8_t)('a' + i % 26);
	}
	cache_key_make(&k, cache_secret(cache), &q, 0, 1);
	must(!cache_find_cut(cache, &k, false, 2, &h, &probes) && probes == 126);
}

static void miss_no_cut(unsigned i)
{
	struct cache_hit h;
	uint64_t probes = 0;

	must(!cache_find_cut(small, &keys[i % NAMES], false, 2, &h, &probes) && probes == 0);
}

static void hit_cut(unsigned i)
{
	struct cache_hit h;
	uint64_t probes = 0;

	(void)i;
	must(cache_find_cut(cache, &below, false, 2, &h, &probes));
	must(cache_write(&h, &form, out, sizeof out));
	cache_release(&h);
}

int main(void)
{
	prepare();
	measure("message_parse + edns_parse, a query", 1000000, parse_query);
	measure("message_parse, an answer of 5 records", 1000000, parse_answer);
	measure("rewrite_query, padded to 128", 1000000, write_query);
	measure("rewrite_answer, 5 records", 1000000, write_answer);
	measure("cache_key_make", NAMES, make_key);
	measure("cache_store, replacing", 200000, store);
	measure("cache_store, evicting", 200000, store_evicting);
	measure("cache_find + cache_write, 10,000 names", 1000000, hit);
	measure("cache_find, not there", 1000000, miss);
	measure("cache_find_cut, nothing is denied", 1000000, miss_no_cut);
	prepare_cut();
	measure("cache_find_cut, nothing above (four names)", 1000000, miss_cut);
	measure("the same, 126 names above, with its key", 100000, miss_cut_far);
	measure("cache_find_cut + cache_write, the third above", 1000000, hit_cut);
	cache_free(cache);
	cache_free(small);
	return 0;
}
