#include "common/cache/snapshot.h"

#include <errno.h>
#include <string.h>

#include "common/base/siphash.h"
#include "common/dns/wire.h"

#define MAGIC	     "dnsfwdC1"
#define MAGIC_LEN    8u
#define HEAD_LEN     (MAGIC_LEN + 8u)
#define SUM_LEN	     8u
#define ANSWER_FIXED 13u /* policy, seconds left, flags */

enum answer_flags { ANSWER_TRUSTED = 0x10, ANSWER_AD_ASKED = 0x20, ANSWER_KEY = 0x03 };

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)wire_get32(p) << 32 | wire_get32(p + 4);
}

static void put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, (uint32_t)(v >> 32));
	wire_put32(p + 4, (uint32_t)v);
}

/* Against damage, not against anybody. */
static uint64_t checksum(const uint8_t *data, size_t len)
{
	static const uint8_t no_key[16];

	return siphash(no_key, data, len);
}

/* ------------------------------------------------------------------ writing */

struct writer {
	struct bytes *out;
	int err;
};

static void append(struct writer *w, const void *data, size_t len)
{
	if (w->err == 0)
		w->err = bytes_append(w->out, data, len);
}

static void write_answer(void *arg, const struct cache_item *item)
{
	uint8_t fixed[4 + ANSWER_FIXED];

	wire_put32(fixed, (uint32_t)(ANSWER_FIXED + item->len));
	put64(fixed + 4, item->key.policy);
	wire_put32(fixed + 12, (uint32_t)item->left_s);
	fixed[16] = (uint8_t)(item->key.flags | (item->trusted ? ANSWER_TRUSTED : 0) |
			      (item->ad_asked ? ANSWER_AD_ASKED : 0));
	append(arg, fixed, sizeof fixed);
	append(arg, item->message, item->len);
}

int snapshot_make(struct cache *c, uint32_t now, uint64_t since_1970_s, struct bytes *ret)
{
	struct writer w = { .out = ret };
	uint8_t head[HEAD_LEN], sum[SUM_LEN];
	size_t begin = bytes_len(ret);

	memcpy(head, MAGIC, MAGIC_LEN);
	put64(head + MAGIC_LEN, since_1970_s);
	append(&w, head, sizeof head);
	cache_walk(c, now, write_answer, &w);
	if (w.err == 0)
		put64(sum, checksum(bytes_front(ret) + begin, bytes_len(ret) - begin));
	append(&w, sum, sizeof sum);
	return w.err;
}

/* ------------------------------------------------------------------ reading */

struct taker {
	struct cache *cache;
	uint32_t now;
	uint64_t age_s;
	size_t count;
};

/* Left of so many seconds after so long; all that is long over is the same. */
static int32_t aged(int32_t left_s, uint64_t age_s)
{
	int64_t left = (int64_t)left_s - (int64_t)(age_s < INT32_MAX ? age_s : INT32_MAX);

	return left < -INT32_MAX ? -INT32_MAX : (int32_t)left;
}

/* False: it is no answer. */
static bool take_answer(struct taker *t, const uint8_t *fixed, const uint8_t *data, size_t len)
{
	struct dns_message m;
	struct cache_answer a = { .message = &m,
		.trusted = fixed[12] & ANSWER_TRUSTED,
		.ad_asked = fixed[12] & ANSWER_AD_ASKED };
	struct cache_key k;

	if (message_parse(data, len, &m) != MESSAGE_OK || m.qdcount != 1)
		return false;
	cache_key_make(
		&k, cache_secret(t->cache), &m.question, fixed[12] & ANSWER_KEY, get64(fixed));
	t->count += cache_restore(t->cache, &k, &a, aged((int32_t)wire_get32(fixed + 8), t->age_s),
			    t->now) == CACHE_STORED;
	return true;
}

static bool take_answers(struct taker *t, struct wire_reader *r)
{
	while (wire_left(r) > 0) {
		size_t len = wire_read32(r);
		const uint8_t *fixed = wire_read(r, ANSWER_FIXED);
		const uint8_t *message;

		if (!fixed || len < ANSWER_FIXED)
			return false;
		message = wire_read(r, len - ANSWER_FIXED);
		if (!message || !take_answer(t, fixed, message, len - ANSWER_FIXED))
			return false;
	}
	return !r->bad;
}

const char *snapshot_take(struct cache *c, const uint8_t *data, size_t len, uint32_t now,
	uint64_t since_1970_s, size_t *ret_count)
{
	struct taker t = { .cache = c, .now = now };
	struct wire_reader r = wire_reader(data, len);
	uint64_t then;

	*ret_count = 0;
	if (len < HEAD_LEN + SUM_LEN || memcmp(data, MAGIC, MAGIC_LEN) != 0)
		return "it is no snapshot of this version";
	if (checksum(data, len - SUM_LEN) != get64(data + len - SUM_LEN))
		return "it is damaged";
	then = get64(data + MAGIC_LEN);
	if (then > since_1970_s)
		return "it comes from the future, or the clock is wrong";
	t.age_s = since_1970_s - then;
	r.len -= SUM_LEN;
	r.pos = HEAD_LEN;
	if (!take_answers(&t, &r)) {
		cache_flush(c, &(struct cache_filter){ 0 });
		return "an answer in it is malformed";
	}
	*ret_count = t.count;
	return NULL;
}
