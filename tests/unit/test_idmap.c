#include "common/base/idmap.h"

#include "tests/unit/cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 100000u

static uint16_t draw(void *arg)
{
	(void)arg;
	return (uint16_t)(random() >> 8);
}

/* Gives a written sequence of ids. */
static uint16_t draw_next(void *arg)
{
	const uint16_t **next = arg;

	return *(*next)++;
}

static uint16_t draw_same(void *arg)
{
	return *(const uint16_t *)arg;
}

/* The reference: one cell for each id. */
struct cell {
	void *owner;
	bool used;
};

static struct cell model[65536];
static size_t model_live, model_abandoned;

static void check_one(const struct idmap *m, uint16_t id)
{
	const struct idmap_entry *e = idmap_find(m, id);

	assert_int_equal(e != NULL, model[id].used);
	if (!e)
		return;
	assert_int_equal(e->id, id);
	assert_ptr_equal(e->owner, model[id].owner);
}

static void check_all(const struct idmap *m)
{
	size_t used = 0;

	for (unsigned id = 0; id < 65536; id++)
		check_one(m, (uint16_t)id);
	for (size_t i = 0; i < m->size; i++)
		used += m->slots[i].used;
	assert_int_equal(used, model_live + model_abandoned);
}

static void check_counts(const struct idmap *m)
{
	assert_int_equal(m->live, model_live);
	assert_int_equal(m->abandoned, model_abandoned);
	assert_true((m->size & (m->size - 1)) == 0);
	assert_true((m->live + m->abandoned) * 4 <= m->size * 3);
}

static bool take(struct idmap *m, uint32_t tag)
{
	uint16_t id = 0;
	int error = idmap_take(m, &model[tag % 1000], draw, NULL, &id);

	if (model_live + model_abandoned == IDMAP_MAX) {
		assert_int_equal(error, -ENOBUFS);
		return false;
	}
	assert_int_equal(error, 0);
	assert_false(model[id].used);
	model[id] = (struct cell){ &model[tag % 1000], true };
	model_live++;
	return true;
}

/* Some id in use, or false when the map is empty. */
static bool pick(uint16_t *ret)
{
	unsigned start = (unsigned)random() % 65536;

	for (unsigned i = 0; i < 65536; i++) {
		*ret = (uint16_t)(start + i);
		if (model[*ret].used)
			return true;
	}
	return false;
}

static void release(struct idmap *m)
{
	uint16_t id;

	if (!pick(&id))
		return;
	if (model[id].owner)
		model_live--;
	else
		model_abandoned--;
	model[id] = (struct cell){ 0 };
	idmap_release(m, id);
}

static void abandon(struct idmap *m)
{
	uint16_t id;

	if (!pick(&id) || !model[id].owner)
		return;
	model[id].owner = NULL;
	model_live--;
	model_abandoned++;
	idmap_abandon(m, id);
}

static void start(struct idmap *m)
{
	memset(model, 0, sizeof model);
	model_live = model_abandoned = 0;
	srandom(7);
	idmap_init(m);
}

/* Waves: mostly taking until it is full, then mostly releasing until it is nearly empty. */
static void test_against_model(void **state)
{
	struct idmap m;
	bool growing = true;
	unsigned refused = 0, emptied = 0;

	(void)state;
	start(&m);
	for (unsigned step = 0; step < STEPS; step++) {
		long dice = random() % 10;

		if (dice == 0)
			abandon(&m);
		else if ((dice < 8) == growing)
			refused += !take(&m, step);
		else
			release(&m);
		if (model_live + model_abandoned < 20 && !growing)
			emptied += growing = true;
		if (refused % 100 == 99)
			growing = false, refused++;
		check_counts(&m);
		check_one(&m, (uint16_t)random());
		if (step % 2000 == 0)
			check_all(&m);
	}
	check_all(&m);
	assert_true(refused >= 100);
	assert_true(emptied >= 1);
	idmap_deinit(&m);
}

static void test_full_then_all_released(void **state)
{
	struct idmap m;
	size_t taken = 0;

	(void)state;
	start(&m);
	while (take(&m, (uint32_t)taken))
		taken++;
	assert_int_equal(taken, IDMAP_MAX);
	check_all(&m);
	while (model_live > 0)
		abandon(&m);
	assert_int_equal(m.abandoned, IDMAP_MAX);
	assert_false(take(&m, 1));
	while (model_abandoned > 0)
		release(&m);
	check_all(&m);
	assert_true(take(&m, 1));
	idmap_deinit(&m);
}

static void test_taken_ids_are_drawn_again(void **state)
{
	static const uint16_t ids[] = { 5, 5, 5, 9, 9, 5, 0, 0xffff };
	static const uint16_t wanted[] = { 5, 9, 0, 0xffff };
	const uint16_t *next = ids;
	struct idmap m;
	uint16_t id;

	(void)state;
	idmap_init(&m);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(idmap_take(&m, &m, draw_next, &next, &id), 0);
		assert_int_equal(id, wanted[i]);
	}
	idmap_deinit(&m);
}

static void test_abandoned_stays_taken(void **state)
{
	static const uint16_t ids[] = { 5, 5, 6, 5 };
	const uint16_t *next = ids;
	struct idmap m;
	uint16_t id;

	(void)state;
	idmap_init(&m);
	assert_int_equal(idmap_take(&m, &m, draw_next, &next, &id), 0);
	idmap_abandon(&m, 5);
	assert_non_null(idmap_find(&m, 5));
	assert_null(idmap_find(&m, 5)->owner);
	assert_int_equal(idmap_take(&m, &m, draw_next, &next, &id), 0);
	assert_int_equal(id, 6);
	idmap_release(&m, 5);
	assert_null(idmap_find(&m, 5));
	assert_int_equal(idmap_take(&m, &m, draw_next, &next, &id), 0);
	assert_int_equal(id, 5);
	idmap_deinit(&m);
}

/* Ids that all want the same slot, at the end of the table, so that probing wraps around. */
static void test_collisions_wrap(void **state)
{
	static const uint16_t ids[] = { 63, 127, 191, 62, 0, 255, 1 };
	struct idmap m;
	uint16_t id;

	(void)state;
	for (size_t gone = 0; gone < 7; gone++) {
		const uint16_t *next = ids;

		idmap_init(&m);
		for (size_t i = 0; i < 7; i++)
			assert_int_equal(idmap_take(&m, &m, draw_next, &next, &id), 0);
		idmap_release(&m, ids[gone]);
		for (size_t i = 0; i < 7; i++)
			assert_int_equal(idmap_find(&m, ids[i]) != NULL, i != gone);
		idmap_deinit(&m);
	}
}

static void test_broken_random_does_not_hang(void **state)
{
	uint16_t same = 42, id = 1;
	struct idmap m;

	(void)state;
	idmap_init(&m);
	assert_int_equal(idmap_take(&m, &m, draw_same, &same, &id), 0);
	id = 1;
	assert_int_equal(idmap_take(&m, &m, draw_same, &same, &id), -ENOBUFS);
	assert_int_equal(id, 1);
	assert_int_equal(m.live, 1);
	idmap_deinit(&m);
}

static void test_empty(void **state)
{
	struct idmap m;

	(void)state;
	idmap_init(&m);
	assert_null(idmap_find(&m, 0));
	idmap_deinit(&m);
	idmap_deinit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_full_then_all_released),
		cmocka_unit_test(test_taken_ids_are_drawn_again),
		cmocka_unit_test(test_abandoned_stays_taken),
		cmocka_unit_test(test_collisions_wrap),
		cmocka_unit_test(test_broken_random_does_not_hang),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
