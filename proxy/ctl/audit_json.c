#include <json-c/json.h>
#include <time.h>

#include "proxy/ctl/audit_print.h"

static const char *const verdicts[] = {
	[VERDICT_UNMEASURED] = "unmeasured",
	[VERDICT_GOOD] = "good",
	[VERDICT_NOTE] = "note",
	[VERDICT_LOST] = "lost",
	[VERDICT_FATAL] = "fatal",
};

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text && *text ? json_object_new_string(text) : NULL);
}

static void put_number(struct json_object *o, const char *key, int64_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

static void put_date(struct json_object *o, const char *key, time_t t)
{
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		put_text(o, key, text);
}

static struct json_object *rows(const struct audit_report *r)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->count; i++) {
		struct json_object *row = json_object_new_object();

		put_text(row, "key", r->row[i].key);
		put_text(row, "title", r->row[i].title);
		put_text(row, "verdict", verdicts[r->row[i].verdict]);
		put_number(row, "lost", r->row[i].lost);
		put_text(row, "text", r->row[i].text);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *certificates(const struct tls_facts *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->sent && i < TLS_FACTS_CERTS; i++) {
		const struct tls_certificate *c = &t->cert[i];
		struct json_object *o = json_object_new_object();

		put_text(o, "pin", c->pin);
		put_text(o, "subject", c->subject);
		put_text(o, "issuer", c->issuer);
		put_text(o, "key", c->key);
		put_text(o, "names", c->names);
		put_date(o, "not_before", c->not_before);
		put_date(o, "not_after", c->not_after);
		json_object_array_add(list, o);
	}
	return list;
}

/* What a program would otherwise have to read out of sentences; -1 and null: not measured, none. */
static struct json_object *measured(const struct audit_facts *f)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "tls", f->tls.protocol);
	put_text(o, "cipher", f->tls.cipher);
	put_text(o, "group", f->tls.group);
	put_text(o, "alpn", f->tls.alpn);
	put_number(o, "tickets", f->tickets);
	put_number(o, "keepalive_ms", f->keepalive < 0 ? -1 : f->keepalive * 100);
	put_number(o, "idle_ms", f->idle_us ? (int64_t)(f->idle_us / 1000) : -1);
	put_number(o, "padding_block", f->padding.padded ? (int64_t)f->padding.block : 0);
	put_number(o, "connect_us", (int64_t)f->connect_us);
	put_number(o, "handshake_us", (int64_t)f->handshake_us);
	put_number(o, "latency_min_us", f->latency.count ? (int64_t)f->latency.min_us : -1);
	put_number(o, "latency_median_us", f->latency.count ? (int64_t)f->latency.median_us : -1);
	put_number(o, "latency_max_us", f->latency.count ? (int64_t)f->latency.max_us : -1);
	put_number(o, "addresses", (int64_t)f->addresses);
	put_number(o, "addresses_reached", (int64_t)f->reachable);
	put_number(o, "queries", f->queries);
	put_number(o, "queries_unanswered", f->unanswered);
	put_number(o, "took_ms", (int64_t)(f->took_us / 1000));
	return o;
}

struct json_object *audit_json(
	const char *name, const struct audit_facts *f, const struct audit_report *r)
{
	struct json_object *o = json_object_new_object();
	bool graded = r->grade != GRADE_NONE;
	char text[ADDR_TEXT_MAX] = "";

	if (!o)
		return NULL;
	if (f->addr.sa.sa_family != AF_UNSPEC)
		addr_text(&f->addr, text);
	put_text(o, "upstream", name);
	put_text(o, "address", text);
	put_text(o, "grade", graded ? audit_grade_text(r->grade) : NULL);
	json_object_object_add(o, "points", graded ? json_object_new_int64(r->points) : NULL);
	put_text(o, "failure", f->failure);
	json_object_object_add(o, "rows", rows(r));
	json_object_object_add(o, "certificates", certificates(&f->tls));
	json_object_object_add(o, "measured", measured(f));
	return o;
}
