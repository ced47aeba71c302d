#include "proxy/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/build.h"
#include "proxy/loop.h"
#include "proxy/upstream/dtls.h"
#include "proxy/upstream/tls.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/ways.h"

#define TLS_UDP_SIZE 4096 /* advertised on streams, bounds padded answers (standards 3.3) */
/* Advertised in datagrams, as if there were no DTLS (RFC 8094 5). */
#define DATAGRAM_UDP_SIZE 1232

/* How a way is spelt, and what people call it. */
static const struct spoken {
	const char *scheme, *name;
} spoken[] = {
	[TRANSPORT_TLS] = { "tls", "TLS" },
	[TRANSPORT_DTLS] = { "dtls", "DTLS" },
	[TRANSPORT_UDP] = { "udp", "UDP" },
	[TRANSPORT_TCP] = { "tcp", "TCP" },
};

/*
 * As in the configuration, and in full where that is one address in one of its spellings.  The long
 * form has a name of its own, which tells those apart that have one address.
 */
static void name_way(struct way *way, enum config_transport over, const struct config_upstream *u)
{
	bool paired = config_has_two_ways(u->transport);
	char text[ADDR_TEXT_MAX];

	if (u->address_count == 1 && !u->long_form)
		snprintf(way->label, sizeof way->label, "%s://%s%s%s", spoken[over].scheme,
			addr_text(&u->address[0], text), u->auth_name ? "#" : "",
			u->auth_name ? u->auth_name : "");
	else
		snprintf(way->label, sizeof way->label, "%s%s%s", u->name, paired ? " over " : "",
			paired ? spoken[over].name : "");
}

/* What both ways have in common; as for TLS. */
static void fill_way(
	struct member *m, struct way *way, struct upstream *up, const struct member_setup *s)
{
	const struct config_upstream *u = s->upstream;
	const char *device = *m->device ? m->device : NULL;

	way->endpoint = (struct tls_endpoint){ .loop = s->loop,
		.stats = &way->stats,
		.policy = m->tls,
		.device = device,
		.want_trust = s->want_trust,
		.want_arg = s->arg };
	tls_endpoint_init(&way->endpoint);
	way->plain = (struct plain_endpoint){ s->loop, &way->stats, device };
	up->label = way->label;
	up->connections = u->connections;
	up->want_addresses = u->host ? s->want_addresses : NULL;
	up->want_arg = s->arg;
	up->authenticated = s->authenticated;
	up->authenticated_arg = s->arg;
	up->session = (struct session_setup){ .turn = &s->loop->turn,
		.random = &s->loop->random,
		.stats = &way->stats,
		.opener = { tls_open, &way->endpoint },
		.form = { .udp_size = TLS_UDP_SIZE,
			.keepalive = true,
			.pad_block = (uint16_t)u->pad_block },
		.cookies = u->cookies,
		.max_inflight = u->max_inflight,
		.tap = s->loop->tap,
		.scratch = s->loop->scratch };
}

/* As way, with a label and an opener of its own. */
static void use_plain(struct way *way, struct upstream *up, enum config_transport over,
	const struct member_setup *s,
	struct transport *(*open)(void *, const struct addr *, const struct transport_handler *,
		void *, struct transport_end *))
{
	name_way(way, over, s->upstream);
	up->session.opener = (struct transport_opener){ open, &way->plain };
	up->session.form.pad_block = 0; /* RFC 7830 6: what is in clear is not padded */
	up->session.no_subnet = true;
	up->session.cookie_store = s->cookies;
}

/* Over datagrams: one session, no keepalive, and a stream for what they are of no use to. */
static void add_datagrams(struct member *m, const struct member_setup *s)
{
	const struct config_upstream *u = s->upstream;
	struct upstream *up = &m->upstream;

	fill_way(m, &m->stream_way, &m->stream, s);
	up->stream = &m->stream;
	up->races = u->transport == TRANSPORT_AUTO;
	up->connections = 1;
	up->session.form.udp_size = DATAGRAM_UDP_SIZE;
	up->session.form.keepalive = false;
	if (u->transport == TRANSPORT_UDP) {
		use_plain(&m->stream_way, &m->stream, TRANSPORT_TCP, s, plain_tcp_open);
		use_plain(&m->way, up, TRANSPORT_UDP, s, plain_udp_open);
		up->session.max_inflight = PLAIN_UDP_SOCKETS;
	} else if (WITH_DTLS) {
		name_way(&m->stream_way, TRANSPORT_TLS, u);
		name_way(&m->way, TRANSPORT_DTLS, u);
		m->way.endpoint.policy = m->dtls;
		up->session.opener = (struct transport_opener){ dtls_open, &m->way.endpoint };
	}
}

static struct tls_policy *ref(struct tls_policy *p)
{
	return p ? tls_policy_ref(p) : NULL;
}

struct member *member_new(const struct member_setup *s)
{
	struct member *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->number = MEMBER_LEFT;
	m->tls = ref(s->tls);
	m->dtls = ref(s->dtls);
	snprintf(m->device, sizeof m->device, "%s", s->device);
	fill_way(m, &m->way, &m->upstream, s);
	name_way(&m->way, TRANSPORT_TLS, s->upstream);
	if (s->upstream->transport == TRANSPORT_TCP)
		use_plain(&m->way, &m->upstream, TRANSPORT_TCP, s, plain_tcp_open);
	else if (s->upstream->transport != TRANSPORT_TLS)
		add_datagrams(m, s);
	return m;
}

void member_free(struct member *m)
{
	if (!m)
		return;
	tls_endpoint_deinit(&m->way.endpoint);
	if (m->upstream.stream)
		tls_endpoint_deinit(&m->stream_way.endpoint);
	tls_policy_free(m->tls);
	tls_policy_free(m->dtls);
	free(m);
}

void member_trust_loaded(struct member *m, const struct trust *t)
{
	if (!m->tls || m->tls->trust != t)
		return;
	tls_endpoint_trust_loaded(&m->way.endpoint);
	if (m->upstream.stream)
		tls_endpoint_trust_loaded(&m->stream_way.endpoint);
}

/* ------------------------------------------------------------------ another network */

/* Who won here is noted; returns who won there, NULL: not known. */
static const struct addr *change_winner(
	struct way *way, const struct upstream *u, size_t left, size_t entered, uint32_t fresh)
{
	const struct addr *winner = race_winner(&u->race);

	way->winners[left] = winner ? *winner : (struct addr){ 0 };
	for (size_t i = 0; i < MEMBER_NETWORKS_MAX; i++)
		if (fresh >> i & 1)
			way->winners[i] = (struct addr){ 0 };
	return way->winners[entered].sa.sa_family == AF_UNSPEC ? NULL : &way->winners[entered];
}

/* The connections go first: a ticket that none has used comes back at its end. */
void member_renew(struct member *m, size_t left, size_t entered, uint32_t fresh)
{
	struct upstream *face = &m->upstream;
	const struct addr *winner = change_winner(&m->way, face, left, entered, fresh),
			  *other = NULL;

	if (face->stream)
		other = change_winner(&m->stream_way, face->stream, left, entered, fresh);
	ways_renew(face, winner, other);
	tls_endpoint_renew(&m->way.endpoint);
	if (face->stream)
		tls_endpoint_renew(&m->stream_way.endpoint);
}

void member_redate(struct member *m, size_t here)
{
	bool assumed = tls_endpoint_redate(&m->way.endpoint);

	assumed |= tls_endpoint_redate(&m->stream_way.endpoint);
	if (assumed)
		member_renew(m, here, here, 0);
	else
		ways_hope(&m->upstream, NULL);
}

bool member_concerns(const struct member *m, const struct addr *a)
{
	return ways_concern(&m->upstream, a) || tickets_any(&m->way.endpoint.tickets, a) ||
	       (m->upstream.stream && tickets_any(&m->stream_way.endpoint.tickets, a));
}

/* ------------------------------------------------------------------ figures */

void member_get_stats(const struct member *m, struct stats *ret)
{
	*ret = m->way.stats;
	stats_add(ret, &m->stream_way.stats);
}

void member_take_stats(struct member *m, struct stats *ret)
{
	member_get_stats(m, ret);
	memset(&m->way.stats, 0, sizeof m->way.stats);
	memset(&m->stream_way.stats, 0, sizeof m->stream_way.stats);
}
