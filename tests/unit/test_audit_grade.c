/* From what an audit has measured to points, reasons and a grade. */
#include "proxy/ctl/audit_grade.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/cm.h"

#define DAY 86400L
#define NOW 1800000000L

/* A resolver that nothing can be said against. */
static struct audit_facts perfect(void)
{
	struct audit_facts f = { .session = true,
		.now = NOW,
		.addresses = 1,
		.reachable = 1,
		.tls = { .protocol = "TLS1.3",
			.cipher = "AES-128-GCM",
			.group = "X25519",
			.alpn = "dot",
			.sent = 1,
			.cert = { { .not_before = NOW - 300 * DAY,
				.not_after = NOW + 80 * DAY } } },
		.authenticated = AUDIT_YES,
		.old_tls = AUDIT_NO,
		.tickets = 2,
		.resumed = AUDIT_YES,
		.edns = AUDIT_YES,
		.keepalive = 300,
		.idle_us = 30000000,
		.out_of_order = AUDIT_YES,
		.padding = { .answers = 10,
			.padded = 10,
			.block = 468,
			.shortest = 468,
			.longest = 936 },
		.subnet = SUBNET_UNUSED,
		.subnet_sent = AUDIT_NO,
		.cookie = COOKIE_KEPT,
		.validates = AUDIT_YES,
		.says_ad = AUDIT_YES,
		.rewrites = AUDIT_NO,
		.minimises = AUDIT_YES,
		.dtls = AUDIT_YES,
		.latency = { .count = 5, .min_us = 9000, .median_us = 10000, .max_us = 12000 },
		.queries = 20 };

	return f;
}

static const struct audit_row *row_of(const struct audit_report *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->row[i].key, key) == 0)
			return &r->row[i];
	fail_msg("no row %s", key);
	return NULL;
}

static void test_perfect(void **state)
{
	struct audit_facts f = perfect();
	struct audit_report r;

	(void)state;
	audit_judge(&f, &r);
	assert_int_equal(r.points, 100);
	assert_int_equal(r.grade, GRADE_A_PLUS);
	assert_int_equal(r.unmeasured, 0);
	for (size_t i = 0; i < r.count; i++)
		expect_int(r.row[i].key, r.row[i].verdict, VERDICT_GOOD);
}

/* One weakness each. */
static void tls12(struct audit_facts *f)
{
	f->tls.protocol = "TLS1.2";
}
static void old_tls(struct audit_facts *f)
{
	f->old_tls = AUDIT_YES;
}
static void no_alpn(struct audit_facts *f)
{
	f->tls.alpn[0] = '\0';
}
static void no_tickets(struct audit_facts *f)
{
	f->tickets = 0;
}
static void vain_tickets(struct audit_facts *f)
{
	f->resumed = AUDIT_NO;
}
static void no_keepalive(struct audit_facts *f)
{
	f->keepalive = -1;
}
static void short_keepalive(struct audit_facts *f)
{
	f->keepalive = 20;
}
static void idle_lie(struct audit_facts *f)
{
	f->idle_us = 6000000;
}
static void unanswered(struct audit_facts *f)
{
	f->unanswered = 2;
}
static void many_unanswered(struct audit_facts *f)
{
	f->unanswered = 19;
}
static void in_order(struct audit_facts *f)
{
	f->out_of_order = AUDIT_NO;
}
static void no_padding(struct audit_facts *f)
{
	f->padding.padded = 0;
}
static void some_padding(struct audit_facts *f)
{
	f->padding.padded = 5;
}
static void bad_block(struct audit_facts *f)
{
	f->padding.block = 3;
}
static void small_block(struct audit_facts *f)
{
	f->padding.block = 32;
}
static void query_block(struct audit_facts *f)
{
	f->padding.block = 256;
}
static void subnet_echoed(struct audit_facts *f)
{
	f->subnet = SUBNET_ECHOED;
}
static void subnet_noticed(struct audit_facts *f)
{
	f->subnet = SUBNET_NOTICED;
}

static void subnet_refused(struct audit_facts *f)
{
	f->subnet = SUBNET_REFUSED;
}
static void subnet_invented(struct audit_facts *f)
{
	f->subnet = SUBNET_INVENTED;
}
static void subnet_told(struct audit_facts *f)
{
	f->subnet_sent = AUDIT_YES;
}
static void no_cookie(struct audit_facts *f)
{
	f->cookie = COOKIE_ABSENT;
}
static void foreign_cookie(struct audit_facts *f)
{
	f->cookie = COOKIE_FOREIGN;
}
static void spurned_cookie(struct audit_facts *f)
{
	f->cookie = COOKIE_SPURNED;
}
static void no_validation(struct audit_facts *f)
{
	f->validates = AUDIT_NO;
}
static void no_ad(struct audit_facts *f)
{
	f->says_ad = AUDIT_NO;
}
static void rewriting(struct audit_facts *f)
{
	f->rewrites = AUDIT_YES;
}
static void whole_names(struct audit_facts *f)
{
	f->minimises = AUDIT_NO;
}
static void stumbling(struct audit_facts *f)
{
	f->latency.max_us = 900000;
}
static void ends_soon(struct audit_facts *f)
{
	f->tls.cert[0].not_after = NOW + 10 * DAY;
}
static void ends_today(struct audit_facts *f)
{
	f->tls.cert[0].not_after = NOW + 3600;
}

static void test_weaknesses(void **state)
{
	static const struct {
		const char *name;
		void (*weaken)(struct audit_facts *f);
		const char *key;
		unsigned lost;
		const char *reason; /* stands in the text */
	} rows[] = {
		{ "TLS 1.2", tls12, "session", 8, "TLS 1.3" },
		{ "TLS 1.1", old_tls, "old-tls", 4, "RFC 8996" },
		{ "no ALPN", no_alpn, "alpn", 1, "not confirmed" },
		{ "no tickets", no_tickets, "resumption", 3, "no session ticket" },
		{ "tickets in vain", vain_tickets, "resumption", 3, "not taken" },
		{ "no keepalive", no_keepalive, "keepalive", 2, "none is told" },
		{ "short keepalive", short_keepalive, "keepalive", 2, "2.0 s" },
		{ "idle", idle_lie, "idle", 3, "though it told 30.0 s" },
		{ "unanswered", unanswered, "answers", 6, "2 of 20" },
		{ "many unanswered", many_unanswered, "answers", 15, "19 of 20" },
		{ "in order", in_order, "order", 6, "holds up" },
		{ "no padding", no_padding, "padding", 10, "not padded" },
		{ "some padding", some_padding, "padding", 6, "5 of 10" },
		{ "no block", bad_block, "padding", 6, "no block" },
		{ "block of 32", small_block, "padding", 3, "32 octets" },
		{ "block of 256", query_block, "padding", 1, "256 octets" },
		{ "subnet echoed", subnet_echoed, "subnet", 4, "depend" },
		{ "subnet noticed", subnet_noticed, "subnet", 2, "scope 0" },
		{ "subnet refused", subnet_refused, "subnet", 6, "refused" },
		{ "subnet invented", subnet_invented, "subnet", 8, "asked for none" },
		{ "subnet told", subnet_told, "subnet", 10, "were told" },
		{ "no cookie", no_cookie, "cookies", 1, "none" },
		{ "foreign cookie", foreign_cookie, "cookies", 6, "not ours" },
		{ "spurned cookie", spurned_cookie, "cookies", 3, "refused" },
		{ "no validation", no_validation, "dnssec", 15, "broken signature" },
		{ "no AD", no_ad, "dnssec", 2, "no AD" },
		{ "rewriting", rewriting, "rewriting", 25, "does not exist" },
		{ "whole names", whole_names, "minimisation", 8, "whole name" },
		{ "stumbling", stumbling, "latency", 2, "stumbles" },
		{ "ends soon", ends_soon, "expiry", 5, "within 11 days" },
		{ "ends today", ends_today, "expiry", 10, "within 2 hours" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct audit_facts f = perfect();
		struct audit_report r;
		const struct audit_row *row;

		rows[i].weaken(&f);
		audit_judge(&f, &r);
		row = row_of(&r, rows[i].key);
		expect_int(rows[i].name, row->verdict, VERDICT_LOST);
		expect_int(rows[i].name, row->lost, rows[i].lost);
		expect_int(rows[i].name, r.points, 100 - rows[i].lost);
		expect(rows[i].name, strstr(row->text, rows[i].reason));
	}
}

/* A certificate of six days is renewed late, as all are; and has two days left. */
static void test_short_lived(void **state)
{
	struct audit_facts f = perfect();
	struct audit_report r;

	(void)state;
	f.tls.cert[0].not_before = NOW - 4 * DAY;
	f.tls.cert[0].not_after = NOW + 2 * DAY;
	audit_judge(&f, &r);
	assert_int_equal(row_of(&r, "expiry")->verdict, VERDICT_GOOD);
}

static void test_unauthenticated(void **state)
{
	struct audit_facts f = perfect();
	struct audit_report r;

	(void)state;
	f.authenticated = AUDIT_NO;
	snprintf(f.doubt, sizeof f.doubt, "certificate is for other.test");
	audit_judge(&f, &r);
	assert_int_equal(r.grade, GRADE_F);
	assert_int_equal(r.points, 0);
	assert_int_equal(row_of(&r, "certificate")->verdict, VERDICT_FATAL);
	assert_non_null(strstr(row_of(&r, "certificate")->text, "other.test"));
}

/* It answered, but not with TLS that we take: F.  It did not answer at all: nothing can be said. */
static void test_no_session(void **state)
{
	struct audit_facts f = { .stage = STAGE_TLS, .keepalive = -1 };
	struct audit_report r;

	(void)state;
	snprintf(f.failure, sizeof f.failure, "the server chose TLS 1.1");
	audit_judge(&f, &r);
	assert_int_equal(r.grade, GRADE_F);
	assert_non_null(strstr(row_of(&r, "session")->text, "TLS 1.1"));
	for (size_t i = 1; i < r.count; i++)
		expect_int(r.row[i].key, r.row[i].verdict, VERDICT_UNMEASURED);
	for (f.stage = STAGE_ROUTE; f.stage <= STAGE_TCP; f.stage++) {
		audit_judge(&f, &r);
		assert_int_equal(r.grade, GRADE_NONE);
		assert_int_equal(r.count, 0);
	}
}

/* What was not measured costs nothing, and is never made up. */
static void test_unmeasured(void **state)
{
	static const char *const keys[] = { "old-tls", "answers", "order", "padding", "subnet",
		"cookies", "dnssec", "rewriting", "minimisation", "latency", "keepalive", "idle" };
	struct audit_facts f = { .session = true,
		.now = NOW,
		.authenticated = AUDIT_YES,
		.keepalive = -1,
		.tickets = 1,
		.resumed = AUDIT_YES,
		.tls = { .protocol = "TLS1.3", .cipher = "AES-128-GCM", .alpn = "dot" } };
	struct audit_report r;

	(void)state;
	audit_judge(&f, &r);
	assert_int_equal(r.points, 100);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		expect_int(keys[i], row_of(&r, keys[i])->verdict, VERDICT_UNMEASURED);
		expect(keys[i], strncmp(row_of(&r, keys[i])->text, "not measured", 12) == 0);
	}
}

static void test_grades(void **state)
{
	static const struct {
		const char *name;
		void (*weaken[4])(struct audit_facts *f);
		enum audit_grade grade;
	} rows[] = {
		{ "3 points", { no_tickets }, GRADE_A_PLUS },
		{ "4 points", { no_tickets, no_cookie }, GRADE_A },
		{ "10 points", { no_padding }, GRADE_A },
		{ "11 points", { no_padding, no_cookie }, GRADE_B },
		{ "25 points", { rewriting }, GRADE_C },
		{ "40 points", { rewriting, no_validation }, GRADE_D },
		{ "50 points", { rewriting, no_validation, no_padding }, GRADE_E },
		{ "58 points", { rewriting, no_validation, no_padding, whole_names }, GRADE_F },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct audit_facts f = perfect();
		struct audit_report r;

		for (size_t k = 0; k < 4 && rows[i].weaken[k]; k++)
			rows[i].weaken[k](&f);
		audit_judge(&f, &r);
		expect_int(rows[i].name, r.grade, rows[i].grade);
	}
}

static void test_grade_texts(void **state)
{
	enum audit_grade g = GRADE_NONE;

	(void)state;
	assert_true(audit_grade_parse("a+", &g));
	assert_int_equal(g, GRADE_A_PLUS);
	assert_string_equal(audit_grade_text(g), "A+");
	assert_true(audit_grade_parse("F", &g));
	assert_int_equal(g, GRADE_F);
	assert_false(audit_grade_parse("G", &g));
	assert_false(audit_grade_parse("-", &g));
	assert_false(audit_grade_parse("", &g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perfect),
		cmocka_unit_test(test_weaknesses),
		cmocka_unit_test(test_short_lived),
		cmocka_unit_test(test_unauthenticated),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_unmeasured),
		cmocka_unit_test(test_grades),
		cmocka_unit_test(test_grade_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
