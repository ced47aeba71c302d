/* presets.conf as the program carries it: every row is fit for use, and both lists show all of them. */
#include "common/config/presets.h"

#include "tests/unit/cm.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hostmatch.h"

static struct presets *presets;

static int setup(void **state)
{
	(void)state;
	presets = presets_load();
	return presets ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	presets_free(presets);
	return 0;
}

static const struct preset *find(const char *word)
{
	return presets_find(presets, word, strlen(word));
}

static bool is_lower(const char *text, const char *others)
{
	return strspn(text, others) == strlen(text);
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-."

static void test_names(void **state)
{
	(void)state;
	assert_true(presets->count > 45);
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];

		expect(p->name, strlen(p->name) <= 32);
		expect(p->name, is_lower(p->name, p->is_template ? NAME_LETTERS "/ID" : NAME_LETTERS "/"));
		expect(p->name, find(p->name) == p);
		for (size_t j = 0; j < i; j++)
			expect(p->name, strcasecmp(p->name, presets->list[j].name) != 0);
	}
}

/* A name of a service tells which it is. */
static void test_names_in_certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];

		expect_int(p->name, p->auth_name == NULL, p->retired != NULL);
		if (p->auth_name)
			expect(p->name, hostname_valid(p->auth_name) && strchr(p->auth_name, '.'));
		if (p->auth_name && !p->is_template)
			expect(p->name, presets_match(presets, NULL, p->auth_name) == p);
		for (size_t j = 0; j < p->also_count; j++) {
			expect(p->name, hostname_valid(p->also[j]));
			expect(p->name, presets_match(presets, NULL, p->also[j]) == p);
		}
	}
}

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];
		int family = AF_INET;

		expect_int(p->name, p->address_count > 0, !p->retired && !p->is_template);
		expect(p->name, p->address_count <= CONFIG_ADDRESS_MAX);
		for (size_t j = 0; j < p->address_count; j++) {
			struct addr addr;

			expect(p->address[j], addr_parse_ip(p->address[j], &addr));
			expect(p->address[j], !addr_is_any(&addr) && !addr_is_loopback(&addr));
			/* The first one that has it is this one: nobody else has it. */
			expect(p->address[j], presets_match(presets, &addr, NULL) == p);
			for (size_t k = 0; k < j; k++)
				expect(p->address[j], strcmp(p->address[j], p->address[k]) != 0);
			expect(p->address[j], family == AF_INET || addr.sa.sa_family == AF_INET6);
			family = addr.sa.sa_family;
		}
	}
}

static bool is_filter(const char *text, size_t len)
{
	static const char *const known[] = { "none", "unknown", "profile", "malware", "phishing", "ads",
		"trackers", "adult", "safe search", "social", "gambling", "child protection", "proxies",
		"mixed content" };

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (strlen(known[i]) == len && memcmp(known[i], text, len) == 0)
			return true;
	}
	return false;
}

static void test_filters(void **state)
{
	(void)state;
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];
		const char *rest = p->filter;

		expect_int(p->name, p->filter == NULL, p->retired != NULL);
		while (rest) {
			size_t len = strcspn(rest, ",");

			expect(p->name, is_filter(rest, len));
			rest = rest[len] ? rest + len + 2 : NULL;
		}
		expect_int(p->name, preset_filter(p) == FILTER_NONE,
			p->filter && strcmp(p->filter, "none") == 0);
		if (strchr(p->name, '/') && strstr(p->name, "unfiltered"))
			expect_int(p->name, preset_filter(p), FILTER_NONE);
	}
	assert_int_equal(preset_filter(find("quad9")), FILTER_SOME);
	assert_int_equal(preset_filter(find("cloudflare")), FILTER_NONE);
	assert_int_equal(preset_filter(find("switch")), FILTER_UNKNOWN);
	assert_int_equal(preset_filter(find("nextdns/abc123")), FILTER_UNKNOWN);
}

/* "2026-07" */
static bool is_month(const char *date)
{
	return strlen(date) == 7 && strspn(date, "0123456789") == 4 && date[4] == '-' &&
	       strspn(date + 5, "0123456789") == 2 && atoi(date) >= 2020 && atoi(date) < 2100 &&
	       atoi(date + 5) >= 1 && atoi(date + 5) <= 12;
}

static bool is_plain_text(const char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

static void test_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];
		const char *const texts[] = { p->source, p->date, p->note, p->status, p->retired };

		expect(p->name, p->source && strlen(p->source) > 5);
		expect(p->name, p->date && is_month(p->date));
		for (size_t j = 0; j < COUNT_OF(texts); j++)
			expect(p->name, !texts[j] || is_plain_text(texts[j]));
		if (p->retired) /* says when, and what to use instead */
			expect(p->name, strstr(p->retired, " 20") && strstr(p->retired, "instead"));
		expect(p->name, p->alternate_port <= 65535 && p->alternate_port != 853);
	}
}

static char *read_file(void)
{
	FILE *in = fopen(SOURCE_DIR "/common/config/presets.conf", "r");
	char *text = calloc(1, 100000);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, 99999, in) > 0);
	fclose(in);
	return text;
}

/* Keys change without a word; and each setting of the file is one that the program reads. */
static void test_no_pins_and_no_unknown_setting(void **state)
{
	static const char *const known[] = { "name", "template", "address", "auth-name", "also", "filter",
		"dnssec", "ecs", "alternate-port", "status", "note", "source", "date", "retired", "network",
		"preset" };
	char *text = read_file(), *rest = text, *line;
	size_t names = 0;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		const char *start = line + strspn(line, "\t");
		size_t len = strcspn(start, " ");
		bool found = false;

		if (!strstr(start, " = ") || *start == '#')
			continue;
		for (size_t i = 0; i < COUNT_OF(known); i++)
			found = found || (strlen(known[i]) == len && memcmp(known[i], start, len) == 0);
		expect(line, found);
		names += strncmp(start, "name ", 5) == 0;
	}
	/* What is inside the program is this file. */
	assert_int_equal(names, presets->count);
	free(text);
}

static const struct {
	const char *word, *name;
} found_rows[] = {
	{ "quad9", "quad9" }, { "Quad9", "quad9" }, { "QUAD9/Unfiltered", "quad9/unfiltered" },
	{ "nextdns/abc123", "nextdns/ID" }, { "NextDNS/x", "nextdns/ID" },
	{ "dns0", "dns0.eu" }, { "dns0.eu", "dns0.eu" }, { "DNS0.EU", "dns0.eu" }, { "dns0/kids", "dns0.eu" },
	{ "dns0.eu/zero", "dns0.eu" }, { "kids.dns0.eu", "dns0.eu" }, { "securedns", "securedns" },
	{ "dnsovertls1.sinodun.com", "sinodun" },

	{ "", NULL }, { "quad", NULL }, { "quad99", NULL }, { "quad9/", NULL }, { "quad9/x", NULL },
	{ "/", NULL }, { "nextdns", NULL }, { "nextdns/", NULL }, { "dns.quad9.net", NULL },
	{ "cloudflare-dns.com", NULL }, { "9.9.9.9", NULL },
};

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(found_rows); i++) {
		const struct preset *p = find(found_rows[i].word);

		expect_int(found_rows[i].word, p != NULL, found_rows[i].name != NULL);
		if (p)
			assert_string_equal(p->name, found_rows[i].name);
	}
	assert_ptr_equal(presets_find(presets, "quad9@853", 5), find("quad9"));
}

static const struct {
	const char *addr, *host, *name;
} match_rows[] = {
	{ "9.9.9.9", NULL, "quad9" },
	{ "2620:fe::fe", NULL, "quad9" },
	{ "::ffff:9.9.9.9", NULL, "quad9" },
	{ NULL, "dns.quad9.net", "quad9" },
	{ NULL, "DNS.quad9.NET", "quad9" },
	{ NULL, "cloudflare-dns.com", "cloudflare" },
	/* The certificate of each of them names them all: the address is what counts. */
	{ "9.9.9.10", "dns.quad9.net", "quad9/unfiltered" },
	{ "192.0.2.1", "dns.quad9.net", "quad9" },
	{ "176.103.130.130", NULL, "adguard/old" },
	{ "176.103.130.255", NULL, "adguard/old" },
	{ "176.103.131.0", NULL, NULL },
	{ NULL, "dns0.eu", "dns0.eu" },
	{ NULL, "zero.dns0.eu", "dns0.eu" },
	{ NULL, "dot.securedns.eu", "securedns" },
	{ NULL, "quad9", NULL },
	{ NULL, "", NULL },
	{ "192.0.2.1", NULL, NULL },
	{ NULL, NULL, NULL },
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(match_rows); i++) {
		const char *row = match_rows[i].addr ? match_rows[i].addr : "(no address)";
		struct addr addr;
		const struct preset *p;

		if (match_rows[i].addr)
			expect(row, addr_parse_ip(match_rows[i].addr, &addr));
		p = presets_match(presets, match_rows[i].addr ? &addr : NULL, match_rows[i].host);
		expect_int(row, p != NULL, match_rows[i].name != NULL);
		if (p)
			assert_string_equal(p->name, match_rows[i].name);
	}
}

static const struct {
	const char *word, *host;
} host_rows[] = {
	{ "nextdns/abc123", "abc123.dns.nextdns.io" },
	{ "nextdns/my-phone-abc123", "my-phone-abc123.dns.nextdns.io" },
	{ "nextdns/ID", NULL },
	{ "nextdns/a.b", NULL },
	{ "nextdns/a b", NULL },
	{ "nextdns/a/b", NULL },
	{ "nextdns/*", NULL },
	{ "nextdns/a234567890123456789012345678901234567890123456789012345678901234", NULL },
};

static void test_host(void **state)
{
	char host[SPELLING_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(host_rows); i++) {
		const char *word = host_rows[i].word;
		bool done = preset_host(find(word), word, strlen(word), host);

		expect_int(word, done, host_rows[i].host != NULL);
		if (done)
			assert_string_equal(host, host_rows[i].host);
	}
}

static char *printed(void (*print)(const struct presets *, FILE *))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(presets, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* All of each row is there, and no line is wider than the screens of 120 columns. */
static void test_table(void **state)
{
	char *text = printed(presets_print), *rest = text, *line;

	(void)state;
	for (size_t i = 0; i < presets->count; i++) {
		const struct preset *p = &presets->list[i];
		char start[64];

		snprintf(start, sizeof start, "\n%s%s", p->name, p->retired ? "\n" : " ");
		expect(p->name, strstr(text, start));
		for (size_t j = 0; j < p->address_count; j++)
			expect(p->address[j], strstr(text, p->address[j]));
		if (p->auth_name)
			expect(p->name, strstr(text, p->auth_name) && strstr(text, p->filter));
		if (p->note)
			expect(p->name, strstr(text, p->note));
	}
	while ((line = strsep(&rest, "\n"))) {
		expect(line, strlen(line) <= 120);
		expect(line, *line == '\0' || line[strlen(line) - 1] != ' ');
	}
	free(text);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

/* Each object has every key; what the sources do not say is null. */
static void test_json(void **state)
{
	static const char *const keys[] = { "name", "addresses", "auth_name", "also", "template", "filter",
		"dnssec", "ecs", "alternate_port", "status", "note", "source", "date", "retired" };
	char *text = printed(presets_print_json), line[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		snprintf(line, sizeof line, "    \"%s\": ", keys[i]);
		expect_int(keys[i], count(text, line), presets->count);
	}
	for (size_t i = 0; i < presets->count; i++) {
		snprintf(line, sizeof line, "\"name\": \"%s\",", presets->list[i].name);
		expect_int(line, count(text, line), 1);
	}
	assert_non_null(strstr(text, "its operators name \\\"dns4eu\\\" and"));
	assert_non_null(strstr(text, "\"dnssec\": null"));
	assert_int_equal(strncmp(text, "[\n  {\n", 6), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_in_certificates),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_no_pins_and_no_unknown_setting),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
