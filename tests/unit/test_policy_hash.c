/* Under what answers are kept: who may answer, how that is checked, and what is refused. */
#include "common/config/policy_hash.h"

#include "tests/unit/config_case.h"

static uint64_t hash_of(const char *text)
{
	struct config *c = load_good(text);
	uint64_t hash = config_forward_hash(c);

	config_unref(c);
	assert_int_not_equal(hash, 0);
	return hash;
}

#define ZONE "zone = ( { name = \"corp.test\"; forward = [ \"9.9.9.9\" ]; } )\n"

/* Each is of its own. */
static const char *const different[] = {
	FORWARD,
	"forward = [ \"9.9.9.10\" ]\n",
	"forward = [ \"9.9.9.9\", \"9.9.9.10\" ]\n",
	FORWARD "private-address = [ \"10.0.0.0/8\" ]\n",
	FORWARD "private-address = [ \"10.0.0.0/9\" ]\n",
	FORWARD "private-address = [ \"11.0.0.0/8\" ]\n",
	FORWARD "private-address = [ \"fd00::/8\" ]\n",
	FORWARD "private-address = [ \"10.0.0.0/8\", \"fd00::/8\" ]\n",
	FORWARD "private-address = [ \"all\" ]\n",
	FORWARD "private-address = [ \"all\" ]\nprivate-address-except = [ \"plex.test\" ]\n",
	FORWARD "private-address = [ \"all\" ]\nprivate-address-except = [ \"flex.test\" ]\n",
};

static void test_different(void **state)
{
	uint64_t hash[COUNT_OF(different)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(different); i++) {
		hash[i] = hash_of(different[i]);
		for (size_t k = 0; k < i; k++)
			expect(different[i], hash[i] != hash[k]);
	}
}

/* The same as without that option: what is kept may be given. */
static const char *const same[] = {
	FORWARD,
	FORWARD "private-address-except = [ \"plex.test\" ]\n",
	FORWARD "cache-size = \"1M\"\ndns64 = \"64:ff9b::/96\"\nspecial-names = false\n",
	FORWARD ZONE,
};

static void test_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++)
		expect(same[i], hash_of(same[i]) == hash_of(FORWARD));
}

/* One and the same upstream, as a zone and for all the rest, where the rest may not point inside. */
static void test_zone_beside(void **state)
{
	struct config *c = load_good(FORWARD ZONE "private-address = [ \"all\" ]\n");

	(void)state;
	assert_int_not_equal(config_policy_hash(&c->forward[c->zone[0].first], c->zone[0].count),
		config_forward_hash(c));
	config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_different, teardown),
		cmocka_unit_test_teardown(test_same, teardown),
		cmocka_unit_test_teardown(test_zone_beside, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
