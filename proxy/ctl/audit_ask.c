#include "proxy/ctl/audit_ask.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/dns/ede.h"
#include "common/dns/frame.h"
#include "common/dns/rewrite.h"
#include "proxy/upstream/tls_policy.h"

#define STREAM_UDP_SIZE 4096u
#define PAD_BLOCK	128u
#define TXT_SEEN	512u

bool audit_question(struct audit_question *q, const char *name, uint16_t type)
{
	*q = (struct audit_question){ .type = type };
	q->name_len = audit_name_wire(name, q->name);
	return q->name_len > 0;
}

/* ------------------------------------------------------------------ what goes out */

static uint16_t random_id(void)
{
	uint16_t id = 0;

	return getrandom(&id, sizeof id, 0) == sizeof id ? id : 4711;
}

/* Framed, as dnsfwd itself asks, but for what the question wants otherwise.  Its length; 0: too long. */
static size_t build(const struct audit_run *r, const struct audit_question *q, uint16_t id,
	uint8_t *out, size_t cap)
{
	uint8_t family = r->link.peer.sa.sa_family == AF_INET6 ? 2 : 1;
	struct edns_option extra[EDNS_COPIED] = {
		{ .code = EDNS_CLIENT_SUBNET, .len = (uint16_t)q->subnet_len, .data = q->subnet }
	};
	struct upstream_query query = {
		.question = { .name = q->name,
			.name_len = (uint8_t)q->name_len,
			.type = q->type,
			.class = DNS_CLASS_IN },
		.checking_disabled = q->checking_disabled,
		.authentic_data = !q->dnssec_ok,
		.dnssec_ok = q->dnssec_ok,
		.copied = q->subnet ? extra : NULL,
	};
	struct upstream_form form = { .udp_size = STREAM_UDP_SIZE,
		.keepalive = true,
		.subnet_family = q->subnet || q->without_subnet ? 0 : family,
		.pad_block = PAD_BLOCK,
		.cookie = q->cookie_len ? q->cookie : r->cookie,
		.cookie_len = q->cookie_len ? q->cookie_len : r->cookie_len };
	size_t len = rewrite_query(&query, &form, id, out + FRAME_PREFIX, cap - FRAME_PREFIX);

	if (len == 0)
		return 0;
	wire_put16(out, (uint16_t)len);
	return FRAME_PREFIX + len;
}

/* ------------------------------------------------------------------ what comes back */

static size_t divisor(size_t a, size_t b)
{
	while (b > 0) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A cut answer says nothing of padding; no server pads one without an OPT to put it in. */
static void note_padding(struct audit_padding *p, const struct audit_reply *reply)
{
	size_t len = reply->message.len;

	p->answers++;
	p->padded += reply->edns.padding;
	p->block = divisor(p->block, len);
	p->longest = len > p->longest ? len : p->longest;
	p->shortest = p->shortest == 0 || len < p->shortest ? len : p->shortest;
}

static void note(struct audit_facts *f, const struct audit_reply *reply)
{
	bool error = reply->rcode == RCODE_FORMERR || reply->rcode == RCODE_NOTIMP;

	/* Who refuses the whole query with a bare header has not said that it knows no EDNS. */
	if (reply->edns.present)
		f->edns = AUDIT_YES;
	else if (f->edns == AUDIT_UNKNOWN && !error)
		f->edns = AUDIT_NO;
	if (reply->edns.keepalive && !reply->edns.keepalive_bad)
		f->keepalive = reply->edns.keepalive_timeout;
	if (!error)
		note_padding(&f->padding, reply);
}

static void read_subnet(struct audit_reply *reply)
{
	struct edns_option o;
	size_t pos = 0;

	while (reply->edns.present && edns_next_option(&reply->message, &pos, &o))
		if (o.code == EDNS_CLIENT_SUBNET && !reply->has_subnet) {
			reply->has_subnet = true;
			reply->subnet = o;
		}
}

/* An answer to that question, whole and well-formed. */
static bool read_reply(
	const struct audit_question *q, const uint8_t *msg, size_t len, struct audit_reply *ret)
{
	struct dns_question asked = { q->name, (uint8_t)q->name_len, q->type, DNS_CLASS_IN };
	struct dns_message *m = &ret->message;

	if (message_parse(msg, len, m) != MESSAGE_OK || !(m->flags & DNS_QR) ||
		(m->qdcount > 0 && !question_equal(&m->question, &asked)))
		return false;
	edns_parse(m, true, &ret->edns);
	ret->rcode = message_rcode(m) | (unsigned)ret->edns.extended_rcode << 4;
	ret->came = true;
	read_subnet(ret);
	return true;
}

/* ------------------------------------------------------------------ asking */

static uint64_t answer_by(const struct audit_run *r)
{
	uint64_t until = clock_monotonic_us() + AUDIT_ANSWER_US;

	return until < r->until_us ? until : r->until_us;
}

/* A server may close whenever it likes (RFC 7766 6.2.4): that is no loss. */
static bool be_open(struct audit_run *r)
{
	struct addr peer = r->link.peer;

	if (audit_link_is_open(&r->link))
		return true;
	audit_link_close(&r->link);
	return audit_link_open(&r->link, &peer, r->policy, r->tickets,
		tickets_take(r->tickets, &peer, r->policy->id, clock_boottime_us(), clock_wall_s()),
		answer_by(r));
}

static bool may_ask(const struct audit_run *r, unsigned count)
{
	return r->facts->queries + count <= AUDIT_QUERIES_MAX && clock_monotonic_us() < r->until_us;
}

static void wait_reply(struct audit_run *r, const struct audit_question *q, uint16_t id,
	uint64_t until_us, struct audit_reply *ret)
{
	const uint8_t *msg;
	size_t len;

	while (!ret->came && (msg = audit_link_receive(&r->link, until_us, &len)))
		if (wire_get16(msg) == id)
			read_reply(q, msg, len, ret);
}

static bool ask_once(struct audit_run *r, const struct audit_question *q, struct audit_reply *ret)
{
	uint8_t out[FRAME_PREFIX + 1024];
	uint64_t until = answer_by(r), begun;
	uint16_t id = random_id();
	size_t len = be_open(r) ? build(r, q, id, out, sizeof out) : 0;

	begun = clock_monotonic_us();
	if (len == 0 || !audit_link_send(&r->link, out, len, until))
		return false;
	wait_reply(r, q, id, until, ret);
	ret->took_us = clock_monotonic_us() - begun;
	return ret->came;
}

void audit_ask(struct audit_run *r, const struct audit_question *q, struct audit_reply *ret)
{
	*ret = (struct audit_reply){ .came = false };
	if (!may_ask(r, 1))
		return;
	r->facts->queries++;
	/* Closed while it was on its way: once more. */
	if (!ask_once(r, q, ret) && !audit_link_is_open(&r->link))
		ask_once(r, q, ret);
	if (ret->came)
		note(r->facts, ret);
	else
		r->facts->unanswered++;
}

/* Which question an id belongs to; count: none that waits. */
static unsigned find_id(const uint16_t *ids, unsigned count, uint16_t id)
{
	unsigned i = 0;

	while (i < count && ids[i] != id)
		i++;
	return i;
}

static unsigned gather(struct audit_run *r, const struct audit_question *q, const uint16_t *ids,
	unsigned count, unsigned *order, uint64_t *took_us)
{
	uint64_t until = answer_by(r), begun = clock_monotonic_us();
	unsigned answered = 0;
	const uint8_t *msg;
	size_t len;

	while (answered < count && (msg = audit_link_receive(&r->link, until, &len))) {
		unsigned i = find_id(ids, count, wire_get16(msg));
		struct audit_reply reply = { .came = false };

		if (i == count || !read_reply(&q[i], msg, len, &reply))
			continue;
		took_us[answered] = clock_monotonic_us() - begun;
		order[answered++] = i;
		note(r->facts, &reply);
	}
	return answered;
}

unsigned audit_burst(struct audit_run *r, const struct audit_question *q, unsigned count,
	unsigned order[AUDIT_BURST_MAX], uint64_t took_us[AUDIT_BURST_MAX])
{
	uint8_t out[AUDIT_BURST_MAX * (FRAME_PREFIX + 512)];
	uint16_t ids[AUDIT_BURST_MAX], first = random_id();
	unsigned answered = 0;
	size_t len = 0;

	if (!may_ask(r, count) || !be_open(r))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		ids[i] = (uint16_t)(first + i * 257u);
		len += build(r, &q[i], ids[i], out + len, sizeof out - len);
	}
	r->facts->queries += count;
	if (audit_link_send(&r->link, out, len, answer_by(r)))
		answered = gather(r, q, ids, count, order, took_us);
	r->facts->unanswered += count - answered;
	return answered;
}

/* ------------------------------------------------------------------ reading */

bool audit_find(const struct dns_message *m, uint16_t type, struct dns_record *ret)
{
	struct record_walk walk = record_walk(m);

	while (record_next(&walk, ret))
		if (ret->section == DNS_ANSWER && ret->type == type && ret->class == DNS_CLASS_IN)
			return true;
	return false;
}

/* Its character-strings, one behind the other. */
static void join_strings(const uint8_t *rdata, size_t len, char out[TXT_SEEN])
{
	size_t at = 0;

	for (size_t i = 0; i < len; i += 1u + rdata[i])
		for (size_t k = i + 1; k < len && k <= i + rdata[i] && at < TXT_SEEN - 1; k++)
			out[at++] = rdata[k] ? (char)rdata[k] : '?';
	out[at] = '\0';
}

enum audit_answer audit_txt_says(const struct dns_message *m, const char *text)
{
	struct record_walk walk = record_walk(m);
	enum audit_answer says = AUDIT_UNKNOWN;
	struct dns_record rr;
	char strings[TXT_SEEN];

	while (record_next(&walk, &rr)) {
		if (rr.section != DNS_ANSWER || rr.type != DNS_TYPE_TXT)
			continue;
		join_strings(m->data + rr.rdata, rr.end - rr.rdata, strings);
		if (strcasestr(strings, text))
			return AUDIT_YES;
		says = AUDIT_NO;
	}
	return says;
}

const char *audit_outcome(const struct audit_reply *r)
{
	return r->came ? rcode_text(r->rcode) : "no answer in time";
}
