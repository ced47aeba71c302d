#include "common/base/list.h"

#include "tests/unit/cm.h"

#define ITEMS 8u

struct item {
	int value;
	struct list node;
};

/* Forward and backward are the same list, of exactly these values. */
static void check(const struct list *head, const int *values, size_t count)
{
	const struct list *node = head;

	for (size_t i = 0; i < count; i++) {
		node = node->next;
		assert_ptr_not_equal(node, head);
		assert_ptr_equal(node->prev->next, node);
		assert_int_equal(container_of(node, struct item, node)->value, values[i]);
	}
	assert_ptr_equal(node->next, head);
	assert_ptr_equal(head->prev, node);
	assert_int_equal(list_empty(head), count == 0);
}

#define CHECK(head, ...)                                                                           \
	check(head, (const int[]){ __VA_ARGS__ },                                                  \
		sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void fill(struct list *head, struct item items[ITEMS], int from, int to)
{
	list_init(head);
	for (int i = from; i <= to; i++) {
		items[i] = (struct item){ .value = i };
		list_append(head, &items[i].node);
	}
}

static void test_append_and_prepend(void **state)
{
	struct item items[ITEMS];
	struct list head;

	(void)state;
	list_init(&head);
	check(&head, NULL, 0);
	assert_null(list_take(&head));
	fill(&head, items, 1, 3);
	CHECK(&head, 1, 2, 3);
	items[0] = (struct item){ .value = 7 };
	assert_false(list_linked(&items[0].node));
	list_prepend(&head, &items[0].node);
	assert_true(list_linked(&items[0].node));
	CHECK(&head, 7, 1, 2, 3);
}

static void test_remove_is_idempotent(void **state)
{
	struct item items[ITEMS];
	struct list head;

	(void)state;
	fill(&head, items, 1, 3);
	list_remove(&items[2].node);
	CHECK(&head, 1, 3);
	assert_false(list_linked(&items[2].node));
	list_remove(&items[2].node);
	CHECK(&head, 1, 3);
	list_remove(&items[1].node);
	list_remove(&items[3].node);
	check(&head, NULL, 0);
	list_append(&head, &items[2].node);
	CHECK(&head, 2);
}

static void test_take(void **state)
{
	struct item items[ITEMS];
	struct list head;

	(void)state;
	fill(&head, items, 1, 2);
	assert_ptr_equal(list_take(&head), &items[1].node);
	assert_false(list_linked(&items[1].node));
	CHECK(&head, 2);
	assert_ptr_equal(list_take(&head), &items[2].node);
	assert_null(list_take(&head));
}

static void test_splice(void **state)
{
	struct item items[ITEMS];
	struct list a, b;

	(void)state;
	fill(&a, items, 1, 2);
	fill(&b, items, 3, 5);
	list_splice(&a, &b);
	CHECK(&a, 1, 2, 3, 4, 5);
	check(&b, NULL, 0);
	list_splice(&a, &b);
	CHECK(&a, 1, 2, 3, 4, 5);
	list_splice(&b, &a);
	CHECK(&b, 1, 2, 3, 4, 5);
	check(&a, NULL, 0);
}

static void test_for_each_may_remove(void **state)
{
	struct item items[ITEMS];
	struct list head;
	int sum = 0;

	(void)state;
	fill(&head, items, 1, 6);
	list_for_each(node, &head) {
		struct item *item = container_of(node, struct item, node);

		sum += item->value;
		if (item->value % 2 == 0)
			list_remove(node);
	}
	assert_int_equal(sum, 21);
	CHECK(&head, 1, 3, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_and_prepend),
		cmocka_unit_test(test_remove_is_idempotent),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_for_each_may_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
