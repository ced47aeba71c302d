#include "proxy/app_internal.h"

#include <stdlib.h>

#include "proxy/capacity.h"
#include "proxy/epochs.h"
#include "proxy/ops/dnstap.h"
#include "proxy/self.h"
#include "proxy/worker.h"

size_t app_tcp_clients(const struct app *a)
{
	return capacity_tcp_clients(a->now->config, a->worker_count, listeners_each(&a->listeners));
}

static struct worker *make_worker(struct app *a, size_t index)
{
	struct socket_pair mine[LISTENERS_MAX];
	struct worker_setup setup = { .listen = a->listeners.address,
		.sockets = mine,
		.socket_count = a->listeners.count,
		.sockets_are_ours = !a->listeners.shared,
		.counts_drops = index == 0 || !a->listeners.shared,
		.tap = dnstap_tap(a->dnstap, index),
		.tcp_clients = app_tcp_clients(a),
		.resumed = epochs_resumed,
		.resumed_arg = a->epochs };
	struct worker *w;

	edition_fill(a->now, &setup);
	setup.upstreams.portal = &a->portal;
	listeners_hand_over(&a->listeners, index, mine);
	w = worker_new(&setup);
	sockets_close(mine, a->listeners.count);
	return w;
}

/* [::] of a passed socket may be reached over IPv4 too. */
static void note_bound(struct app *a, const struct listen_address *l)
{
	struct self_socket s = { l->addr, l->udp, l->tcp };

	a->bound[a->bound_count++] = s;
	if (!l->dual_stack)
		return;
	s.addr = (struct addr){ .in4 = { .sin_family = AF_INET } };
	addr_set_port(&s.addr, addr_port(&l->addr));
	a->bound[a->bound_count++] = s;
}

bool app_allocate_workers(struct app *a)
{
	a->workers = calloc(a->worker_count, sizeof(struct worker *));
	a->drains = calloc(a->worker_count, sizeof *a->drains);
	a->bound = calloc(2 * a->listeners.count, sizeof *a->bound);
	for (size_t i = 0; a->bound && i < a->listeners.count; i++)
		note_bound(a, &a->listeners.address[i]);
	return a->workers && a->drains && a->bound;
}

bool app_build_workers(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		a->workers[i] = make_worker(a, i);
		if (!a->workers[i])
			return false;
	}
	return true;
}

static void deliver_drain(struct mail *m, void *receiver)
{
	notice_taken(m);
	worker_drain(receiver);
}

void app_drain_workers(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		notice_init(&a->drains[i], deliver_drain);
		mailbox_notify(worker_mailbox(a->workers[i]), &a->drains[i]);
	}
}
