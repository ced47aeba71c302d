#include "proxy/upstream/retest.h"

#include "proxy/upstream/opening.h"

/* An address is gone back to if its handshake is not slower than the winner's by more. */
#define RETEST_SLACK_US RACE_DELAY_US

/* As good as the one in use; or, while it was tested, that was lost: then any will do. */
static bool is_good_enough(const struct upstream *u, const struct session *s)
{
	if (upstream_ready(u) == 1) /* s itself */
		return true;
	return race_is_better(&u->race, &s->addr) &&
	       s->ready_us - s->opened_us <= u->handshake_us + RETEST_SLACK_US;
}

/* Back to it, and the others drain. */
bool retest_passed(struct upstream *u, struct session *s)
{
	u->tester = NULL;
	if (!is_good_enough(u, s)) {
		race_retest_failed(&u->race, upstream_now_us(u));
		session_abort(s);
		return false;
	}
	list_for_each (n, &u->sessions) {
		struct session *other = container_of(n, struct session, node);

		if (other != s && !addr_equal(&other->addr, &s->addr))
			session_retire(other);
	}
	return true;
}

void retest_touched(struct upstream *u)
{
	struct transport_end end = { 0 };
	size_t i;

	if (!u->race.retest_us || u->tester || u->closing)
		return;
	i = race_retest(&u->race, upstream_now_us(u));
	if (i == RACE_NONE || opening_count_sessions(u) >= UPSTREAM_SESSIONS_MAX)
		return;
	u->tester = opening_open_to(u, i, &end);
	if (!u->tester)
		race_retest_failed(&u->race, upstream_now_us(u));
}
