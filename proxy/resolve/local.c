#include "proxy/resolve/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/message.h"
#include "proxy/resolve/dns64.h"
#include "proxy/resolve/private.h"

#define BLOCK_TTL 60u
#define ANY_TTL	  3600u

/* ------------------------------------------------------------------ life */

struct local_change {
	const struct config *config;
	struct special special;
	struct nameset private_except;
};

static int fill_exceptions(struct nameset *set, const struct config_texts *names)
{
	uint8_t wire[DNS_NAME_MAX], folded[DNS_NAME_MAX];

	for (size_t i = 0; i < names->count; i++) {
		size_t len = name_from_text(names->text[i], wire);
		int err;

		name_fold(folded, wire, len);
		err = nameset_add(set, folded, len, NAMESET_ALL, 0);
		if (err < 0)
			return err;
	}
	return 0;
}

static int fill(struct local_change *c, const struct config *config, const uint8_t key[SUFFIX_KEY])
{
	struct special_options options = { .enabled = config->special_names,
		.except = (const char *const *)config->special_except.text,
		.except_count = config->special_except.count,
		.domain = config->local_domain,
		.no_firefox = !config->firefox_may_bypass,
		.no_private_relay = !config->private_relay_may_bypass };
	int err;

	c->config = config;
	nameset_init(&c->private_except, key);
	err = special_init(&c->special, &options);
	return err < 0 ? err : fill_exceptions(&c->private_except, &config->private_except);
}

struct local_change *local_prepare(const struct config *config, const uint8_t key[SUFFIX_KEY])
{
	struct local_change *c = calloc(1, sizeof *c);

	if (c && fill(c, config, key) == 0)
		return c;
	local_change_free(c);
	return NULL;
}

void local_change_free(struct local_change *c)
{
	if (!c)
		return;
	special_deinit(&c->special);
	nameset_deinit(&c->private_except);
	free(c);
}

void local_change(struct local *l, struct local_change *c)
{
	struct local_change before = { l->config, l->special, l->private_except };

	if (!l->config || !config_texts_equal(&l->config->block, &c->config->block))
		memset(l->blocked, 0, sizeof l->blocked);
	l->config = c->config;
	l->special = c->special;
	l->private_except = c->private_except;
	*c = before;
}

int local_init(struct local *l, const struct config *config, struct stats *stats,
	const uint8_t key[SUFFIX_KEY])
{
	struct local_change *c = local_prepare(config, key);

	memset(l, 0, offsetof(struct local, reply));
	l->stats = stats;
	memcpy(l->key, key, SUFFIX_KEY);
	if (!c)
		return -ENOMEM;
	local_change(l, c);
	local_change_free(c);
	return 0;
}

void local_deinit(struct local *l)
{
	special_deinit(&l->special);
	nameset_deinit(&l->private_except);
	local_names_unref(l->names);
	local_blocks_unref(l->blocks);
	l->names = NULL;
	l->blocks = NULL;
}

void local_set_names(struct local *l, struct local_names *names)
{
	local_names_ref(names);
	local_names_unref(l->names);
	l->names = names;
}

void local_set_blocks(struct local *l, struct local_blocks *blocks)
{
	local_blocks_ref(blocks);
	local_blocks_unref(l->blocks);
	l->blocks = blocks;
}

/* ------------------------------------------------------------------ answers */

/* RFC 8482 4.2: something small instead of everything. */
static void any_reply(struct local_reply *r)
{
	static const uint8_t hinfo[] = { 7, 'R', 'F', 'C', '8', '4', '8', '2', 0 };

	local_reply_add(r, DNS_TYPE_HINFO, ANY_TTL, hinfo, sizeof hinfo);
	r->ede = (struct ede){ EDE_SYNTHESIZED, "ANY is answered by RFC 8482" };
}

/* Whoever validates asks the parent of a zone for its DS: the zone itself says nothing of it (RFC 8375 4). */
static bool asks_parent(const struct special_name *zone, const struct suffixes *x, uint16_t type)
{
	return zone && type == DNS_TYPE_DS && zone->labels == x->count;
}

/* Before special-use names go zones that are no shorter. */
static bool is_special(const struct special_name *n, unsigned zone_labels)
{
	return n && (n->forced || zone_labels < n->labels);
}

/* An alias to what nobody outside is asked for ends there. */
static void stay_inside(struct local *l)
{
	uint8_t name[DNS_NAME_MAX];
	struct dns_question target = { .name = name };
	unsigned zone_labels;
	struct suffixes x;
	size_t len;

	if (!l->reply.outside)
		return;
	len = name_len(l->reply.outside);
	name_fold(name, l->reply.outside, len);
	suffixes_of(l->key, name, len, &x);
	target.name_len = (uint8_t)len;
	route_find(&l->routes, &target, &zone_labels);
	if (is_special(special_find(&l->special, &x), zone_labels))
		l->reply.outside = NULL;
}

static bool try_records(struct local *l, const struct suffixes *x, uint16_t type)
{
	const struct records *records = &l->names->records;

	if (type == DNS_TYPE_ANY) {
		if (!records_find(records, x))
			return false;
		any_reply(&l->reply);
	} else if (!local_reply_records(&l->reply, records, x, type)) {
		return false;
	}
	stay_inside(l);
	l->stats->local_records++;
	return true;
}

static bool try_special(struct local *l, const struct special_name *n, const struct suffixes *x,
	uint16_t type, unsigned zone_labels)
{
	bool has_records = l->names && l->names->records.count > 0;

	if (!is_special(n, zone_labels) ||
		!special_answer(n, x, type, has_records && records_is_parent(&l->names->records, x),
			has_records, &l->reply))
		return false;
	l->stats->local_special++;
	return true;
}

static bool try_any(struct local *l, uint16_t type, bool stream)
{
	if (type != DNS_TYPE_ANY || stream)
		return false;
	any_reply(&l->reply);
	l->stats->local_any++;
	return true;
}

/* An address that DNS64 made is called what the IPv4 address inside is called. */
static bool try_dns64(struct local *l, const struct suffixes *x, uint16_t type)
{
	size_t len;

	if (!l->dns64 || !l->dns64->known || type != DNS_TYPE_PTR)
		return false;
	len = dns64_reverse(&l->dns64->prefix, x, l->dns64_name);
	if (len == 0)
		return false;
	local_reply_add(&l->reply, DNS_TYPE_CNAME, DNS64_TTL_MAX, l->dns64_name, len);
	l->reply.ede = (struct ede){ EDE_SYNTHESIZED, "DNS64" };
	l->reply.outside = l->dns64_name;
	stay_inside(l);
	return true;
}

/* Addresses that nobody can reach, where they are asked for. */
static bool add_null(struct local_reply *r, uint16_t type)
{
	static const uint8_t zero[16];

	if (type != DNS_TYPE_A && type != DNS_TYPE_AAAA)
		return false;
	local_reply_add(r, type, BLOCK_TTL, zero, type == DNS_TYPE_A ? 4 : 16);
	return true;
}

static bool try_block(struct local *l, const struct suffixes *x, uint16_t type)
{
	struct local_reply *r = &l->reply;
	unsigned list;

	if (!nameset_match(&l->blocks->set, x, &list))
		return false;
	l->blocked[list]++;
	l->stats->blocked++;
	r->ede = (struct ede){ EDE_BLOCKED, "block list" };
	if (l->config->block_answer == BLOCK_NXDOMAIN)
		r->rcode = RCODE_NXDOMAIN;
	if (l->config->block_answer != BLOCK_NULL || !add_null(r, type))
		local_reply_soa(r, DNS_AUTHORITY, x->name, BLOCK_TTL);
	return true;
}

const struct local_reply *local_answer(
	struct local *l, const struct dns_question *q, bool stream, unsigned zone_labels)
{
	const struct special_name *special;
	struct suffixes x;

	if (q->class != DNS_CLASS_IN)
		return NULL;
	suffixes_of(l->key, q->name, q->name_len, &x);
	local_reply_init(&l->reply);
	special = special_find(&l->special, &x);
	if ((l->names && !asks_parent(special, &x, q->type) && try_records(l, &x, q->type)) ||
		try_special(l, special, &x, q->type, zone_labels) || try_any(l, q->type, stream) ||
		(zone_labels == 0 &&
			(try_dns64(l, &x, q->type) || (l->blocks && try_block(l, &x, q->type)))))
		return &l->reply;
	return NULL;
}

const struct local_reply *local_join(struct local *l, const struct dns_question *q, bool stream,
	unsigned zone_labels, const struct dns_message *answer)
{
	const struct local_reply *own = local_answer(l, q, stream, zone_labels);

	/* The records may have changed meanwhile, so that the answer is none to this question. */
	if (!own || !own->outside || !local_reply_append(&l->reply, answer)) {
		local_reply_init(&l->reply);
		l->reply.rcode = RCODE_SERVFAIL;
		l->reply.ede = (struct ede){ EDE_OTHER, "the alias can't be followed" };
	}
	return &l->reply;
}

bool local_refuses(
	const struct local *l, const struct dns_question *q, const struct dns_message *answer)
{
	const struct config *c = l->config;
	uint8_t name[DNS_NAME_MAX];
	struct suffixes x;

	if (c->private_address_count == 0 ||
		!private_in_answer(c->private_address, c->private_address_count, answer))
		return false;
	name_fold(name, q->name, q->name_len);
	suffixes_of(l->key, name, q->name_len, &x);
	return !nameset_match(&l->private_except, &x, NULL);
}

const struct local_reply *local_refuse(
	struct local *l, const struct dns_question *q, const struct dns_message *answer)
{
	if (!local_refuses(l, q, answer))
		return NULL;
	l->stats->refused_private++;
	local_reply_init(&l->reply);
	l->reply.ede = (struct ede){ EDE_BLOCKED, "the answer points to a private address" };
	return &l->reply;
}
