#include "common/base/slab.h"

#include "tests/unit/cm.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX   50u
#define STEPS 100000u

static void check(const struct slab *s, size_t used)
{
	assert_int_equal(s->used, used);
	assert_true(s->used + s->kept <= s->max);
}

static void test_bound(void **state)
{
	void *objects[3];
	struct slab s;

	(void)state;
	slab_init(&s, 100, 3);
	for (size_t i = 0; i < 3; i++) {
		objects[i] = slab_get(&s);
		assert_non_null(objects[i]);
		memset(objects[i], 0xff, 100);
		check(&s, i + 1);
	}
	assert_null(slab_get(&s));
	assert_int_equal(s.refused, 1);
	slab_put(&s, objects[0]);
	check(&s, 2);
	objects[0] = slab_get(&s);
	assert_non_null(objects[0]);
	assert_int_equal(s.refused, 1);
	for (size_t i = 0; i < 3; i++)
		slab_put(&s, objects[i]);
	slab_deinit(&s);
	assert_int_equal(s.kept, 0);
}

static void test_null_and_tiny(void **state)
{
	struct slab s;
	void *object;

	(void)state;
	slab_init(&s, 1, 1);
	slab_put(&s, NULL);
	check(&s, 0);
	object = slab_get(&s);
	assert_non_null(object);
	slab_put(&s, object);
	slab_deinit(&s);

	slab_init(&s, 8, 0);
	assert_null(slab_get(&s));
	assert_int_equal(s.refused, 1);
	slab_deinit(&s);
}

/* Either the object comes back, or (under AddressSanitizer) nothing is kept. */
static void test_reuse(void **state)
{
	struct slab s;
	void *object, *again;

	(void)state;
	slab_init(&s, 64, 10);
	object = slab_get(&s);
	slab_put(&s, object);
	if (s.kept == 1) {
		again = slab_get(&s);
		assert_ptr_equal(again, object);
		assert_int_equal(s.kept, 0);
		slab_put(&s, again);
	} else {
		assert_int_equal(s.kept, 0);
	}
	slab_deinit(&s);
}

/* No object is out twice: each carries its own number all the time. */
static void test_random_steps(void **state)
{
	unsigned *out[MAX] = { 0 };
	size_t used = 0;
	struct slab s;

	(void)state;
	srandom(3);
	slab_init(&s, 40, MAX / 2);
	for (unsigned step = 0; step < STEPS; step++) {
		size_t i = (size_t)random() % MAX;

		if (out[i]) {
			assert_int_equal(*out[i], i);
			slab_put(&s, out[i]);
			out[i] = NULL;
			used--;
		} else {
			out[i] = slab_get(&s);
			assert_int_equal(out[i] == NULL, used == MAX / 2);
			if (out[i]) {
				*out[i] = (unsigned)i;
				used++;
			}
		}
		check(&s, used);
	}
	assert_true(s.refused > 0);
	for (size_t i = 0; i < MAX; i++)
		slab_put(&s, out[i]);
	slab_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_null_and_tiny),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
