/* What workers want of the trust stores, from the moment that they may know of them. */
#include "proxy/trusts.h"

#include "common/config/config.h"
#include "proxy/mailbox.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/worker.h"
#include "tests/unit/cm.h"

#include <event2/event.h>
#include <stdlib.h>

struct worker {
	struct mailbox mailbox;
	struct event_base *base;
	unsigned told;
};

static struct worker worker;
static struct worker *const crew[] = { &worker };

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

void worker_trust_loaded(struct worker *w, const struct trust *t)
{
	(void)t;
	w->told++;
}

bool tls_policy_trusts(const struct config_upstream *u)
{
	(void)u;
	return true;
}

/* A reload hands the edition to the workers, who may be quicker than main is with the rest of it. */
static void test_wanted_before_it_is_started(void **state)
{
	static char missing[] = "/nonexistent/bundle.pem";
	struct config_upstream u = { .tls_cert_bundle = missing };
	struct config c = { .upstream_count = 1 };
	struct event_base *base = event_base_new();
	struct mailbox mailbox;
	struct trusts *ts;

	(void)state;
	c.forward = &u;
	worker = (struct worker){ .base = event_base_new() };
	assert_int_equal(mailbox_init(&mailbox, base, NULL), 0);
	assert_int_equal(mailbox_init(&worker.mailbox, worker.base, &worker), 0);
	ts = trusts_new(&c);
	assert_non_null(ts);
	assert_int_equal(trusts_serve(ts, base, &mailbox, crew, 1), 0);
	trusts_want(ts, trusts_of(ts, 0));
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(worker.base, EVLOOP_NONBLOCK);
	assert_int_equal(worker.told, 1); /* it cannot be loaded: they are told all the same */
	trusts_free(ts);
	mailbox_deinit(&worker.mailbox);
	mailbox_deinit(&mailbox);
	event_base_free(worker.base);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted_before_it_is_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
