#include "proxy/upstream/health.h"

#include "tests/unit/addr_words.h"
#include "tests/unit/cm.h"
#include "tests/unit/log_catch.h"

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)
/* When a test begins: 0 means never. */
#define START (1000 * SEC)
#define LABEL "tls://192.0.2.1:853#dns.test"

static struct health health;

static int begin(void **state)
{
	(void)state;
	health = (struct health){ .label = LABEL };
	catch_log();
	return 0;
}

static int end(void **state)
{
	(void)state;
	let_log_go();
	return 0;
}

static void fail_at(enum transport_stage stage, const char *text, uint64_t now_us)
{
	struct addr to = one_addr("4.1");
	struct transport_end e = { .stage = stage, .fault = FAULT_RESET };

	snprintf(e.text, sizeof e.text, "%s", text);
	health_failed(&health, &to, &e, 800 * MS, now_us);
}

/* ------------------------------------------------------------------ outages */

static void test_one_line_at_each_end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fail_at(STAGE_TCP, "connection refused", START + i * SEC);
	assert_logged("<4>upstream " LABEL ": TCP: connection refused; trying again in 0.8 s while "
		      "queries wait\n");
	assert_int_equal(health.down_since_us, START);
	assert_string_equal(health.last_failure, LABEL ": TCP: connection refused");
	health_answered(&health, true, START + 123400 * MS);
	assert_logged("<6>upstream " LABEL ": up again after 123.4 s and 100 failures\n");
	assert_int_equal(health.down_since_us, 0);
	assert_string_equal(health.last_failure, "");
	health_answered(&health, true, START + 124 * SEC);
	assert_logged("");
}

/* The next outage is told again, with failures of its own. */
static void test_next_outage(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fail_at(STAGE_TCP, "connection refused", START + i * SEC);
		fail_at(STAGE_TCP, "connection refused", START + i * SEC);
		health_answered(&health, true, START + i * SEC + 500 * MS);
		read_log();
		assert_int_equal(count_in_log("\n"), 2);
		assert_int_equal(count_in_log("TCP: connection refused"), 1);
		assert_int_equal(count_in_log("up again after 0.5 s and 2 failures"), 1);
	}
}

/* A changed reason, at most each 10 s. */
static void test_changed_reason(void **state)
{
	(void)state;
	fail_at(STAGE_TCP, "connection refused", START);
	read_log();
	fail_at(STAGE_AUTH, "expired", START + 10 * SEC - 1);
	assert_logged("");
	assert_string_equal(health.last_failure, LABEL ": authentication: expired");
	fail_at(STAGE_TCP, "connection refused", START + 11 * SEC);
	read_log();
	fail_at(STAGE_AUTH, "expired", START + 22 * SEC);
	assert_logged("<4>upstream " LABEL ": authentication: expired; trying again in 0.8 s while "
		      "queries wait\n");
	health.limit = (struct log_limit){ 0 }; /* it goes by the clock of the log; what is looked at is ours */
	for (unsigned i = 0; i < 600; i++)
		fail_at(i % 2 ? STAGE_TCP : STAGE_TLS, "reset", START + 22 * SEC + i * 100 * MS);
	read_log();
	assert_in_range(count_in_log("\n"), 4, 6);
}

/* What changed soon after the beginning, and stays so, is told all the same. */
static void test_reason_that_changed_early(void **state)
{
	(void)state;
	fail_at(STAGE_TCP, "connection refused", START);
	read_log();
	for (unsigned i = 1; i < 60; i++)
		fail_at(STAGE_AUTH, "expired", START + i * SEC);
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("authentication: expired"), 1);
}

/* Stage, fault and text: each makes another reason. */
static void test_what_makes_a_reason(void **state)
{
	static const struct transport_end reasons[] = {
		{ .stage = STAGE_TCP, .fault = FAULT_RESET, .text = "one" },
		{ .stage = STAGE_TLS, .fault = FAULT_RESET, .text = "one" },
		{ .stage = STAGE_TLS, .fault = FAULT_CLOSED, .text = "one" },
		{ .stage = STAGE_TLS, .fault = FAULT_CLOSED, .text = "two" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		uint64_t now = START + i * 20 * SEC;

		health_failed(&health, NULL, &reasons[i], SEC, now);
		read_log();
		assert_int_equal(count_in_log("\n"), 1);
		health_failed(&health, NULL, &reasons[i], SEC, now + 15 * SEC);
		assert_logged("");
	}
}

/* Nothing is borrowed longer than the call. */
static void test_half_answer_is_not_kept(void **state)
{
	uint8_t octets[3] = { 0 };
	struct transport_end e = {
		.stage = STAGE_DNS, .partial = octets, .partial_len = 3, .text = "cut"
	};

	(void)state;
	health_note(&health, NULL, &e);
	assert_null(health.last_end.partial);
	health_failed(&health, NULL, &e, 0, START);
	assert_null(health.last_end.partial);
	health_note(&health, NULL, &e);
	assert_null(health.last_end.partial);
}

/* Of one of several addresses, or of a session more: it is known, but no outage. */
static void test_noted_is_no_outage(void **state)
{
	struct transport_end e = { .stage = STAGE_TCP, .fault = FAULT_RESET, .text = "refused" };

	(void)state;
	health_note(&health, NULL, &e);
	assert_logged("");
	assert_int_equal(health.down_since_us, 0);
	assert_string_equal(health.last_failure, "");
	assert_string_equal(health.last_end.text, "refused");
	/* The reason of an outage stays. */
	fail_at(STAGE_TLS, "handshake", START);
	read_log();
	health_note(&health, NULL, &e);
	assert_string_equal(health.last_end.text, "handshake");
	assert_string_equal(health.last_failure, LABEL ": TLS: handshake");
	assert_int_equal(health.failures, 1);
	assert_logged("");
}

/* ------------------------------------------------------------------ who it was */

static const struct {
	const char *label, *to, *who;
} labels[] = {
	{ "tls://192.0.2.1:853#x", "4.1", "tls://192.0.2.1:853#x" },
	{ "tls://[2001:db8::1]:853#x", "6.1", "tls://[2001:db8::1]:853#x" },
	{ "tls://192.0.2.1:853#x", NULL, "tls://192.0.2.1:853#x" },
	{ "quad9", "4.1", "quad9 (192.0.2.1:853)" },
	{ "quad9", "6.1", "quad9 ([2001:db8::1]:853)" },
	{ "quad9", NULL, "quad9" },
	{ "tls://192.0.2.1:853#x", "4.2", "tls://192.0.2.1:853#x (192.0.2.2:853)" },
};

static void test_labels(void **state)
{
	struct transport_end e = { .stage = STAGE_TLS, .fault = FAULT_CLOSED, .text = "closed" };
	char wanted[400];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		struct addr to = one_addr(labels[i].to ? labels[i].to : "4.1");

		health = (struct health){ .label = labels[i].label };
		health_failed(&health, labels[i].to ? &to : NULL, &e, 0, START);
		snprintf(wanted, sizeof wanted, "%s: TLS: closed", labels[i].who);
		assert_string_equal(health.last_failure, wanted);
		read_log();
		expect(labels[i].who, count_in_log(wanted) == 1);
	}
}

/* However long both are, there is an end to it. */
static void test_long_texts(void **state)
{
	static char label[1000];
	struct transport_end e = { .stage = STAGE_TLS, .fault = FAULT_CLOSED };
	struct addr to = one_addr("6.9999");

	(void)state;
	memset(label, 'l', sizeof label - 1);
	memset(e.text, 't', sizeof e.text - 1);
	health.label = label;
	health_failed(&health, &to, &e, 0, START);
	assert_true(strlen(health.last_failure) < HEALTH_TEXT_MAX);
	assert_non_null(strstr(health.last_failure, "([2001:db8::9999]:853)"));
	assert_non_null(strstr(health.last_failure, ": TLS: ttt"));
}

/* ------------------------------------------------------------------ connections */

static void test_first_connection_is_news(void **state)
{
	const struct transport_info info = {
		.protocol = "TLS1.3", .cipher = "AES-128-GCM", .authenticated = true, .doubt = ""
	};
	struct addr to = one_addr("4.1");

	(void)state;
	health_connected(&health, &to, &info, 12340);
	assert_logged("<6>upstream " LABEL ": connected, TLS1.3 AES-128-GCM, authenticated, "
		      "12.3 ms\n");
	health_connected(&health, &to, &info, 12340);
	assert_logged("");
}

/* Whoever is on the path may have taken its place: that is told each time that it changes. */
static void test_not_authenticated(void **state)
{
	struct transport_info info = {
		.protocol = "TLS1.3", .cipher = "AES-128-GCM", .doubt = "unknown issuer"
	};
	const char *line =
		"<4>upstream " LABEL
		": connected, TLS1.3 AES-128-GCM, encrypted but not authenticated, as the "
		"profile \"opportunistic\" allows: unknown issuer\n";
	struct addr to = one_addr("4.1");

	(void)state;
	health_connected(&health, &to, &info, 12340);
	assert_logged(line);
	health_connected(&health, &to, &info, 12340);
	assert_logged("");
	info.authenticated = true;
	health_connected(&health, &to, &info, 12340);
	assert_logged("<6>upstream " LABEL ": connected, TLS1.3 AES-128-GCM, authenticated, "
		      "12.3 ms\n");
	info.authenticated = false;
	health_connected(&health, &to, &info, 12340);
	assert_logged(line);
}

/* It may shake hands and serve nothing. */
static void test_a_connection_ends_no_outage(void **state)
{
	const struct transport_info info = {
		.protocol = "TLS1.3", .cipher = "AES-128-GCM", .authenticated = true, .doubt = ""
	};
	struct addr to = one_addr("4.1");

	(void)state;
	fail_at(STAGE_TCP, "connection refused", START);
	health_connected(&health, &to, &info, 0);
	read_log();
	assert_int_equal(count_in_log("up again"), 0);
	assert_int_equal(health.down_since_us, START);
	health_answered(&health, false, START + SEC); /* late, but an answer */
	assert_logged("<6>upstream " LABEL ": up again after 1.0 s and 1 failures\n");
}

/* ------------------------------------------------------------------ doubt */

static const char silent_line[] =
	"<4>upstream " LABEL ": takes queries and answers nothing in time; others are asked before "
	"it until it answers well\n";
static const char errors_line[] =
	"<4>upstream " LABEL ": answers with errors what others know; others are asked before it "
	"until it answers well\n";
static const char well_line[] = "<6>upstream " LABEL ": answers well again\n";

static const char doubt_line[] =
	"<6>upstream " LABEL ": none is answered; its queries move to another connection\n";

/* Told a moment ago: not again. */
static void silent(void)
{
	health.doubted_us = START;
	health_silent(&health, NULL, "none is answered", true, START);
}

/* The next of them is for those who look closely. */
static void test_suspicion_is_told_now_and_then(void **state)
{
	(void)state;
	health_silent(&health, NULL, "none is answered", true, START);
	assert_logged(doubt_line);
	health_answered(&health, true, START);
	health_silent(&health, NULL, "none is answered", true, START + 10 * SEC - 1);
	assert_logged("");
	health_answered(&health, true, START);
	health_silent(&health, NULL, "none is answered", true, START + 10 * SEC);
	assert_logged(doubt_line);
}

/* There are no others to ask. */
static void test_silent_and_alone(void **state)
{
	(void)state;
	health.alone = true;
	silent();
	silent();
	assert_logged("<4>upstream " LABEL ": takes queries and answers nothing in time\n");
	health_answered(&health, true, START);
	assert_logged(well_line);
}

static void test_silent(void **state)
{
	(void)state;
	silent();
	assert_false(health_doubtful(&health));
	assert_logged("");
	silent();
	assert_true(health_doubtful(&health));
	assert_logged(silent_line);
	silent();
	assert_logged("");
	health_answered(&health, false, START);
	assert_true(health_doubtful(&health));
	assert_logged("");
	health_answered(&health, true, START);
	assert_false(health_doubtful(&health));
	assert_logged(well_line);
	health_answered(&health, true, START);
	assert_logged("");
}

/* In a row: a timely answer between begins it anew. */
static void test_silent_in_a_row(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		silent();
		health_answered(&health, true, START);
	}
	assert_false(health_doubtful(&health));
	assert_logged("");
}

/* An error, and another upstream knows better. */
static void contradict(void)
{
	health_error(&health);
	health_contradicted(&health);
}

static void test_errors(void **state)
{
	(void)state;
	for (unsigned i = 1; i < HEALTH_ERRORS_MAX; i++)
		contradict();
	assert_false(health_doubtful(&health));
	health_good(&health);
	for (unsigned i = 1; i < HEALTH_ERRORS_MAX; i++)
		contradict();
	assert_false(health_doubtful(&health));
	assert_logged("");
	contradict();
	assert_true(health_doubtful(&health));
	assert_logged(errors_line);
	contradict();
	health_answered(&health, true, START); /* an error is an answer, too */
	assert_true(health_doubtful(&health));
	assert_logged("");
	health_good(&health);
	assert_false(health_doubtful(&health));
	assert_logged(well_line);
	health_good(&health);
	assert_logged("");
}

/* Others know late what it answered with errors long before: good answers stood between. */
static void test_contradictions_in_a_heap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		health_error(&health);
	for (unsigned i = 0; i < 5 * HEALTH_ERRORS_MAX; i++)
		health_contradicted(&health);
	assert_false(health_doubtful(&health));
	assert_logged("");
}

/* Nobody knows better: the names are to blame. */
static void test_errors_that_all_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5 * HEALTH_ERRORS_MAX; i++)
		health_error(&health);
	assert_false(health_doubtful(&health));
	assert_logged("");
}

/* Both at once: well is when neither is left. */
static void test_both_doubts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HEALTH_SILENT_MAX; i++)
		silent();
	assert_logged(silent_line);
	for (unsigned i = 0; i < HEALTH_ERRORS_MAX; i++)
		contradict();
	assert_logged("");
	health_answered(&health, true, START);
	assert_true(health_doubtful(&health));
	assert_logged("");
	health_good(&health);
	assert_logged(well_line);
}

/* Counts that never wrap. */
static void test_counts_saturate(void **state)
{
	(void)state;
	health.silent = health.errors = health.contradicted = UINT32_MAX;
	silent();
	contradict();
	assert_int_equal(health.silent, UINT32_MAX);
	assert_int_equal(health.errors, UINT32_MAX);
	assert_int_equal(health.contradicted, UINT32_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_line_at_each_end),
		TEST(test_next_outage),
		TEST(test_changed_reason),
		TEST(test_reason_that_changed_early),
		TEST(test_what_makes_a_reason),
		TEST(test_half_answer_is_not_kept),
		TEST(test_noted_is_no_outage),
		TEST(test_labels),
		TEST(test_long_texts),
		TEST(test_first_connection_is_news),
		TEST(test_not_authenticated),
		TEST(test_a_connection_ends_no_outage),
		TEST(test_suspicion_is_told_now_and_then),
		TEST(test_silent),
		TEST(test_silent_and_alone),
		TEST(test_silent_in_a_row),
		TEST(test_errors),
		TEST(test_contradictions_in_a_heap),
		TEST(test_errors_that_all_answer),
		TEST(test_both_doubts),
		TEST(test_counts_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
