#include "proxy/client/reply.h"

#include "common/base/tap.h"
#include "common/dns/rewrite.h"
#include "proxy/client/query.h"
#include "proxy/client/querylog.h"
#include "proxy/loop.h"

/* Largest reply without records: header, longest question, OPT with cookie, keepalive and an EDE. */
#define ERROR_REPLY_MAX 768u
/* What a reply of our own needs beside its records. */
#define OWN_REPLY_HEAD 768u

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_logged(const struct reply_to *to)
{
	return to->queries->config->log_queries;
}

static uint8_t *reserve(const struct reply_to *to, size_t cap)
{
	return to->origin->ops->reserve(to->origin, cap);
}

/* Those that were given at once are counted as replies already. */
static void count(struct stats *stats, unsigned rcode, uint64_t took_us)
{
	stats->replies++;
	stats->rcodes[least(rcode, STATS_RCODE_OTHER)]++;
	if (took_us > 0)
		histogram_add(&stats->waited, took_us);
}

static void tap_reply(const struct reply_to *to, const uint8_t *reply, size_t len)
{
	struct tap *tap = to->queries->loop->tap;

	if (tap)
		tap_message(tap, &(struct tap_message){ TAP_CLIENT_RESPONSE,
			to->origin->stream ? TAP_TCP : TAP_UDP, &to->origin->peer, reply, len,
			to->took_us });
}

/* len 0: nothing was written.  extended: what of its rcode the header has no room for. */
static void commit(
	const struct reply_to *to, const uint8_t *reply, size_t len, unsigned extended, bool ours)
{
	struct stats *stats = &to->queries->loop->stats;

	if (len == 0)
		return;
	count(stats, extended | (reply[3] & DNS_RCODE_MASK), to->took_us);
	if (ours && (reply[3] & DNS_RCODE_MASK) == RCODE_SERVFAIL)
		stats->replies_servfail++;
	if (!ours && reply[2] & (DNS_TC >> 8))
		stats->replies_truncated++;
	tap_reply(to, reply, len);
	to->origin->ops->commit(to->origin, len);
}

void reply_error(const struct reply_to *to, unsigned rcode, struct ede ede)
{
	size_t cap = least(to->form->limit, ERROR_REPLY_MAX);
	unsigned extended = to->form->edns ? rcode & ~DNS_RCODE_MASK : 0;
	uint8_t *out;

	if (is_logged(to))
		querylog_failure(to->form, to->origin, rcode, ede, to->took_us);
	out = reserve(to, cap);
	if (out)
		commit(to, out, rewrite_error(to->form, rcode, ede, out, cap), extended, true);
}

void reply_truncated(const struct reply_to *to)
{
	size_t cap = least(to->form->limit, ERROR_REPLY_MAX);
	uint8_t *out = reserve(to, cap);

	if (out)
		commit(to, out, rewrite_truncated(to->form, out, cap), 0, true);
}

void reply_own(const struct reply_to *to, const struct local_reply *r)
{
	size_t cap = least(to->form->limit, r->records.pos + OWN_REPLY_HEAD);
	uint8_t *out;

	if (is_logged(to))
		querylog_failure(to->form, to->origin, r->rcode, r->ede, to->took_us);
	out = reserve(to, cap);
	if (out)
		commit(to, out, local_reply_write(r, to->form, out, cap), 0, false);
}

bool reply_answer(const struct reply_to *to, const struct request *result)
{
	const struct dns_message *answer = &result->answer;
	size_t cap = least(to->form->limit, answer->len + REPLY_EXTRA), len;
	uint8_t *out = reserve(to, cap);

	if (!out)
		return true;
	len = rewrite_answer(answer, result->trusted, to->form, out, cap);
	if (len > 0 && is_logged(to))
		querylog_answer(to->form, to->origin, result, out, to->took_us);
	commit(to, out, len, 0, false);
	return len > 0;
}

bool reply_hit(const struct reply_to *to, const struct cache_hit *hit)
{
	size_t cap = cache_reply_max(hit, to->form), len;
	uint8_t *out = reserve(to, cap);

	if (!out)
		return true;
	len = cache_write(hit, to->form, out, cap);
	if (len > 0 && is_logged(to))
		querylog_hit(to->form, to->origin, hit, out, to->took_us);
	commit(to, out, len, 0, false);
	return len > 0;
}
