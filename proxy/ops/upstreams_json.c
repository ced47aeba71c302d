/* upstreams: all that is known of each, and of each of its addresses. */
#include "common/base/json.h"
#include "common/config/config.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/status.h"

static double milliseconds(uint64_t us)
{
	return (double)us / 1e3;
}

/* A time that is not known is null. */
static void write_ms(struct json *j, const char *key, uint64_t us, bool known)
{
	if (known)
		json_decimal(j, key, milliseconds(us), 3);
	else
		json_null(j, key);
}

static void write_s(struct json *j, const char *key, uint64_t us, bool known)
{
	if (known)
		json_decimal(j, key, (double)us / 1e6, 1);
	else
		json_null(j, key);
}

static void write_known(struct json *j, const char *key, uint64_t number)
{
	if (number)
		json_number(j, key, number);
	else
		json_null(j, key);
}

static const char *address_state(const struct address_look *a)
{
	if (a->ready > 0)
		return a->suspect >= a->ready ? "suspect" : "up";
	if (a->connecting > 0)
		return "connecting";
	if (a->answers == 0 && a->failed == 0)
		return "not tried";
	return a->full + a->resumptions > 0 ? "idle" : "failed";
}

static const char *cookie_text(const struct address_look *a)
{
	static const char *const texts[] = { [COOKIES_NONE] = "the server does none",
		[COOKIES_OFF] = "off",
		[COOKIES_OFFERED] = "offered",
		[COOKIES_SPOKEN] = "spoken" };

	return a->ready > 0 ? texts[a->cookies] : NULL;
}

static void write_failure(struct json *j, const struct address_look *a)
{
	if (a->failed_us == UINT64_MAX) {
		json_null(j, "last_failure");
		return;
	}
	json_object(j, "last_failure");
	json_text(j, "stage", transport_stage_text(a->failure.stage));
	json_text(j, "reason", a->failure.text);
	write_s(j, "ago_s", a->failed_us, true);
	json_end_object(j);
}

static void write_sessions(struct json *j, const struct address_look *a)
{
	bool up = a->ready > 0;

	json_number(j, "sessions", a->ready);
	json_number(j, "connecting", a->connecting);
	json_number(j, "retiring", a->retiring);
	json_number(j, "suspect", a->suspect);
	json_number(j, "inflight", a->inflight);
	write_s(j, "age_s", a->age_us, up);
	write_s(j, "last_answer_s", a->idle_us, a->idle_us != UINT64_MAX);
	json_text(j, "protocol", up ? a->protocol : NULL);
	json_text(j, "cipher", up && *a->cipher ? a->cipher : NULL);
	if (up)
		json_bool(j, "authenticated", a->authenticated);
	else
		json_null(j, "authenticated");
	json_text(j, "cookies", cookie_text(a));
}

static void write_address(struct json *j, const struct address_look *a, bool paired)
{
	char text[ADDR_TEXT_MAX];

	json_object(j, NULL);
	json_text(j, "address", addr_text(&a->addr, text));
	json_text(j, "way", !paired ? NULL : a->datagrams ? "datagrams" : "stream");
	json_text(j, "state", address_state(a));
	write_ms(j, "rtt_ms", a->srtt_us, a->srtt_us);
	write_sessions(j, a);
	json_number(j, "handshakes_full", a->full);
	json_number(j, "handshakes_resumed", a->resumptions);
	write_ms(j, "handshake_ms", a->handshake_us, a->handshake_us);
	json_number(j, "failures", a->failed);
	json_number(j, "answers", a->answers);
	json_number(j, "answers_padded", a->padded);
	write_known(j, "padding_block", a->pad_block);
	write_known(j, "certificate_expires", a->not_after > 0 ? (uint64_t)a->not_after : 0);
	write_failure(j, a);
	json_end_object(j);
}

static void write_learnt(struct json *j, const struct upstream_look *l)
{
	json_object(j, "learnt");
	write_known(j, "answers_per_connection", l->learnt_answers);
	write_s(j, "idle_limit_s", l->learnt_idle_us, l->learnt_idle_us);
	write_s(j, "datagrams_let_alone_s", l->silent_us, l->silent_us);
	json_end_object(j);
}

static void write_upstream(struct json *j, const struct figures *f, size_t i)
{
	const struct config_upstream *u = &f->config->forward[i];
	const struct upstream_look *l = &f->sum.upstreams[i].look;

	json_object(j, NULL);
	json_text(j, "name", u->name);
	json_text(j, "zone", status_zone_of(f, i));
	json_text(j, "transport", status_transport_text(u->transport));
	json_text(j, "profile", status_profile_text(u));
	json_text(j, "auth_name", u->auth_name);
	json_number(j, "pins", u->pin_count);
	json_text(j, "state", status_upstream_text(f, i));
	json_text(j, "reason", l->reason[0] ? l->reason : NULL);
	write_ms(j, "rtt_ms", l->srtt_us, l->srtt_us);
	write_s(j, "down_s", l->down_us, l->down_us);
	write_s(j, "next_try_s", l->retry_us, l->retry_us != UINT64_MAX);
	write_s(j, "last_query_s", l->unused_us, l->unused_us != UINT64_MAX);
	write_learnt(j, l);
	json_array(j, "addresses");
	for (size_t k = 0; k < l->count; k++)
		write_address(j, &l->address[k], config_has_two_ways(u->transport));
	json_end_array(j);
	json_end_object(j);
}

void status_write_upstreams(struct json *j, const struct figures *f)
{
	json_object(j, NULL);
	json_array(j, "upstreams");
	for (size_t i = 0; i < f->config->upstream_count && f->sum.knows_upstreams; i++)
		write_upstream(j, f, i);
	json_end_array(j);
	json_end_object(j);
}
