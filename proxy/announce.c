#include "proxy/announce.h"

#include <net/if.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/config/change.h"
#include "common/config/config.h"
#include "proxy/listeners.h"
#include "proxy/policies.h"
#include "proxy/trusts.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"

static void log_upstream(const struct announce *a, size_t i)
{
	const struct config_upstream *u = &a->config->forward[i];
	struct trust *trust = trusts_of(a->trusts, i);
	static const char *const over[] = { [TRANSPORT_TLS] = "TLS",
		[TRANSPORT_DTLS] = "DTLS, with TLS beside it",
		[TRANSPORT_AUTO] = "DTLS or TLS, whichever answers first" };
	char who[300], anchors[60] = "";

	if (config_is_plain(u->transport))
		return; /* its zone tells */

	if (trust)
		snprintf(
			anchors, sizeof anchors, " against %u trust anchors", trust_anchors(trust));
	log_info("forwarding to %s over %s, %sauthenticated as %s%s", u->name, over[u->transport],
		u->profile == PROFILE_STRICT ? "" : "where possible ",
		tls_policy_text(a->policies->tls[i], who, sizeof who), anchors);
}

static void log_zone(const struct announce *a, const struct config_zone *z)
{
	const struct config_upstream *first = &a->config->forward[z->first];

	bool waits = *z->interface && if_nametoindex(z->interface) == 0;

	log_info("zone %s: asked of %s%s%s%s%s%s", z->name, first->name,
		z->count > 1 ? " and others" : "",
		config_is_plain(first->transport) ? ", in clear" : "",
		*z->interface ? ", through " : "", z->interface,
		waits ? ", which is not there now" : "");
}

void announce_changes(const struct announce *a, const struct config_change *change)
{
	for (size_t i = 0; i < a->config->upstream_count; i++)
		if (change->upstream[i] == CHANGE_NONE)
			log_upstream(a, i);
	for (size_t i = 0; i < a->config->zone_count; i++)
		if (change->zone[i] == CHANGE_NONE)
			log_zone(a, &a->config->zone[i]);
}

void announce(const struct announce *a)
{
	listeners_log(a->listeners);
	if (a->tcp_clients < a->config->tcp_clients)
		log_warning(
			"only %zu TCP clients at a time: the limit of open files does not allow "
			"tcp-clients = %u; raise it (LimitNOFILE=)",
			a->tcp_clients * a->worker_count, a->config->tcp_clients);
	for (size_t i = 0; i < a->config->upstream_count; i++)
		log_upstream(a, i);
	for (size_t i = 0; i < a->config->zone_count; i++)
		log_zone(a, &a->config->zone[i]);
	log_info("ready: %zu upstream%s, %zu worker%s", a->config->upstream_count,
		a->config->upstream_count == 1 ? "" : "s", a->worker_count,
		a->worker_count == 1 ? "" : "s");
}
