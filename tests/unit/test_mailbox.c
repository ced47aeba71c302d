/* What waits at a mailbox that nobody empties. */
#include "proxy/mailbox.h"

#include "tests/unit/cm.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MORE 10u

static struct event_base *base;
static struct mailbox box;
static unsigned delivered, discarded;

static void deliver(struct mail *m, void *receiver)
{
	(void)m;
	assert_ptr_equal(receiver, &delivered);
	delivered++;
}

static void discard(struct mail *m)
{
	(void)m;
	discarded++;
}

static struct mail mails[MAILBOX_MAX + MORE];

static int set_up(void **state)
{
	(void)state;
	delivered = discarded = 0;
	base = event_base_new();
	event_base_priority_init(base, 2);
	for (size_t i = 0; i < COUNT_OF(mails); i++)
		mails[i] = (struct mail){ .deliver = deliver, .discard = discard };
	return mailbox_init(&box, base, &delivered);
}

static int tear_down(void **state)
{
	(void)state;
	mailbox_deinit(&box);
	event_base_free(base);
	return 0;
}

static void test_the_bound(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mails); i++)
		assert_int_equal(mailbox_offer(&box, &mails[i]), i < MAILBOX_MAX);
	assert_int_equal(mailbox_refused(&box), MORE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(delivered, MAILBOX_MAX);
	assert_true(mailbox_offer(&box, &mails[0])); /* there is room again */
}

static void test_what_must_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAILBOX_MAX; i++)
		mailbox_offer(&box, &mails[i]);
	for (size_t i = MAILBOX_MAX; i < COUNT_OF(mails); i++)
		mailbox_post(&box, &mails[i]);
	assert_int_equal(mailbox_refused(&box), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(delivered, COUNT_OF(mails));
}

static struct notice again;
static unsigned noticed;

/* What happens while it is dealt with is another one. */
static void deliver_notice(struct mail *m, void *receiver)
{
	assert_ptr_equal(notice_taken(m), &again);
	deliver(m, receiver);
	if (noticed++ == 0)
		mailbox_notify(&box, &again);
}

static void test_a_notice_waits_once(void **state)
{
	(void)state;
	noticed = 0;
	notice_init(&again, deliver_notice);
	for (int i = 0; i < 3; i++)
		mailbox_notify(&box, &again);
	assert_int_equal(box.count, 1);
	event_base_loop(base, EVLOOP_NONBLOCK); /* until nothing is left */
	assert_int_equal(delivered, 2);
}

static void on_query(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(unsigned *)arg = delivered;
}

/* However long the other waits already: what it meets is what the mail has changed. */
static void test_a_mail_goes_before_others(void **state)
{
	unsigned delivered_then = 99;
	int fd = eventfd(1, EFD_CLOEXEC);
	struct event *query = event_new(base, fd, EV_READ, on_query, &delivered_then);

	(void)state;
	event_add(query, NULL);
	mailbox_post(&box, &mails[0]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(delivered_then, 1);
	event_free(query);
	close(fd);
}

static void test_the_end(void **state)
{
	(void)state;
	notice_init(&again, deliver_notice);
	mailbox_notify(&box, &again);
	mailbox_offer(&box, &mails[0]);
	mailbox_deinit(&box);
	assert_int_equal(discarded, 1);
	assert_int_equal(delivered, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_must_arrive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_notice_waits_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_mail_goes_before_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
