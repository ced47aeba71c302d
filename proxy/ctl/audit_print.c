#include "proxy/ctl/audit_print.h"

#include <string.h>

#define TITLE_WIDTH 22

static void print_row(const struct audit_row *row, FILE *out)
{
	static const char *const marks[] = {
		[VERDICT_UNMEASURED] = "?",
		[VERDICT_GOOD] = "ok",
		[VERDICT_NOTE] = "-",
		[VERDICT_LOST] = "",
		[VERDICT_FATAL] = "F",
	};

	if (row->verdict == VERDICT_LOST)
		fprintf(out, "  %+4d  ", -(int)row->lost);
	else
		fprintf(out, "  %4s  ", marks[row->verdict]);
	fprintf(out, "%-*s  %s\n", TITLE_WIDTH, row->title, row->text);
}

/* What is wrong comes first. */
static void print_rows(const struct audit_report *r, FILE *out)
{
	static const enum audit_verdict order[] = { VERDICT_FATAL, VERDICT_LOST, VERDICT_GOOD,
		VERDICT_NOTE, VERDICT_UNMEASURED };

	for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
		for (size_t i = 0; i < r->count; i++)
			if (r->row[i].verdict == order[k])
				print_row(&r->row[i], out);
}

static void print_pins(const struct tls_facts *t, FILE *out)
{
	char end[32];
	struct tm tm;

	if (t->sent == 0)
		return;
	fputs("\n  pins, the server's own first, to be pasted into pin-sha256 = [ ... ]:\n", out);
	for (size_t i = 0; i < t->sent && i < TLS_FACTS_CERTS; i++) {
		const struct tls_certificate *c = &t->cert[i];

		snprintf(end, sizeof end, "?");
		if (gmtime_r(&c->not_after, &tm))
			strftime(end, sizeof end, "%Y-%m-%d", &tm);
		fprintf(out, "    \"%s\"  %s, %s, until %s\n", c->pin, c->subject, c->key, end);
	}
}

static void print_sum(const struct audit_report *r, FILE *out)
{
	fprintf(out, "  grade %s, %u of 100 points", audit_grade_text(r->grade), r->points);
	if (r->unmeasured)
		fprintf(out, "; %u thing%s not measured", r->unmeasured,
			r->unmeasured == 1 ? " was" : "s were");
	fputs("\n\n", out);
}

static void print_effort(const struct audit_facts *f, FILE *out)
{
	fprintf(out, "\n  %u queries in %.1f s", f->queries, (double)f->took_us / 1e6);
	if (f->session)
		fprintf(out, "; TCP %.1f ms, TLS %.1f ms", (double)f->connect_us / 1000.0,
			(double)f->handshake_us / 1000.0);
	if (f->addresses > 1)
		fprintf(out, "; %zu of %zu addresses take connections", f->reachable, f->addresses);
	fputc('\n', out);
}

void audit_print(
	const char *name, const struct audit_facts *f, const struct audit_report *r, FILE *out)
{
	char text[ADDR_TEXT_MAX] = "no address";

	if (f->addr.sa.sa_family != AF_UNSPEC)
		addr_text(&f->addr, text);
	fprintf(out, "%s (%s)\n", name, text);
	if (r->grade == GRADE_NONE) {
		fprintf(out, "  no grade, it was not reached: %s: %s\n",
			transport_stage_text(f->stage), f->failure);
		return;
	}
	print_sum(r, out);
	print_rows(r, out);
	print_pins(&f->tls, out);
	print_effort(f, out);
}
