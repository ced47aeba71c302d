#include "proxy/ctl/audit_rows.h"

#include <stdio.h>

/* RFC 8467 4.1, for answers; and what it recommends for queries, which serves as well. */
#define BLOCK_ANSWERS 468u
#define BLOCK_QUERIES 128u
/* Smaller steps than this hide nothing. */
#define BLOCK_LEAST 16u

void row_answers(const struct audit_facts *f, struct audit_row *row)
{
	unsigned lost = 3 * f->unanswered;

	if (!f->session || f->queries == 0)
		return;
	if (f->unanswered)
		row_lost(row, lost < 15 ? lost : 15, "%u of %u queries were not answered in time",
			f->unanswered, f->queries);
	else if (f->edns == AUDIT_NO)
		row_lost(row, 5, "it knows no EDNS: no padding, no reason behind an error");
	else
		row_good(row, "to all %u queries", f->queries);
}

void row_order(const struct audit_facts *f, struct audit_row *row)
{
	if (f->out_of_order == AUDIT_YES)
		row_good(row, "as they come: a slow name holds up no other");
	else if (f->out_of_order == AUDIT_NO)
		row_lost(row, 6,
			"in the order of the queries: one slow name holds up all others (RFC 7766 "
			"6.2.1.1)");
	else
		row_unmeasured(row, f->why.order);
}

static void judge_block(const struct audit_padding *p, struct audit_row *row)
{
	if (p->padded < p->answers)
		row_lost(row, 6, "only %u of %u answers to padded queries are padded", p->padded,
			p->answers);
	else if (p->block % BLOCK_ANSWERS == 0)
		row_good(row, "to blocks of %zu octets (RFC 8467)", p->block);
	else if (p->block % BLOCK_QUERIES == 0)
		row_lost(row, 1, "to blocks of %zu octets; 468 hide more (RFC 8467)", p->block);
	else if (p->block >= BLOCK_LEAST)
		row_lost(row, 3, "to blocks of %zu octets; 468 hide more (RFC 8467)", p->block);
	else
		row_lost(row, 6,
			"to no block: %zu to %zu octets, which tell answers apart (RFC 8467: 468)",
			p->shortest, p->longest);
}

void row_padding(const struct audit_facts *f, struct audit_row *row)
{
	const struct audit_padding *p = &f->padding;

	if (p->answers == 0)
		return;
	if (p->padded == 0)
		row_lost(row, 10,
			"answers are not padded: their lengths, %zu to %zu octets, tell what was "
			"asked",
			p->shortest, p->longest);
	else
		judge_block(p, row);
}

void row_subnet(const struct audit_facts *f, struct audit_row *row)
{
	if (f->subnet_sent == AUDIT_YES)
		row_lost(row, 10, "name servers were told our network though we asked for none");
	else if (f->subnet == SUBNET_INVENTED)
		row_lost(row, 8, "one comes back though we asked for none (RFC 7871 7.1.2)");
	else if (f->subnet == SUBNET_REFUSED)
		row_lost(row, 6, "a query that asks for none is refused (RFC 7871 7.1.2)");
	else if (f->subnet == SUBNET_ECHOED)
		row_lost(row, 4,
			"one that a client sends is used: answers depend on it, and others may be "
			"told");
	else if (f->subnet == SUBNET_NOTICED)
		row_lost(row, 2,
			"one that a client sends comes back, with scope 0: it may be used for "
			"others");
	else if (f->subnet == SUBNET_UNUSED)
		row_good(row, "not used%s",
			f->subnet_sent == AUDIT_NO ? ", and name servers are told none" : "");
	else
		row_unmeasured(row, f->why.subnet);
}

/* On TLS they are little more than a habit: hardly a point where they are missing. */
void row_cookies(const struct audit_facts *f, struct audit_row *row)
{
	if (f->cookie == COOKIE_ABSENT)
		row_lost(row, 1, "none (RFC 7873); they add little to TLS");
	else if (f->cookie == COOKIE_FOREIGN)
		row_lost(row, 6, "the answer has a cookie that is not ours (RFC 7873 5.3)");
	else if (f->cookie == COOKIE_SPURNED)
		row_lost(row, 3, "one is given, and refused in the next query");
	else if (f->cookie == COOKIE_KEPT)
		row_good(row, "given, and taken");
}

void row_dnssec(const struct audit_facts *f, struct audit_row *row)
{
	if (f->validates == AUDIT_NO)
		row_lost(row, 15, "a name with a broken signature is answered all the same");
	else if (f->validates == AUDIT_YES && f->says_ad == AUDIT_NO)
		row_lost(row, 2, "a broken signature fails, but a good one gets no AD");
	else if (f->validates == AUDIT_YES)
		row_good(row, "a broken signature fails%s",
			f->says_ad == AUDIT_YES ? ", a good one gets AD" : "");
	else
		row_unmeasured(row, f->why.dnssec);
}

void row_rewriting(const struct audit_facts *f, struct audit_row *row)
{
	if (f->rewrites == AUDIT_YES)
		row_lost(row, 25, "a name that does not exist is answered, with %s", f->rewritten);
	else if (f->rewrites == AUDIT_NO)
		row_good(row, "a name that does not exist is NXDOMAIN");
	else
		row_unmeasured(row, f->why.rewriting);
}

void row_minimising(const struct audit_facts *f, struct audit_row *row)
{
	if (f->minimises == AUDIT_NO)
		row_lost(row, 8, "name servers on the way see the whole name (RFC 9156)");
	else if (f->minimises == AUDIT_YES)
		row_good(row, "name servers on the way see only what they need");
	else
		row_unmeasured(row, f->why.minimising);
}

void row_latency(const struct audit_facts *f, struct audit_row *row)
{
	const struct audit_latency *l = &f->latency;
	char text[96];

	if (l->count < 3)
		return;
	snprintf(text, sizeof text, "%.1f ms, half within %.1f ms, all within %.1f ms",
		(double)l->min_us / 1000.0, (double)l->median_us / 1000.0,
		(double)l->max_us / 1000.0);
	if (l->max_us - l->median_us > 500000)
		row_lost(row, 2, "%s: it stumbles", text);
	else
		row_good(row, "%s", text);
}
