#include "proxy/upstream/look.h"

#include <stdio.h>
#include <string.h>

#include "proxy/upstream/ways.h"

/* ------------------------------------------------------------------ one worker's view */

static struct address_look *find(struct upstream_look *l, const struct addr *addr, bool datagrams)
{
	struct address_look *a;

	for (size_t i = 0; i < l->count; i++)
		if (l->address[i].datagrams == datagrams && addr_equal(&l->address[i].addr, addr))
			return &l->address[i];
	if (l->count == sizeof l->address / sizeof *l->address)
		return NULL;
	a = &l->address[l->count++];
	*a = (struct address_look){ .addr = *addr,
		.datagrams = datagrams,
		.idle_us = UINT64_MAX,
		.failed_us = UINT64_MAX };
	return a;
}

static enum cookie_look cookies_of(const struct session *s)
{
	if (!s->jar)
		return COOKIES_OFF;
	switch (s->jar->phase) {
	case JAR_KNOWN:
		return COOKIES_SPOKEN;
	case JAR_RESTING:
		return COOKIES_NONE;
	default:
		return COOKIES_OFFERED;
	}
}

static void look_at_history(struct address_look *a, const struct history_entry *e, uint64_t now_us)
{
	a->full = e->full;
	a->resumptions = e->resumed;
	a->failed = e->failed;
	a->answers = e->answers;
	a->padded = e->padded;
	a->handshake_us = e->handshake_us;
	a->srtt_us = e->srtt_us;
	a->pad_block = e->pad_block;
	a->not_after = e->not_after;
	if (e->failed_us) {
		a->failed_us = now_us - e->failed_us;
		a->failure = e->failure;
	}
}

static void look_at_ready(struct address_look *a, const struct session *s, uint64_t now_us)
{
	const struct transport_info *info = &s->transport->info;
	uint64_t age = now_us - s->opened_us;

	if (a->ready++ == 0 || age < a->age_us) {
		snprintf(a->protocol, sizeof a->protocol, "%s", info->protocol);
		snprintf(a->cipher, sizeof a->cipher, "%s", info->cipher ? info->cipher : "");
		a->authenticated = info->authenticated;
		a->resumed = info->resumed;
		a->clear = info->clear;
		a->cookies = cookies_of(s);
	}
	if (age > a->age_us)
		a->age_us = age;
}

static void look_at_session(struct address_look *a, const struct session *s, uint64_t now_us)
{
	a->inflight += session_inflight(s);
	if (s->answers > 0 && now_us - s->answered_us < a->idle_us)
		a->idle_us = now_us - s->answered_us;
	a->suspect += s->suspect;
	if (s->state == SESSION_CONNECTING)
		a->connecting++;
	else if (s->state == SESSION_RETIRING)
		a->retiring++;
	else if (s->state == SESSION_READY)
		look_at_ready(a, s, now_us);
}

/* Sessions to an address that is no longer one of it are counted, too. */
static void look_at_way(struct upstream_look *l, const struct upstream *way, uint64_t now_us)
{
	bool datagrams = way->stream;

	for (size_t i = 0; i < way->race.count; i++)
		find(l, &way->race.list[i].addr, datagrams);
	for (size_t i = 0; i < l->count; i++) {
		const struct history_entry *e = history_find(&way->history, &l->address[i].addr);

		if (e && l->address[i].datagrams == datagrams)
			look_at_history(&l->address[i], e, now_us);
	}
	list_for_each (n, &way->sessions) {
		const struct session *s = container_of(n, struct session, node);
		struct address_look *a = find(l, &s->addr, datagrams);

		if (a)
			look_at_session(a, s, now_us);
	}
}

static uint64_t until(uint64_t then_us, uint64_t now_us)
{
	return then_us > now_us ? then_us - now_us : 0;
}

void look_at(const struct upstream *face, uint64_t now_us, struct upstream_look *ret)
{
	const struct upstream *active = ways_active(face);
	const char *reason;

	*ret = (struct upstream_look){ .srtt_us = active->srtt_us,
		.standing = ways_standing(face, &reason),
		.doubtful = ways_doubtful(face),
		.retry_us = UINT64_MAX,
		.unused_us = UINT64_MAX,
		.learnt_answers = active->limits.answers,
		.learnt_idle_us = active->limits.idle_us };
	if (ret->standing == UPSTREAM_DOWN)
		snprintf(ret->reason, sizeof ret->reason, "%s", reason);
	if (active->health.down_since_us)
		ret->down_us = now_us - active->health.down_since_us;
	if (timer_running(&active->retry))
		ret->retry_us = until(active->next_try_us, now_us);
	if (active->last_use_us)
		ret->unused_us = now_us - active->last_use_us;
	if (face->stream)
		ret->silent_us = until(face->silence.until_us, now_us);
	look_at_way(ret, face, now_us);
	if (face->stream)
		look_at_way(ret, face->stream, now_us);
}

/* ------------------------------------------------------------------ the sum */

static void add_history(struct address_look *sum, const struct address_look *part)
{
	sum->full += part->full;
	sum->resumptions += part->resumptions;
	sum->failed += part->failed;
	sum->answers += part->answers;
	sum->padded += part->padded;
	if (!sum->handshake_us)
		sum->handshake_us = part->handshake_us;
	if (!sum->srtt_us)
		sum->srtt_us = part->srtt_us;
	if (!sum->pad_block || (part->pad_block && part->pad_block < sum->pad_block))
		sum->pad_block = part->pad_block;
	if (part->not_after > sum->not_after)
		sum->not_after = part->not_after;
	if (part->failed_us < sum->failed_us) {
		sum->failed_us = part->failed_us;
		sum->failure = part->failure;
	}
}

static void add_address(struct upstream_look *sum, const struct address_look *part)
{
	struct address_look *a = find(sum, &part->addr, part->datagrams);

	if (!a)
		return;
	if (part->ready > 0 && a->ready == 0) {
		memcpy(a->protocol, part->protocol, sizeof a->protocol);
		memcpy(a->cipher, part->cipher, sizeof a->cipher);
		a->authenticated = part->authenticated;
		a->resumed = part->resumed;
		a->clear = part->clear;
		a->cookies = part->cookies;
	}
	add_history(a, part);
	a->ready += part->ready;
	a->connecting += part->connecting;
	a->retiring += part->retiring;
	a->suspect += part->suspect;
	a->inflight += part->inflight;
	if (part->age_us > a->age_us)
		a->age_us = part->age_us;
	if (part->idle_us < a->idle_us)
		a->idle_us = part->idle_us;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void look_add(struct upstream_look *sum, const struct upstream_look *part)
{
	/* Of those that are up, or down, the first to say so is believed. */
	if (part->standing < sum->standing) {
		sum->standing = part->standing;
		memcpy(sum->reason, part->reason, sizeof sum->reason);
		sum->down_us = part->down_us;
	}
	sum->doubtful = sum->doubtful || part->doubtful;
	if (sum->srtt_us == 0)
		sum->srtt_us = part->srtt_us;
	sum->retry_us = least(sum->retry_us, part->retry_us);
	sum->unused_us = least(sum->unused_us, part->unused_us);
	if (sum->learnt_answers == 0)
		sum->learnt_answers = part->learnt_answers;
	if (sum->learnt_idle_us == 0)
		sum->learnt_idle_us = part->learnt_idle_us;
	if (part->silent_us > sum->silent_us)
		sum->silent_us = part->silent_us;
	for (size_t i = 0; i < part->count; i++)
		add_address(sum, &part->address[i]);
}

int64_t look_expiry(const struct upstream_look *l)
{
	int64_t first = 0;

	for (size_t i = 0; i < l->count; i++) {
		int64_t t = l->address[i].not_after;

		if (t > 0 && (first == 0 || t < first))
			first = t;
	}
	return first;
}

const char *look_standing_text(enum upstream_standing s)
{
	static const char *const texts[] = { [UPSTREAM_UP] = "up",
		[UPSTREAM_STARTING] = "starting",
		[UPSTREAM_UNKNOWN] = "unknown",
		[UPSTREAM_LOST] = "lost",
		[UPSTREAM_DOWN] = "down" };

	return texts[s];
}
