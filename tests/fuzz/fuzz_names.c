/*
 * Any bytes as a hosts file, a lease file, a block list and a record of the configuration; the first octet
 * says which, and where the file is cut in two parts.  Whatever is taken can be asked for, and the answer is
 * a message in order.
 */
#include "common/local/answer.h"
#include "common/local/blocklist.h"
#include "common/local/hosts.h"
#include "common/local/record_line.h"

#include <string.h>

#include "common/dns/message.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t key[SUFFIX_KEY] = { 1 };
static const uint8_t domain[] = "\3lan";

/* ------------------------------------------------------------------ records */

static void check_answer(const struct records *store, const struct record_node *n, uint16_t type)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	static struct local_reply r;
	struct client_form f = { .flags = DNS_RD,
		.has_question = true,
		.question = { n->name, n->name_len, type, DNS_CLASS_IN },
		.edns = true,
		.limit = DNS_MESSAGE_MAX,
		.keepalive = -1 };
	struct dns_message m;
	struct suffixes x;
	size_t len;

	suffixes_of(key, n->name, n->name_len, &x);
	local_reply_init(&r);
	must(local_reply_records(&r, store, &x, type));
	must(!r.records.bad);
	len = local_reply_write(&r, &f, out, sizeof out);
	must(len > 0 && message_parse(out, len, &m) == MESSAGE_OK);
	must(!(m.flags & DNS_TC));
}

/* Each name is found under itself, each of its types answered. */
static void check_store(const struct records *store)
{
	size_t count = 0;

	for (size_t i = 0; i < store->bucket_count; i++) {
		uint32_t offset = store->buckets[i];

		while (offset) {
			const struct record_node *n =
				(const void *)(store->memory + offset);

			count++;
			must(n->first && name_len(n->name) == n->name_len);
			for (const struct record *x = records_at(store, n->first); x;
				x = records_at(store, x->next))
				check_answer(store, n, x->type);
			check_answer(store, n, 99);
			offset = n->next;
		}
	}
	must(count == store->count);
}

static void fuzz_hosts(const char *text, size_t len, size_t cut, bool leases)
{
	struct hosts_form form = { .source = leases ? RECORDS_LEASE : RECORDS_HOSTS,
		.domain = domain,
		.now_s = 1700000000 };
	void (*parse)(struct text *, const struct hosts_form *, const char *, size_t) =
		leases ? lease_parse : hosts_parse;
	struct records store;
	struct text t = { 0 };

	records_init(&store, key);
	form.records = &store;
	parse(&t, &form, text, cut);
	parse(&t, &form, text + cut, len - cut);
	must(t.bad <= t.line && !t.bad == !t.reason && t.bad_line <= t.line);
	must(t.left_out == 0);
	check_store(&store);
	records_deinit(&store);
}

static void fuzz_record(const char *text, size_t len)
{
	char *copy = strndup(text, len);
	struct record_line r;
	struct records store;
	const char *why;

	must(copy);
	records_init(&store, key);
	if (record_line_parse(copy, &r, &why)) {
		must(records_add(&store, RECORDS_CONFIG, r.name, r.name_len, r.type, r.ttl, r.rdata,
			     r.len) == RECORDS_OK);
		check_store(&store);
	} else {
		must(why && *why);
	}
	records_deinit(&store);
	free(copy);
}

/* ------------------------------------------------------------------ block lists */

static void fuzz_list(const char *text, size_t len, size_t cut)
{
	struct blocklist b = { .list = 3 };
	struct text t = { 0 };
	struct nameset set;
	size_t count = 0;

	nameset_init(&set, key);
	blocklist_parse(&t, &b, &set, text, cut);
	blocklist_parse(&t, &b, &set, text + cut, len - cut);
	must(t.bad <= t.line && set.count <= t.entries && t.left_out == 0);
	nameset_fit(&set);
	for (size_t i = 0; i < set.size; i++) {
		count += set.hash[i] != 0;
		must(!set.hash[i] || ((set.what[i] & 0x0f) == 3 && set.what[i] > 0x0f));
	}
	must(count == set.count);
	nameset_deinit(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	size_t len, cut;

	if (size == 0)
		return 0;
	len = size - 1;
	cut = (size_t)(data[0] >> 2) * 4 < len ? (size_t)(data[0] >> 2) * 4 : len;
	switch (data[0] & 3) {
	case 0:
		fuzz_hosts(text, len, cut, false);
		break;
	case 1:
		fuzz_hosts(text, len, cut, true);
		break;
	case 2:
		fuzz_list(text, len, cut);
		break;
	default:
		fuzz_record(text, len);
	}
	return 0;
}
