#include <unistd.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/loop.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/portal_json.h"
#include "proxy/ops/status.h"
#include "proxy/ops/surroundings.h"
#include "proxy/version.h"

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static double milliseconds(uint64_t us)
{
	return (double)us / 1e3;
}

/* ------------------------------------------------------------------ status */

/* Of its sessions, the first address that has one. */
static void write_session(struct json *j, const struct upstream_look *l)
{
	unsigned ready = 0;
	const struct address_look *shown = NULL;
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < l->count; i++) {
		ready += l->address[i].ready;
		if (!shown && l->address[i].ready > 0)
			shown = &l->address[i];
	}
	json_number(j, "sessions", ready);
	json_text(j, "address", shown ? addr_text(&shown->addr, text) : NULL);
	json_text(j, "protocol", shown ? shown->protocol : NULL);
	json_text(j, "cipher", shown && *shown->cipher ? shown->cipher : NULL);
	if (shown)
		json_bool(j, "authenticated", shown->authenticated);
	else
		json_null(j, "authenticated");
}

static void write_upstream(struct json *j, const struct figures *f, size_t i)
{
	const struct config_upstream *u = &f->config->forward[i];
	const struct upstream_look *l = &f->sum.upstreams[i].look;

	json_object(j, NULL);
	json_text(j, "name", u->name);
	json_text(j, "zone", status_zone_of(f, i));
	json_text(j, "transport", status_transport_text(u->transport));
	json_bool(j, "encrypted", !config_is_plain(u->transport));
	json_text(j, "profile", status_profile_text(u));
	json_text(j, "state", status_upstream_text(f, i));
	write_session(j, l);
	if (l->srtt_us)
		json_decimal(j, "rtt_ms", milliseconds(l->srtt_us), 3);
	else
		json_null(j, "rtt_ms");
	json_text(j, "reason", l->reason[0] ? l->reason : NULL);
	json_end_object(j);
}

static void write_reasons(struct json *j, const struct status *s)
{
	json_array(j, "reasons");
	for (size_t i = 0; i < s->count; i++)
		json_text(j, NULL, s->reason[i]);
	json_end_array(j);
}

static void write_cache(struct json *j, const struct figures *f)
{
	const struct stats *s = &f->sum.stats;

	if (!f->has_cache) {
		json_null(j, "cache");
		return;
	}
	json_object(j, "cache");
	json_number(j, "entries", f->cache.entries);
	json_number(j, "octets", f->cache.octets);
	json_number(j, "size", f->config->cache_size);
	json_number(j, "hits", s->cache_hits);
	json_number(j, "misses", s->cache_misses);
	json_number(j, "stale", s->cache_stale);
	json_number(j, "stored", f->cache.stored);
	json_number(j, "evicted", f->cache.evicted);
	json_number(j, "admitted", f->cache.admitted);
	json_number(j, "too_large", f->cache.too_large);
	json_end_object(j);
}

static void write_queries(struct json *j, const struct figures *f)
{
	const struct stats *s = &f->sum.stats;

	json_object(j, "queries");
	json_number(j, "received", s->queries_udp + s->queries_tcp);
	json_number(j, "inflight", f->sum.queries_inflight);
	json_number(j, "servfail", s->replies_servfail);
	json_number(j, "timeouts", s->timeouts);
	json_number(j, "blocked", s->blocked);
	json_number(j, "tcp_clients", f->sum.tcp_clients);
	json_end_object(j);
}

static void write_network(struct json *j, const struct surroundings *a)
{
	if (!a->network.known) {
		json_null(j, "network");
		return;
	}
	json_object(j, "network");
	json_bool(j, "route", a->network.route);
	json_text(j, "interface", a->network.interface[0] ? a->network.interface : NULL);
	json_text(j, "source", a->network.source[0] ? a->network.source : NULL);
	json_text(j, "gateway", a->network.gateway[0] ? a->network.gateway : NULL);
	json_number(j, "epoch", a->network.epoch);
	json_decimal(j, "since_s", seconds(loop_boottime_us(NULL) - a->network.since_us), 1);
	json_text(j, "note", a->network.note[0] ? a->network.note : NULL);
	json_number(j, "suspends", a->suspends);
	json_end_object(j);
}

static void write_clock(struct json *j, const struct surroundings *a)
{
	if (!a->clock.known) {
		json_null(j, "clock");
		return;
	}
	json_object(j, "clock");
	json_bool(j, "believed", a->clock.believed);
	json_text(j, "note", a->clock.note[0] ? a->clock.note : NULL);
	json_end_object(j);
}

static void write_process(struct json *j, const struct figures *f)
{
	json_text(j, "version", dnsfwd_version);
	json_number(j, "pid", (uint64_t)getpid());
	json_decimal(j, "up_s", seconds(f->up_us), 3);
	json_number(j, "workers", f->workers);
	json_number(j, "workers_heard", f->heard);
}

void status_write(struct json *j, const struct figures *f, const struct surroundings *around)
{
	struct status s;

	status_judge(f, around, &s);
	if (around->portal)
		status_judge_portal(&s, around->portal);
	json_object(j, NULL);
	write_process(j, f);
	json_text(j, "state", status_text(s.state));
	json_bool(j, "healthy", s.state == STATUS_HEALTHY);
	write_reasons(j, &s);
	json_array(j, "upstreams");
	for (size_t i = 0; i < f->config->upstream_count && f->sum.knows_upstreams; i++)
		write_upstream(j, f, i);
	json_end_array(j);
	write_queries(j, f);
	write_cache(j, f);
	write_clock(j, around);
	write_network(j, around);
	if (around->portal)
		portal_write(j, "portal", around->portal);
	else
		json_null(j, "portal");
	json_end_object(j);
}

/* ------------------------------------------------------------------ stats */

static void write_counters(struct json *j, const struct stats *s)
{
	json_object(j, "counters");
	for (unsigned i = 0; stats_rows[i].name; i++)
		json_number(j, stats_rows[i].name, stats_value(s, i));
	json_end_object(j);
}

static void write_now(struct json *j, const struct figures *f)
{
	json_object(j, "now");
	json_number(j, "queries_inflight", f->sum.queries_inflight);
	json_number(j, "tcp_clients", f->sum.tcp_clients);
	json_number(j, "sessions", f->sum.sessions);
	json_end_object(j);
}

static void write_block_lists(struct json *j, const struct figures *f)
{
	json_array(j, "block");
	for (size_t i = 0; i < f->config->block.count; i++) {
		json_object(j, NULL);
		json_text(j, "list", f->config->block.text[i]);
		json_number(j, "replies", f->sum.blocked[i]);
		json_end_object(j);
	}
	json_end_array(j);
}

void status_write_stats(struct json *j, const struct figures *f, const struct surroundings *around,
	uint64_t control_refused)
{
	json_object(j, NULL);
	write_process(j, f);
	write_now(j, f);
	json_number(j, "udp_drops", f->sum.udp_drops);
	json_number(j, "long_turns", f->sum.long_turns);
	json_number(j, "log_dropped", log_dropped());
	json_number(j, "bound_control", control_refused);
	json_number(j, "bound_figures", f->refused);
	json_number(j, "bound_mailbox", f->sum.mails_refused);
	json_number(j, "bound_network_targets", around->network.bound_targets);
	write_counters(j, &f->sum.stats);
	write_cache(j, f);
	write_block_lists(j, f);
	json_array(j, "upstreams");
	for (size_t i = 0; i < f->config->upstream_count; i++) {
		json_object(j, NULL);
		json_text(j, "name", f->config->forward[i].name);
		json_text(j, "zone", status_zone_of(f, i));
		write_counters(j, &f->sum.upstreams[i].stats);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
}
