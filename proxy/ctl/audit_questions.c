#include "proxy/ctl/audit_questions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/dns/ede.h"

#define CLIENT_COOKIE 8u
#define TIMES	      5u /* a name is asked for, for latency */
#define ORDER_QUICK   4u
/* A name that takes so much longer than a cached one holds the others up, if anything does. */
#define SLOW_LEAST_US 20000u

#define DNSSEC_FIRST 6 /* Extended DNS Errors that speak of validation: 6 to 12 (RFC 8914 4.7) */
#define DNSSEC_LAST  12
#define TYPE_RRSIG   46u

/* 192.0.2.0/24, which is nobody's (RFC 5737): source 24, scope 0. */
static const uint8_t documentation_net[] = { 0, 1, 24, 0, 192, 0, 2 };

static bool ask(struct audit_run *r, const char *name, uint16_t type, struct audit_reply *ret)
{
	struct audit_question q;

	*ret = (struct audit_reply){ .came = false };
	if (!audit_question(&q, name, type))
		return false;
	audit_ask(r, &q, ret);
	return ret->came;
}

bool audit_ask_once_more(struct audit_run *r)
{
	struct audit_reply reply;

	return ask(r, r->names->good, DNS_TYPE_A, &reply);
}

/* ------------------------------------------------------------------ subnet, cookies */

static bool is_none(const struct edns_option *subnet)
{
	return subnet->len < 4 || subnet->data[2] == 0;
}

/* "None" was asked for. */
static void judge_subnet(struct audit_run *r, const struct audit_reply *reply)
{
	if (!reply->came)
		return;
	if (reply->has_subnet && !is_none(&reply->subnet))
		r->facts->subnet = SUBNET_INVENTED;
	else if (reply->rcode == RCODE_NOERROR)
		r->facts->subnet = SUBNET_UNUSED;
}

/* The same without the option: if that is answered, the option was the matter. */
static void look_for_refusal(struct audit_run *r)
{
	struct audit_reply reply;
	struct audit_question q;

	if (r->facts->subnet != SUBNET_UNKNOWN || !audit_question(&q, r->names->good, DNS_TYPE_A))
		return;
	q.without_subnet = true;
	audit_ask(r, &q, &reply);
	if (reply.came && reply.rcode == RCODE_NOERROR)
		r->facts->subnet = SUBNET_REFUSED;
	else
		snprintf(r->facts->why.subnet, sizeof r->facts->why.subnet, "%.50s: %s",
			r->names->good, audit_outcome(&reply));
}

static void offer_subnet(struct audit_run *r)
{
	struct audit_reply reply;
	struct audit_question q;

	if (r->facts->subnet != SUBNET_UNUSED || !audit_question(&q, r->names->good, DNS_TYPE_A))
		return;
	q.subnet = documentation_net;
	q.subnet_len = sizeof documentation_net;
	audit_ask(r, &q, &reply);
	if (reply.came && reply.has_subnet && !is_none(&reply.subnet))
		r->facts->subnet = reply.subnet.data[3] > 0 ? SUBNET_ECHOED : SUBNET_NOTICED;
}

/* A name server that tells what it was told. */
static void ask_for_subnet(struct audit_run *r)
{
	struct audit_reply reply;

	if (*r->names->subnet && ask(r, r->names->subnet, DNS_TYPE_TXT, &reply) &&
		reply.rcode == RCODE_NOERROR)
		r->facts->subnet_sent = audit_txt_says(&reply.message, r->names->subnet_yes);
}

/* Ours comes back, with something of the server's behind it. */
static bool is_answer_to(const struct edns *edns, const uint8_t cookie[CLIENT_COOKIE])
{
	const struct edns_option *got = &edns->cookie;

	return !edns->cookie_bad && got->len > CLIENT_COOKIE && got->len <= AUDIT_COOKIE_MAX &&
	       memcmp(got->data, cookie, CLIENT_COOKIE) == 0;
}

/* Asks again with the server's cookie, which all later questions bring, too. */
static void judge_cookie(struct audit_run *r, struct audit_question *q,
	const uint8_t cookie[CLIENT_COOKIE], const struct audit_reply *first,
	struct audit_reply *second)
{
	if (!first->came)
		return;
	r->facts->cookie = COOKIE_ABSENT;
	if (!first->edns.cookie.data && !first->edns.cookie_bad)
		return;
	r->facts->cookie = COOKIE_FOREIGN;
	if (!is_answer_to(&first->edns, cookie))
		return;
	r->cookie_len = first->edns.cookie.len;
	memcpy(r->cookie, first->edns.cookie.data, r->cookie_len);
	q->cookie_len = 0;
	audit_ask(r, q, second);
	r->facts->cookie = !second->came		      ? COOKIE_UNKNOWN
			   : second->rcode == RCODE_BADCOOKIE ? COOKIE_SPURNED
							      : COOKIE_KEPT;
}

/* As dnsfwd asks: padded, with a cookie, without a subnet. */
static void ask_first(struct audit_run *r)
{
	uint8_t cookie[CLIENT_COOKIE] = { 0 };
	struct audit_reply first, second = { .came = false };
	struct audit_question q;
	bool spurned;

	if (!audit_question(&q, r->names->good, DNS_TYPE_A))
		return;
	if (getrandom(cookie, sizeof cookie, 0) < 0)
		memset(cookie, 1, sizeof cookie);
	q.cookie = cookie;
	q.cookie_len = sizeof cookie;
	audit_ask(r, &q, &first);
	/* Then the answer is that to the next one. */
	spurned = first.came && first.rcode == RCODE_BADCOOKIE;
	if (!spurned)
		judge_subnet(r, &first);
	judge_cookie(r, &q, cookie, &first, &second);
	if (spurned)
		judge_subnet(r, &second);
}

/* ------------------------------------------------------------------ DNSSEC, lies */

static bool ede_is_dnssec(const struct audit_reply *reply)
{
	struct edns_option o;
	size_t pos = 0;

	while (reply->edns.present && edns_next_option(&reply->message, &pos, &o))
		if (o.code == EDNS_EDE && o.len >= 2) {
			unsigned code = wire_get16(o.data);

			if (code >= DNSSEC_FIRST && code <= DNSSEC_LAST)
				return true;
		}
	return false;
}

/* Whoever fails a broken signature and answers it to CD has looked at it. */
static enum audit_answer ask_unchecked(struct audit_run *r, struct audit_question *q)
{
	struct audit_reply reply;

	q->checking_disabled = true;
	audit_ask(r, q, &reply);
	if (reply.came && reply.rcode == RCODE_NOERROR)
		return AUDIT_YES;
	snprintf(r->facts->why.dnssec, sizeof r->facts->why.dnssec,
		"%.40s fails also unchecked: %s", r->names->bogus, audit_outcome(&reply));
	return AUDIT_UNKNOWN;
}

static void ask_bogus(struct audit_run *r)
{
	struct audit_question q;
	struct audit_reply reply;
	struct dns_record rr;

	if (!audit_question(&q, r->names->bogus, DNS_TYPE_A)) {
		snprintf(r->facts->why.dnssec, sizeof r->facts->why.dnssec, "no test name");
		return;
	}
	q.dnssec_ok = true;
	audit_ask(r, &q, &reply);
	if (reply.came && reply.rcode == RCODE_SERVFAIL)
		r->facts->validates = ede_is_dnssec(&reply) ? AUDIT_YES : ask_unchecked(r, &q);
	else if (reply.came && reply.rcode == RCODE_NOERROR &&
		 audit_find(&reply.message, DNS_TYPE_A, &rr))
		r->facts->validates = AUDIT_NO;
	else
		snprintf(r->facts->why.dnssec, sizeof r->facts->why.dnssec, "%.50s: %s",
			r->names->bogus,
			reply.came && reply.rcode == RCODE_NOERROR ? "no address"
								   : audit_outcome(&reply));
}

static void ask_signed(struct audit_run *r)
{
	struct audit_question q;
	struct audit_reply reply;
	struct dns_record rr;

	if (!audit_question(&q, r->names->good, DNS_TYPE_A))
		return;
	q.dnssec_ok = true;
	audit_ask(r, &q, &reply);
	if (!reply.came || reply.rcode != RCODE_NOERROR)
		return;
	if (reply.message.flags & DNS_AD)
		r->facts->says_ad = AUDIT_YES;
	else if (audit_find(&reply.message, TYPE_RRSIG, &rr))
		r->facts->says_ad = AUDIT_NO;
}

static void note_rewritten(struct audit_run *r, const struct dns_message *m)
{
	struct dns_record rr;

	r->facts->rewrites = AUDIT_UNKNOWN;
	if (!audit_find(m, DNS_TYPE_A, &rr) || rr.end - rr.rdata != 4) {
		snprintf(r->facts->why.rewriting, sizeof r->facts->why.rewriting,
			"%.50s is there, without address", r->names->nxdomain);
		return;
	}
	r->facts->rewrites = AUDIT_YES;
	inet_ntop(AF_INET, m->data + rr.rdata, r->facts->rewritten, sizeof r->facts->rewritten);
}

static void ask_nothing(struct audit_run *r)
{
	struct audit_reply reply;

	ask(r, r->names->nxdomain, DNS_TYPE_A, &reply);
	if (reply.came && reply.rcode == RCODE_NXDOMAIN)
		r->facts->rewrites = AUDIT_NO;
	else if (reply.came && reply.rcode == RCODE_NOERROR)
		note_rewritten(r, &reply.message);
	else
		snprintf(r->facts->why.rewriting, sizeof r->facts->why.rewriting, "%.50s: %s",
			r->names->nxdomain,
			*r->names->nxdomain ? audit_outcome(&reply) : "no test name");
}

static void ask_minimising(struct audit_run *r)
{
	struct audit_reply reply;
	char *why = r->facts->why.minimising;
	size_t size = sizeof r->facts->why.minimising;

	if (!*r->names->minimising) {
		snprintf(why, size, "no test name");
		return;
	}
	if (ask(r, r->names->minimising, DNS_TYPE_TXT, &reply) && reply.rcode == RCODE_NOERROR)
		r->facts->minimises = audit_txt_says(&reply.message, r->names->minimising_yes);
	if (r->facts->minimises == AUDIT_UNKNOWN)
		snprintf(why, size, "%.50s: %s", r->names->minimising,
			reply.came && reply.rcode == RCODE_NOERROR ? "no text"
								   : audit_outcome(&reply));
}

/* ------------------------------------------------------------------ time, order */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* It was asked for before: the resolver has it in its cache. */
static void measure_latency(struct audit_run *r)
{
	uint64_t took[TIMES];
	struct audit_latency *l = &r->facts->latency;
	struct audit_reply reply;

	for (unsigned i = 0; i < TIMES; i++)
		if (ask(r, r->names->good, DNS_TYPE_A, &reply))
			took[l->count++] = reply.took_us;
	if (l->count == 0)
		return;
	qsort(took, l->count, sizeof took[0], compare);
	l->min_us = took[0];
	l->median_us = took[l->count / 2];
	l->max_us = took[l->count - 1];
}

/* The slow one was asked first; at[0] is when the first answer came. */
static void judge_order(
	struct audit_run *r, unsigned answered, const unsigned *order, const uint64_t *at)
{
	uint64_t usual = r->facts->latency.median_us;

	for (unsigned i = 1; i < answered; i++)
		if (order[i] < order[i - 1]) {
			r->facts->out_of_order = AUDIT_YES;
			return;
		}
	if (answered > 0 && order[0] != 0)
		r->facts->out_of_order = AUDIT_YES;
	else if (answered < 2)
		snprintf(r->facts->why.order, sizeof r->facts->why.order,
			"%.50s: no answer in time", r->names->slow);
	else if (r->facts->latency.count > 0 && at[0] > 2 * usual + SLOW_LEAST_US)
		r->facts->out_of_order = AUDIT_NO;
	else
		snprintf(r->facts->why.order, sizeof r->facts->why.order,
			"no answer was slow enough to tell");
}

static void measure_order(struct audit_run *r)
{
	struct audit_question q[AUDIT_BURST_MAX];
	unsigned order[AUDIT_BURST_MAX], answered;
	uint64_t at[AUDIT_BURST_MAX] = { 0 };

	if (!audit_question(&q[0], r->names->slow, DNS_TYPE_A) ||
		!audit_question(&q[1], r->names->good, DNS_TYPE_A)) {
		snprintf(r->facts->why.order, sizeof r->facts->why.order, "no test name");
		return;
	}
	for (unsigned i = 2; i <= ORDER_QUICK; i++)
		q[i] = q[1];
	answered = audit_burst(r, q, 1 + ORDER_QUICK, order, at);
	judge_order(r, answered, order, at);
}

void audit_questions(struct audit_run *r)
{
	ask_first(r);
	look_for_refusal(r);
	offer_subnet(r);
	ask_signed(r);
	ask_bogus(r);
	ask_nothing(r);
	ask_minimising(r);
	ask_for_subnet(r);
	measure_latency(r);
	measure_order(r);
}
