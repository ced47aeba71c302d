#include "common/local/blocklist.h"

#include "tests/unit/hex.h"
#include "tests/unit/local_case.h"

static struct text parse(struct nameset *set, const char *file, unsigned list)
{
	uint8_t *copy = exact_copy(file, strlen(file));
	struct blocklist b = { .list = list };
	struct text t = { 0 };

	blocklist_parse(&t, &b, set, (const char *)copy, strlen(file));
	free(copy);
	return t;
}

/* One file, and what it blocks and does not, in words parted by blanks. */
static const struct {
	const char *name, *file;
	unsigned bad;
	const char *blocked, *passed;
} rows[] = {
	{ "hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n0.0.0.0 ads.example b.example # c\n"
		   "127.0.0.1\ttracker.example\r\n255.255.255.255 broadcasthost\n0.0.0.0 0.0.0.0\n",
		0, "ads.example b.example tracker.example", "x.ads.example localhost broadcasthost" },
	{ "hosts with a bad name", "0.0.0.0 a..b ok.example\n0.0.0.0 $x\n", 2, "ok.example", "b" },
	{ "plain", "# head\n! head\n; head\nads.example\n*.wild.example\n.dot.example\n||adblock.example^\n"
		   "UPPER.example # why\nno-newline.example",
		0,
		"ads.example x.ads.example wild.example x.wild.example dot.example x.dot.example "
		"adblock.example x.adblock.example upper.example no-newline.example",
		"example adsads.example" },
	{ "not plain", "/regex/\n||path.example^$third-party\n@@||ok.example^\nexample.com/ads\nhttp://x.example\n"
		       "a*b.example\n1.2.3.4\n-\nb\xc3\xbc.example\n",
		8, "", "path.example ok.example x.example" },
	{ "rpz",
		"$TTL 300\n$ORIGIN rpz.example.\n"
		"@ SOA localhost. root.localhost. (\n 1 ; serial\n 3600 900\n 86400 60 )\n"
		"@ 300 IN NS localhost.\n"
		"exact.example CNAME .\n*.below.example CNAME .\nnodata.example 60 IN CNAME *.\n"
		"full.example.rpz.example. CNAME .\n"
		"ads.example CNAME .\n*.ads.example CNAME .\n"
		"ok.ads.example CNAME rpz-passthru.\n*.fine.ads.example CNAME rpz-passthru.\n",
		0,
		"exact.example x.below.example nodata.example full.example ads.example x.ads.example "
		"x.ok.ads.example fine.ads.example",
		"x.exact.example below.example ok.ads.example x.fine.ads.example x.nodata.example" },
	{ "other actions of rpz",
		"a.example CNAME rpz-drop.\nb.example CNAME rpz-tcp-only.\nc.example A 127.0.0.1\n"
		"d.example CNAME garden.example.\n32.1.2.0.192.rpz-ip CNAME .\n24.0.2.0.192.rpz-client-ip CNAME .\n"
		"ns.example.rpz-nsdname CNAME .\nfine.example CNAME .\n",
		7, "fine.example", "a.example b.example c.example d.example ns.example" },
	{ "not a list", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n\n", 2, "", "html" },
	{ "nothing", "", 0, "", "a" },
	{ "words", "one two three\n", 1, "", "one two three" },
};

static void check_words(const char *row, const struct nameset *set, const char *words, int wanted)
{
	char copy[600], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strsep(&rest, " "))) {
		unsigned list = 99;

		if (!*word)
			continue;
		if (nameset_match(set, &wire_name(word)->suffixes, &list) != (wanted >= 0))
			fail_msg("%s: %s is %s", row, word, wanted >= 0 ? "not blocked" : "blocked");
		if (wanted >= 0)
			expect_int(word, list, wanted);
	}
}

static void test_files(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct nameset set;
		struct text t;

		nameset_init(&set, key);
		t = parse(&set, rows[i].file, i);
		expect_int(rows[i].name, t.bad, rows[i].bad);
		check_words(rows[i].name, &set, rows[i].blocked, (int)i);
		check_words(rows[i].name, &set, rows[i].passed, -1);
		nameset_deinit(&set);
	}
}

/* The first bad line is told, with what is wrong with it. */
static void test_first_bad_line(void **state)
{
	struct nameset set;
	struct text t;

	(void)state;
	nameset_init(&set, key);
	t = parse(&set, "good.example\n\n/bad/\nalso bad\n", 0);
	assert_int_equal(t.bad, 2);
	assert_int_equal(t.bad_line, 3);
	assert_string_equal(t.reason, "not a domain name");
	assert_int_equal(t.entries, 1);
	nameset_deinit(&set);
}

static void test_two_lists(void **state)
{
	struct nameset set;

	(void)state;
	nameset_init(&set, key);
	parse(&set, "0.0.0.0 a.example\nboth.example\n", 0);
	parse(&set, "a.example\nboth.example\nokay.example CNAME rpz-passthru.\n", 1);
	parse(&set, "okay.example\n", 2);
	check_words("first", &set, "a.example both.example x.a.example", 0);
	check_words("excepted by another list", &set, "okay.example", -1);
	check_words("third", &set, "x.okay.example", 2);
	nameset_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_first_bad_line),
		cmocka_unit_test(test_two_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
