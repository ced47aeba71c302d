/*
 * What local names and block lists cost: memory and time to load a million names, and time for a question
 * that has to be looked for in them and is not there.  Prints; judges nothing.
 * Usage: bench_names [NAMES]
 */
#include "common/local/answer.h"
#include "common/local/blocklist.h"
#include "common/local/hosts.h"
#include "common/local/special.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PART	262144u
#define LOOKUPS 2000000u
#define QUERIES 4096u /* different names, asked in turn */

static const uint8_t key[SUFFIX_KEY] = { 7 };

/* Of the processor: others may use it, too. */
static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Lines of names in the shape of public lists. */
static char *make_lines(unsigned count, const char *before, size_t *ret_len)
{
	char *text = malloc((size_t)count * 64), *p = text;

	if (!text)
		abort();
	for (unsigned i = 0; i < count; i++)
		p += sprintf(p, "%strack%x.site%x.example%u.com\n", before, i * 2654435761u, i % 9973,
			i % 7);
	*ret_len = (size_t)(p - text);
	return text;
}

typedef void parser(void *arg, const char *part, size_t len);

/* As from a file: in parts that end behind a newline. */
static double feed(const char *text, size_t len, parser *parse, void *arg)
{
	double start = now_s();

	while (len > 0) {
		size_t n = len < PART ? len : PART;

		while (n < len && text[n - 1] != '\n')
			n--;
		parse(arg, text, n);
		text += n;
		len -= n;
	}
	return now_s() - start;
}

struct list_arg {
	struct text text;
	struct blocklist list;
	struct nameset set;
};

static void parse_list(void *arg, const char *part, size_t len)
{
	struct list_arg *a = arg;

	blocklist_parse(&a->text, &a->list, &a->set, part, len);
}

struct hosts_arg {
	struct text text;
	struct hosts_form form;
	struct records records;
};

static void parse_hosts(void *arg, const char *part, size_t len)
{
	struct hosts_arg *a = arg;

	hosts_parse(&a->text, &a->form, part, len);
}

struct question {
	uint8_t name[DNS_NAME_MAX];
	size_t len;
};

static struct question *make_questions(void)
{
	struct question *q = calloc(QUERIES, sizeof *q);
	char text[64];

	if (!q)
		abort();
	for (unsigned i = 0; i < QUERIES; i++) {
		snprintf(text, sizeof text, "www.n%u.news%u.co.uk", i, i % 31);
		q[i].len = name_from_text(text, q[i].name);
	}
	return q;
}

/* Nanoseconds of one question; what is NULL is left out. */
static double look_up(const struct question *q, const struct records *r, const struct special *s,
	const struct nameset *set, unsigned *found)
{
	double start = now_s();

	for (unsigned i = 0; i < LOOKUPS; i++) {
		const struct question *ask = &q[i % QUERIES];
		uint8_t name[DNS_NAME_MAX];
		struct suffixes x;

		name_fold(name, ask->name, ask->len);
		suffixes_of(key, name, ask->len, &x);
		if (r)
			*found += records_find(r, &x) != NULL;
		if (s)
			*found += special_find(s, &x) != NULL;
		if (set)
			*found += nameset_match(set, &x, NULL);
	}
	return (now_s() - start) / LOOKUPS * 1e9;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000, found = 0;
	static struct list_arg list;
	static struct hosts_arg hosts;
	struct special special;
	struct question *questions = make_questions();
	char *text;
	size_t len;
	double took;

	if (special_init(&special, &(struct special_options){ .enabled = true }) < 0)
		abort();
	nameset_init(&list.set, key);
	text = make_lines(count, "", &len);
	took = feed(text, len, parse_list, &list);
	free(text);
	printf("block list: %zu names, %.2f s, %.1f MB while it is read", list.set.count, took,
		(double)nameset_memory(&list.set) / 1e6);
	nameset_fit(&list.set);
	printf(", %.1f MB then\n", (double)nameset_memory(&list.set) / 1e6);
	records_init(&hosts.records, key);
	hosts.form = (struct hosts_form){ .records = &hosts.records, .source = RECORDS_HOSTS };
	text = make_lines(count, "0.0.0.0 ", &len);
	took = feed(text, len, parse_hosts, &hosts);
	free(text);
	records_fit(&hosts.records);
	printf("hosts file: %zu names, %.2f s, %.1f MB\n", hosts.records.count, took,
		(double)(hosts.records.size + 4 * hosts.records.bucket_count +
			 nameset_memory(&hosts.records.parents)) /
			1e6);
	printf("a question, ns: hashes %.0f", look_up(questions, NULL, NULL, NULL, &found));
	printf(", special names %.0f", look_up(questions, NULL, &special, NULL, &found));
	printf(", records %.0f", look_up(questions, &hosts.records, NULL, NULL, &found));
	printf(", block list %.0f", look_up(questions, NULL, NULL, &list.set, &found));
	printf(", all %.0f (found %u)\n",
		look_up(questions, &hosts.records, &special, &list.set, &found), found);
	records_deinit(&hosts.records);
	nameset_deinit(&list.set);
	special_deinit(&special);
	free(questions);
	return 0;
}
