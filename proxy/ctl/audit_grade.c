#include "proxy/ctl/audit_grade.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/ctl/audit_rows.h"

static const struct {
	const char *key, *title;
	audit_rule *rule;
} rules[] = {
	{ "session", "TLS version and cipher", row_session },
	{ "certificate", "chain and names", row_certificate },
	{ "expiry", "expiry", row_expiry },
	{ "old-tls", "older TLS", row_old_tls },
	{ "alpn", "ALPN", row_alpn },
	{ "resumption", "resumption", row_resumption },
	{ "keepalive", "keepalive", row_keepalive },
	{ "idle", "idle limit", row_idle },
	{ "answers", "answers", row_answers },
	{ "order", "order of answers", row_order },
	{ "padding", "padding", row_padding },
	{ "subnet", "client subnet", row_subnet },
	{ "cookies", "cookies", row_cookies },
	{ "dnssec", "DNSSEC validation", row_dnssec },
	{ "rewriting", "honest NXDOMAIN", row_rewriting },
	{ "minimisation", "QNAME minimisation", row_minimising },
	{ "dtls", "DTLS", row_dtls },
	{ "latency", "latency", row_latency },
};
#define RULES (sizeof rules / sizeof rules[0])
_Static_assert(RULES <= AUDIT_ROWS_MAX, "a row for each rule");

static const struct {
	const char *text;
	unsigned points; /* at least */
} grades[] = {
	[GRADE_NONE] = { "-", 101 },
	[GRADE_F] = { "F", 0 },
	[GRADE_E] = { "E", 50 },
	[GRADE_D] = { "D", 60 },
	[GRADE_C] = { "C", 70 },
	[GRADE_B] = { "B", 80 },
	[GRADE_A] = { "A", 90 },
	[GRADE_A_PLUS] = { "A+", 97 },
};

const char *audit_grade_text(enum audit_grade g)
{
	return grades[g].text;
}

bool audit_grade_parse(const char *text, enum audit_grade *ret)
{
	for (enum audit_grade g = GRADE_F; g <= GRADE_A_PLUS; g++)
		if (strcasecmp(grades[g].text, text) == 0) {
			*ret = g;
			return true;
		}
	return false;
}

/* ------------------------------------------------------------------ rows */

static void set(struct audit_row *row, enum audit_verdict verdict, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
static void set(struct audit_row *row, enum audit_verdict verdict, const char *format, va_list args)
{
	row->verdict = verdict;
	vsnprintf(row->text, sizeof row->text, format, args);
}

void row_unmeasured(struct audit_row *row, const char *why)
{
	row->verdict = VERDICT_UNMEASURED;
	snprintf(row->text, sizeof row->text, "not measured%s%s", *why ? ": " : "", why);
}

void row_good(struct audit_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(row, VERDICT_GOOD, format, args);
	va_end(args);
}

void row_note(struct audit_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(row, VERDICT_NOTE, format, args);
	va_end(args);
}

void row_lost(struct audit_row *row, unsigned points, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(row, VERDICT_LOST, format, args);
	va_end(args);
	row->lost = points;
}

void row_fatal(struct audit_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(row, VERDICT_FATAL, format, args);
	va_end(args);
	row->lost = 100;
}

/* ------------------------------------------------------------------ the sum */

static enum audit_grade grade_of(unsigned points)
{
	enum audit_grade g = GRADE_A_PLUS;

	while (g > GRADE_F && points < grades[g].points)
		g--;
	return g;
}

/* Nobody answered the telephone: that says nothing of the resolver. */
static bool was_there(const struct audit_facts *f)
{
	return f->session || f->stage == STAGE_TLS || f->stage == STAGE_AUTH ||
	       f->stage == STAGE_DNS;
}

static void judge_all(const struct audit_facts *f, struct audit_report *ret)
{
	unsigned lost = 0;
	bool fatal = false;

	for (size_t i = 0; i < RULES; i++) {
		struct audit_row *row = &ret->row[ret->count++];

		*row = (struct audit_row){ .key = rules[i].key, .title = rules[i].title };
		row_unmeasured(row, "");
		rules[i].rule(f, row);
		lost += row->lost;
		fatal |= row->verdict == VERDICT_FATAL;
		ret->unmeasured += row->verdict == VERDICT_UNMEASURED;
	}
	ret->points = lost < 100 ? 100 - lost : 0;
	ret->grade = fatal ? GRADE_F : grade_of(ret->points);
}

void audit_judge(const struct audit_facts *f, struct audit_report *ret)
{
	*ret = (struct audit_report){ .grade = GRADE_NONE };
	if (was_there(f))
		judge_all(f, ret);
}
