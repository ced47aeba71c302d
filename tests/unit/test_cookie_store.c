#include "common/dns/cookie_store.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

static struct cookie_store store;

static int begin(void **state)
{
	(void)state;
	cookie_store_init(&store, NULL, NULL); /* the clock is for those who take jars */
	return 0;
}

static int end(void **state)
{
	(void)state;
	cookie_store_deinit(&store);
	assert_int_equal(store.count, 0);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), 53, true, &a));
	return a;
}

static struct cookie_jar *take(const char *server, const char *local)
{
	struct addr s = addr(server), l = addr(local);

	return cookie_store_take(&store, &s, &l);
}

static struct cookie_jar *take_nth(unsigned n)
{
	char text[40];

	snprintf(text, sizeof text, "10.%u.%u.1", n / 256, n % 256);
	return take(text, "192.0.2.9");
}

/* When its cookie was made. */
static uint64_t peek_nth(unsigned n)
{
	struct cookie_jar *jar = take_nth(n);

	cookie_store_give_back(&store, jar);
	return jar->made_us;
}

static void test_keyed_by_both_addresses(void **state)
{
	struct cookie_jar *jar = take("192.0.2.1", "192.0.2.9:1111"), *same, *other;

	(void)state;
	jar->phase = JAR_OFFERED;
	same = take("192.0.2.1", "192.0.2.9:2222"); /* another socket */
	assert_ptr_equal(jar, same);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const pairs[][2] = {
			{ "192.0.2.2", "192.0.2.9" }, /* RFC 9018 3: MUST differ */
			{ "192.0.2.1", "192.0.2.8" },
			{ "192.0.2.1:5353", "192.0.2.9" },
			{ "[2001:db8::1]", "[2001:db8::9]" },
		};

		other = take(pairs[i][0], pairs[i][1]);
		assert_ptr_not_equal(other, jar);
		assert_int_equal(other->phase, JAR_EMPTY);
		cookie_store_give_back(&store, other);
	}
	cookie_store_give_back(&store, jar);
	cookie_store_give_back(&store, same);
	jar = take("192.0.2.1", "192.0.2.9"); /* it outlives its sessions */
	assert_int_equal(jar->phase, JAR_OFFERED);
	cookie_store_give_back(&store, jar);
}

static void test_the_one_not_used_for_longest_goes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COOKIE_STORE_MAX; i++) {
		struct cookie_jar *jar = take_nth(i);

		jar->made_us = i + 1;
		cookie_store_give_back(&store, jar);
	}
	cookie_store_give_back(&store, take_nth(0)); /* used again */
	cookie_store_give_back(&store, take_nth(1000));
	assert_int_equal(store.count, COOKIE_STORE_MAX);
	assert_int_equal(peek_nth(0), 1);
	assert_int_equal(peek_nth(2), 3);
	assert_int_equal(peek_nth(1), 0); /* a new one: it had gone */
	assert_int_equal(store.refused, 0);
}

/* Bound hit: a jar that is in use never goes. */
static void test_bound(void **state)
{
	struct cookie_jar *jars[COOKIE_STORE_MAX];

	(void)state;
	for (unsigned i = 0; i < COOKIE_STORE_MAX; i++) {
		jars[i] = take_nth(i);
		assert_non_null(jars[i]);
	}
	assert_null(take_nth(1000));
	assert_null(take_nth(1000));
	assert_int_equal(store.refused, 2);
	assert_int_equal(store.count, COOKIE_STORE_MAX);
	assert_ptr_equal(take_nth(5), jars[5]); /* those that are there are shared */
	cookie_store_give_back(&store, jars[5]);
	cookie_store_give_back(&store, jars[77]);
	jars[77] = take_nth(1000);
	assert_non_null(jars[77]);
	for (unsigned i = 0; i < COOKIE_STORE_MAX; i++)
		cookie_store_give_back(&store, jars[i]);
}

static void test_new_epoch(void **state)
{
	static const struct cookie_jar empty;
	struct cookie_jar *lent = take_nth(1), *idle = take_nth(2);

	(void)state;
	lent->phase = idle->phase = JAR_KNOWN;
	memset(lent->client, 7, sizeof lent->client);
	cookie_store_give_back(&store, idle);
	cookie_store_new_epoch(&store);
	assert_int_equal(store.count, 1);
	assert_memory_equal(lent, &empty, sizeof empty);
	idle = take_nth(2);
	assert_memory_equal(idle, &empty, sizeof empty);
	assert_ptr_equal(take_nth(1), lent);
	cookie_store_give_back(&store, lent);
	cookie_store_give_back(&store, lent);
	cookie_store_give_back(&store, idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keyed_by_both_addresses, begin, end),
		cmocka_unit_test_setup_teardown(test_the_one_not_used_for_longest_goes, begin, end),
		cmocka_unit_test_setup_teardown(test_bound, begin, end),
		cmocka_unit_test_setup_teardown(test_new_epoch, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
