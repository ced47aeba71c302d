#include "proxy/app_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <gnutls/gnutls.h>

#include "proxy/ops/dnstap.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/metrics.h"
#include "proxy/upstream/bootstrap_channel.h"
#include "proxy/version.h"

static enum exit_code build_control(struct app *a, char *error, size_t size)
{
	struct control_setup setup = { .base = a->base,
		.path = a->now->config->control,
		.is_default = a->now->config->control_is_default,
		.group = a->group,
		.context = &a->control_context };

	a->gatherer = gatherer_new(&(struct gatherer_setup){ .base = a->base,
		.mailbox = &a->mailbox,
		.workers = a->workers,
		.worker_count = a->worker_count,
		.cache = a->now->cache,
		.config = a->now->config });
	if (!a->gatherer)
		return EXIT_MEMORY;
	a->control_context = (struct control_context){ .app = a,
		.gatherer = a->gatherer,
		.cache = a->now->cache,
		.config = a->now->config,
		.around = &a->around,
		.zones = a->zones,
		.portals = a->portals,
		.base = a->base,
		.reload = app_reload };
	return control_new(&setup, &a->control, error, size) < 0 ? EXIT_FILES : EXIT_OK;
}

static enum exit_code build_metrics(struct app *a, char *error, size_t size)
{
	struct metrics_setup setup = { .base = a->base,
		.where = a->now->config->metrics,
		.group = a->group,
		.gatherer = a->gatherer,
		.around = &a->around,
		.versions = { .dnsfwd = dnsfwd_version,
			.gnutls = gnutls_check_version(NULL),
			.libevent = event_get_version(),
			.cares = bootstrap_channel_library() } };
	int err = metrics_new(&setup, &a->metrics, error, size);

	if (err == -ENOTSUP)
		return EXIT_CONFIG;
	return err < 0 ? EXIT_NETWORK : EXIT_OK;
}

enum exit_code app_build_ops(struct app *a, char *error, size_t size)
{
	enum exit_code code = build_control(a, error, size);

	return code == EXIT_OK ? build_metrics(a, error, size) : code;
}

enum exit_code app_build_dnstap(struct app *a, char *error, size_t size)
{
	struct dnstap_setup setup = { .path = a->now->config->dnstap,
		.client_addresses = a->now->config->dnstap_client_addresses,
		.version = dnsfwd_version,
		.workers = a->worker_count };
	int err = dnstap_new(&setup, &a->dnstap, error, size);

	if (err == -ENOMEM)
		return EXIT_MEMORY;
	return err < 0 ? EXIT_CONFIG : EXIT_OK;
}
