/* Lookups with a cache: hits, joining, old answers, prefetch. */
#include "tests/unit/lookup_case.h"

static int begin_cached(void **state)
{
	struct cache_settings s = {
		.size = 1024 * 1024, .max_ttl_s = 86400, .stale_s = 86400, .secret = { 5 }
	};

	cache = cache_new(&s);
	assert_non_null(cache);
	return begin(state);
}

static int end_cached(void **state)
{
	int err = end(state);

	cache_free(cache);
	cache = NULL;
	return err;
}

/* Question number `n` by waiter i, with these flags; edns: DO as said. */
static int ask(unsigned i, unsigned n, uint16_t flags, bool dnssec_ok)
{
	uint8_t bytes[100];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	char name[30];

	snprintf(name, sizeof name, n % 2 ? "Q%u.exAmple.com" : "q%u.Example.com", n);
	put_header(&w, (uint16_t)(100 + i), (uint16_t)(0x0100 | flags), 1);
	put_question(&w, name, DNS_TYPE_A);
	if (dnssec_ok) {
		put_opt(&w, "");
		bytes[w.pos - 4] = 0x80;
	}
	return start_bytes(i, bytes, w.pos);
}

static int ask_plain(unsigned i, unsigned n)
{
	return ask(i, n, 0, false);
}

/* The ith message sent is answered so. */
static void answer(struct fake *f, long i, unsigned rcode, uint32_t ttl)
{
	uint8_t out[FAKE_ANSWER_MAX];
	struct fake_message *query = fake_sent(f, i);
	size_t len = fake_answer(query, FAKE_NO_OPT, out);

	query->answered = true;
	out[3] = (uint8_t)((out[3] & 0xf0) | rcode);
	wire_put32(out + len - 10, ttl);
	if (rcode) {
		out[7] = 0;
		len -= 16;
	}
	fake_deliver(f, out, len);
	turn();
}

static struct fake *up(void)
{
	struct fake *f;

	assert_int_equal(start(WAITERS - 1), 0);
	f = fake_at(&net, -1);
	fake_ready(f);
	turn();
	answer(f, 0, 0, 0); /* not kept */
	assert_int_equal(waiters[WAITERS - 1].answered, 1);
	return f;
}

static void pass(uint64_t us)
{
	turning = true;
	fake_wait(&net, us);
	turning = false;
}

/* The machine sleeps: only the clock that ages goes on. */
static void sleep_s(uint32_t s)
{
	asleep_s += s;
	net.clock_us++; /* another turn */
	turn();
}

/* Waiter 0 asks and is answered with this TTL. */
static void learn(struct fake *f, unsigned n, uint32_t ttl)
{
	unsigned before = waiters[0].answered;

	assert_int_equal(ask_plain(0, n), 0);
	turn();
	answer(f, -1, 0, ttl);
	assert_int_equal(waiters[0].answered, before + 1);
}

/* ------------------------------------------------------------------ hits */

static void test_hit(void **state)
{
	struct fake *f = up();
	size_t sent;

	(void)state;
	learn(f, 1, 300);
	sent = f->sent_count;
	assert_int_equal(ask_plain(1, 1), 1);
	assert_int_equal(ask(1, 1, DNS_CD, false), 0); /* another key */
	turn();
	assert_int_equal(f->sent_count, sent + 1);
	answer(f, -1, 0, 300);
	assert_int_equal(ask(1, 1, DNS_CD, false), 1);
	assert_int_equal(ask(1, 1, 0, true), 0);
	lookup_leave(&lookups, &waiters[1].waiter, NULL);
	sleep_s(299);
	assert_int_equal(ask_plain(1, 1), 1);
	sleep_s(1); /* TTLs pass while the machine sleeps */
	assert_int_equal(ask_plain(1, 1), 0);
	assert_int_equal(net.stats.cache_hits, 3);
}

static void test_no_cache_for_this_group(void **state)
{
	struct fake *f = up();

	(void)state;
	pool.cache_policy = 0;
	learn(f, 1, 300);
	learn(f, 1, 300);
	assert_int_equal(net.stats.cache_hits, 0);
}

/* Another policy, other answers. */
static void test_policy(void **state)
{
	struct fake *f = up();

	(void)state;
	learn(f, 1, 300);
	pool.cache_policy = POLICY + 1;
	learn(f, 1, 300);
	pool.cache_policy = POLICY;
	assert_int_equal(ask_plain(1, 1), 1);
}

#define SIGNED                                                                                     \
	"4242 0100 0001 0000 0000 0001 0271 31 07 6578616d706c65 03636f6d 00 0001 0001"            \
	"00 00fa 00ff 00000000 0013 00 000000000001 012c 0002 abcd 4242 0000 0000"
#define WITH_DAU                                                                                   \
	"4242 0100 0001 0000 0000 0001 0271 31 07 6578616d706c65 03636f6d 00 0001 0001"            \
	"00 0029 0200 00000000 0006 0005 0002 080d"

/* A signed query is always asked, alone, and its answer not kept. */
static void test_signed(void **state)
{
	struct fake *f = up();

	(void)state;
	learn(f, 1, 300);
	assert_int_equal(start_hex(1, SIGNED), 0);
	assert_int_equal(start_hex(2, SIGNED), 0);
	turn();
	assert_int_equal(f->sent_count, 4);
	fake_answer_nth(f, 2);
	fake_answer_nth(f, 3);
	turn();
	assert_int_equal(waiters[1].answered + waiters[2].answered, 2);
}

/* What clients don't get is given to nobody later, and what was known stays. */
static void test_refused(void **state)
{
	struct fake *f = up();

	(void)state;
	learn(f, 1, 300);
	learn(f, 2, 10);
	sleep_s(11);
	refused_name = "q2.example.com";
	refused = 0;
	learn(f, 2, 300); /* the waiter judges it for itself */
	assert_int_equal(refused, 1);
	assert_int_equal(ask_plain(1, 2), 0);
	turn();
	answer(f, -1, RCODE_SERVFAIL, 0);
	assert_int_equal(waiters[1].cached, 1);
	assert_true(waiters[1].stale);
	assert_int_equal(ask_plain(2, 1), 1); /* another name */
	refused_name = NULL;
}

/* A zone's answers are not judged. */
static void test_refused_in_a_zone(void **state)
{
	struct fake *f = up();
	struct pool *forward = lookups.setup.routes.forward, other = { .count = 0 };

	(void)state;
	refused_name = "q2.example.com";
	refused = 0;
	assert_int_equal(ask_plain(0, 2), 0);
	turn();
	lookups.setup.routes.forward = &other; /* now it was asked of a zone */
	answer(f, -1, 0, 300);
	lookups.setup.routes.forward = forward;
	assert_int_equal(waiters[0].answered, 1);
	assert_int_equal(refused, 0);
	assert_int_equal(ask_plain(1, 2), 1);
	refused_name = NULL;
}

/* Options that are copied go with their query alone; the cache answers it all the same. */
static void test_copied_options(void **state)
{
	struct fake *f = up();

	(void)state;
	assert_int_equal(start_hex(1, WITH_DAU), 0);
	assert_int_equal(start_hex(2, WITH_DAU), 0);
	assert_int_equal(ask_plain(3, 1), 0);
	turn();
	assert_int_equal(f->sent_count, 4);
	answer(f, 1, 0, 300);
	assert_int_equal(waiters[1].answered, 1);
	assert_int_equal(waiters[2].done + waiters[3].done, 0);
	assert_int_equal(start_hex(1, WITH_DAU), 1);
}

/* ------------------------------------------------------------------ joining */

static void test_joined(void **state)
{
	struct fake *f = up();

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(ask_plain(i, 2), 0);
	assert_int_equal(ask(6, 2, DNS_CD, false), 0);
	turn();
	assert_int_equal(f->sent_count, 3);
	assert_int_equal(lookups.slab.used, 2);
	assert_int_equal(net.stats.joined, 5);
	lookup_leave(&lookups, &waiters[3].waiter, NULL);
	fake_answer_nth(f, 1);
	turn();
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(waiters[i].answered, i != 3);
	assert_int_equal(waiters[6].done, 0);
}

static void test_ad_joins(void **state)
{
	struct fake *f = up();

	(void)state;
	assert_int_equal(ask_plain(0, 2), 0);
	assert_int_equal(ask(1, 2, DNS_AD, false), 0); /* wants what the first did not ask for */
	assert_int_equal(ask_plain(2, 2), 0);
	assert_int_equal(ask(3, 2, DNS_AD, false), 0);
	turn();
	assert_int_equal(f->sent_count, 3);
	answer(f, 2, 0, 300);
	assert_int_equal(waiters[1].answered + waiters[3].answered, 2);
	assert_int_equal(ask(3, 2, DNS_AD, false), 1);
	answer(f, 1, 0, 300);
	assert_int_equal(waiters[0].answered, 1);
}

static void test_waiters_are_bounded(void **state)
{
	static struct waiter many[LOOKUP_WAITERS_MAX];
	uint8_t bytes[] = "\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1";
	struct dns_message m;
	struct edns e = { 0 };
	struct lookup_ask a;

	(void)state;
	assert_int_equal(message_parse(bytes, sizeof bytes - 1, &m), MESSAGE_OK);
	lookup_prepare(&lookups, &m, &e, &a);
	for (unsigned i = 0; i < LOOKUP_WAITERS_MAX; i++)
		assert_int_equal(lookup_start(&lookups, &a, &many[i].waiter), 0);
	assert_int_equal(lookup_start(&lookups, &a, &waiters[0].waiter), -EBUSY);
	assert_int_equal(net.stats.bound_waiters, 1);
	assert_int_equal(lookups.slab.used, 1);
	lookup_leave(&lookups, &many[7].waiter, NULL);
	assert_int_equal(lookup_start(&lookups, &a, &waiters[0].waiter), 0);
	for (unsigned i = 0; i < LOOKUP_WAITERS_MAX; i++)
		lookup_leave(&lookups, &many[i].waiter, NULL);
	assert_int_equal(lookups.slab.used, 1);
}

static void test_joining_without_cache(void **state)
{
	struct fake *f = up();

	(void)state;
	assert_null(lookups.setup.cache);
	ask_plain(0, 1);
	ask_plain(1, 1);
	turn();
	assert_int_equal(f->sent_count, 2);
	fake_answer_nth(f, 1);
	turn();
	assert_int_equal(waiters[0].answered + waiters[1].answered, 2);
	assert_int_equal(ask_plain(0, 1), 0);
}

/* Asking again from inside done() starts anew, or is a hit; it never joins what is over. */
static void ask_again(struct waiter *w)
{
	then = NULL;
	assert_int_equal(ask_plain((unsigned)(w - waiters), 3), 0);
}

static void test_start_inside_done(void **state)
{
	struct fake *f = up();

	(void)state;
	then = ask_again;
	ask_plain(0, 3);
	ask_plain(1, 3);
	turn();
	answer(f, -1, 0, 0);
	assert_int_equal(waiters[0].answered + waiters[1].answered, 2);
	turn();
	assert_int_equal(f->sent_count, 3);
	answer(f, -1, 0, 0);
	assert_int_equal(waiters[0].answered, 2);
}

/* ------------------------------------------------------------------ SERVFAIL */

static void test_servfail(void **state)
{
	struct fake *f = up();

	(void)state;
	ask_plain(0, 1);
	turn();
	answer(f, -1, 2, 0);
	assert_int_equal(waiters[0].rcode, 2);
	assert_int_equal(ask_plain(0, 1), 1);
	pass(SEC);
	assert_int_equal(ask_plain(0, 1), 0);
	turn();
	answer(f, -1, 2, 0);
	pass(SEC);
	assert_int_equal(ask_plain(0, 1), 1); /* two seconds this time */
	pass(SEC);
	assert_int_equal(ask_plain(0, 1), 0);
}

/* ------------------------------------------------------------------ old answers */

static void grow_old(struct fake *f, unsigned n)
{
	learn(f, n, 10);
	sleep_s(10);
}

static void test_stale_after_a_while(void **state)
{
	struct fake *f = up();

	(void)state;
	lookups.setup.max = 16;
	grow_old(f, 1);
	assert_int_equal(ask_plain(0, 1), 0);
	pass(LOOKUP_STALE_AFTER_US - 1);
	assert_int_equal(waiters[0].cached, 0);
	pass(1);
	assert_int_equal(waiters[0].cached, 1);
	assert_true(waiters[0].stale);
	assert_int_equal(lookups.alone_count, 1);
	assert_int_equal(ask_plain(1, 1), 1); /* at once now */
	assert_true(waiters[1].stale);
	answer(f, -1, 0, 20); /* it went on */
	assert_int_equal(lookups.slab.used, 0);
	assert_int_equal(ask_plain(1, 1), 1);
	assert_false(waiters[1].stale);
	assert_int_equal(waiters[0].cached, 1);
	assert_int_equal(net.stats.cache_stale, 2);
}

static void test_fresh_in_time(void **state)
{
	struct fake *f = up();

	(void)state;
	grow_old(f, 1);
	assert_int_equal(ask_plain(0, 1), 0);
	pass(LOOKUP_STALE_AFTER_US - 1);
	answer(f, -1, 0, 20);
	assert_int_equal(waiters[0].answered, 2);
	pass(SEC);
	assert_int_equal(waiters[0].cached, 0);
}

static const struct {
	const char *name;
	unsigned rcode;
	bool stale;
} failures[] = {
	{ "SERVFAIL", 2, true },
	{ "REFUSED", 5, true },
	{ "FORMERR", 1, true },
	{ "NXDOMAIN", 3, false },
};

static void test_stale_instead_of_failure(void **state)
{
	struct fake *f = up();

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(failures); i++) {
		const char *row = failures[i].name;
		unsigned cached = waiters[0].cached;

		grow_old(f, i);
		expect_int(row, ask_plain(0, i), 0);
		turn();
		answer(f, -1, failures[i].rcode, 0);
		expect_int(row, waiters[0].cached, cached + failures[i].stale);
		expect_int(row, waiters[0].rcode, failures[i].stale ? 0 : failures[i].rcode);
		expect_int(row, waiters[0].waiter.lookup != NULL, false);
		expect_int(row, ask_plain(1, i), failures[i].stale);
		lookup_leave(&lookups, &waiters[1].waiter, NULL);
		sleep_s(CACHE_STALE_RETRY_S);
		expect_int(row, ask_plain(1, i), 0); /* it is tried again */
		lookup_leave(&lookups, &waiters[1].waiter, NULL);
	}
}

/* Nothing but loss: what was known is given in the end, and several wait for it. */
static void test_stale_when_lost(void **state)
{
	struct fake *f = up();

	(void)state;
	grow_old(f, 1);
	assert_int_equal(ask_plain(0, 1), 0);
	assert_int_equal(ask_plain(1, 1), 0);
	turn();
	for (unsigned i = 0; i < 3; i++) {
		fake_end(f, FAULT_RESET, STAGE_DNS);
		turn();
		if (waiters[0].cached)
			break;
		f = await_attempt();
		fake_ready(f);
		turn();
	}
	pass(2 * SEC);
	assert_int_equal(waiters[0].cached, 1);
	assert_int_equal(waiters[1].cached, 1);
	assert_true(waiters[0].stale);
}

/* The deadline of a client: old is better than nothing, and nothing is nothing. */
static void test_stale_at_the_deadline(void **state)
{
	struct fake *f = up();

	(void)state;
	grow_old(f, 1);
	ask_plain(0, 1);
	ask_plain(1, 5);
	turning = true;
	assert_true(lookup_give_stale(&lookups, &waiters[0].waiter));
	assert_false(lookup_give_stale(&lookups, &waiters[1].waiter));
	turning = false;
	assert_int_equal(waiters[0].cached, 1);
	assert_non_null(waiters[1].waiter.lookup);
}

/* What goes on without a client ends by itself. */
static void test_alone_ends(void **state)
{
	struct fake *f = up();

	(void)state;
	lookups.setup.max = 16;
	grow_old(f, 1);
	ask_plain(0, 1);
	pass(LOOKUP_STALE_AFTER_US);
	assert_int_equal(lookups.slab.used, 1);
	pass(lookups.setup.timeout_us - 1);
	assert_int_equal(lookups.slab.used, 1);
	pass(1);
	assert_int_equal(lookups.slab.used, 0);
	assert_int_equal(lookups.alone_count, 0);
}

static void test_alone_is_joined(void **state)
{
	struct fake *f = up();
	size_t sent;

	(void)state;
	lookups.setup.max = 16;
	grow_old(f, 1);
	ask_plain(0, 1);
	pass(LOOKUP_STALE_AFTER_US);
	sent = f->sent_count;
	sleep_s(6); /* the rest is over */
	assert_int_equal(ask_plain(1, 1), 0);
	turn();
	assert_int_equal(f->sent_count, sent);
	assert_int_equal(lookups.alone_count, 0);
	answer(f, -1, 0, 20);
	assert_int_equal(waiters[1].answered, 1);
}

/* A group that is asked only what clients wait for. */
static void test_no_refresh(void **state)
{
	struct fake *f = up();

	(void)state;
	pool.no_refresh = true;
	grow_old(f, 1);
	ask_plain(0, 1);
	pass(LOOKUP_STALE_AFTER_US);
	assert_int_equal(waiters[0].cached, 1);
	assert_int_equal(lookups.slab.used, 0);
}

static void test_alone_is_bounded(void **state)
{
	struct fake *f = up();

	(void)state;
	lookups.setup.max = 8; /* one of them may be alone */
	grow_old(f, 1);
	learn(f, 2, 1);
	sleep_s(1);
	ask_plain(0, 1);
	ask_plain(1, 2);
	pass(LOOKUP_STALE_AFTER_US);
	assert_int_equal(waiters[0].cached + waiters[1].cached, 2);
	assert_int_equal(lookups.slab.used, 1);
	assert_int_equal(net.stats.bound_refreshes, 1);
}

/* ------------------------------------------------------------------ prefetch */

static void test_prefetch(void **state)
{
	struct fake *f = up();
	size_t sent;

	(void)state;
	lookups.setup.max = 16;
	learn(f, 1, 100);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(ask_plain(0, 1), 1);
	sent = f->sent_count;
	sleep_s(90);
	assert_int_equal(ask_plain(0, 1), 1);
	assert_int_equal(ask_plain(0, 1), 1);
	turn();
	assert_int_equal(f->sent_count, sent + 1);
	assert_int_equal(net.stats.cache_prefetches, 1);
	answer(f, -1, 0, 100);
	sleep_s(50); /* it would be over by now */
	assert_int_equal(ask_plain(0, 1), 1);
	assert_false(waiters[0].stale);
	assert_int_equal(lookups.slab.used, 0);
}

/* At most a twentieth more queries, however many answers are about to expire. */
static void test_prefetch_is_bounded(void **state)
{
	struct fake *f = up();
	unsigned asked = 0;

	(void)state;
	lookups.setup.max = 1000;
	upstream.session.max_inflight = 1000;
	lookups.slab.max = 1000;
	for (unsigned n = 0; n < 100; n++)
		learn(f, n, 100);
	sleep_s(91);
	for (unsigned round = 0; round < 5; round++)
		for (unsigned n = 0; n < 100; n++, asked++)
			assert_int_equal(ask_plain(0, n), 1);
	assert_true(net.stats.cache_prefetches > 0);
	assert_true(net.stats.cache_prefetches * 20 <= asked + 101);
}

static void test_prefetch_off(void **state)
{
	struct fake *f = up();

	(void)state;
	lookups.setup.max = 16;
	lookups.setup.prefetch = false;
	learn(f, 1, 100);
	for (unsigned i = 0; i < 40; i++)
		ask_plain(0, 1);
	sleep_s(95);
	for (unsigned i = 0; i < 3; i++)
		ask_plain(0, 1);
	assert_int_equal(net.stats.cache_prefetches, 0);
	assert_int_equal(lookups.slab.used, 0);
}

/* ------------------------------------------------------------------ below what does not exist */

/* example.com does not exist, as somebody says who is believed; for so many seconds from now on. */
static void deny_example(uint8_t ttl)
{
	uint8_t bytes[200];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct dns_message m;
	struct cache_answer a = { .message = &m, .trusted = true, .ad_asked = true };
	struct cache_key k;

	put_header(&w, 1, 0x8180 | DNS_AD | RCODE_NXDOMAIN, 1);
	put_question(&w, "example.com", DNS_TYPE_MX);
	put_hex(&w, "00 0006 0001 00000e10 0016 00 00 00000001 00000e10 00000384 00093a80 000000");
	wire_write(&w, &ttl, 1);
	bytes[9] = 1;
	assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
	cache_key_make(&k, cache_secret(cache), &m.question, 0, POLICY);
	assert_int_equal(cache_store(cache, &k, &a, boottime_s(NULL)), CACHE_STORED);
}

static void test_cut(void **state)
{
	struct fake *f = up();
	size_t sent;

	(void)state;
	learn(f, 1, 100);
	learn(f, 2, 300);
	deny_example(200);
	sent = f->sent_count;
	assert_int_equal(ask_plain(1, 1), 1); /* its own answer comes first */
	assert_int_equal(net.stats.cache_cuts + net.stats.cache_cut_probes, 0);
	sleep_s(101);
	assert_int_equal(ask_plain(1, 1), 1); /* what is fresh comes before what is old */
	assert_false(waiters[1].stale);
	assert_int_equal(ask(1, 3, DNS_AD, false), 1);
	assert_int_equal(net.stats.cache_cuts, 2);
	assert_int_equal(f->sent_count, sent);
	for (uint16_t i = 0; i < 3; i++) { /* CD, DO, another policy: other keys */
		pool.cache_policy = POLICY + (i == 2);
		assert_int_equal(ask(1, 3, i == 0 ? DNS_CD : 0, i == 1), 0);
		lookup_leave(&lookups, &waiters[1].waiter, NULL);
	}
	pool.cache_policy = POLICY;
	assert_int_equal(start_hex(2, SIGNED), 0);
	pool.cache_policy = 0;
	assert_int_equal(ask_plain(1, 3), 0);
	assert_int_equal(net.stats.cache_cuts, 2);
}

/* It is not renewed ahead by those who ask for what is below, and not given when it is old. */
static void test_cut_ends(void **state)
{
	struct fake *f = up();
	size_t sent;

	(void)state;
	deny_example(200);
	sent = f->sent_count;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask_plain(1, i), 1);
	sleep_s(199);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask_plain(1, i), 1);
	turn();
	assert_int_equal(f->sent_count, sent);
	assert_int_equal(net.stats.cache_prefetches, 0);
	sleep_s(1);
	assert_int_equal(ask_plain(1, 1), 0);
	assert_int_equal(net.stats.cache_cuts, 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_cached, end_cached)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hit),
		TEST(test_no_cache_for_this_group),
		TEST(test_policy),
		TEST(test_refused),
		TEST(test_refused_in_a_zone),
		TEST(test_signed),
		TEST(test_copied_options),
		TEST(test_joined),
		TEST(test_ad_joins),
		TEST(test_waiters_are_bounded),
		cmocka_unit_test_setup_teardown(test_joining_without_cache, begin, end),
		TEST(test_start_inside_done),
		TEST(test_servfail),
		TEST(test_stale_after_a_while),
		TEST(test_fresh_in_time),
		TEST(test_stale_instead_of_failure),
		TEST(test_stale_when_lost),
		TEST(test_stale_at_the_deadline),
		TEST(test_alone_ends),
		TEST(test_alone_is_joined),
		TEST(test_no_refresh),
		TEST(test_alone_is_bounded),
		TEST(test_prefetch),
		TEST(test_prefetch_is_bounded),
		TEST(test_prefetch_off),
		TEST(test_cut),
		TEST(test_cut_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
