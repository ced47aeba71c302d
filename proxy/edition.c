#include "proxy/edition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cache/cache.h"
#include "proxy/features.h"
#include "proxy/loop.h"
#include "proxy/names.h"
#include "proxy/ops/files.h"
#include "proxy/secrets.h"
#include "proxy/self.h"
#include "proxy/trusts.h"
#include "proxy/worker.h"

/* ------------------------------------------------------------------ whom we take */

/* At a reload they are read at once, to see whether they have changed. */
static enum exit_code load_trusts(
	struct edition *e, const struct edition *before, char *error, size_t size)
{
	if (trusts_load(e->trusts, error, size) < 0)
		return EXIT_FILES;
	trusts_keep(e->trusts, before->trusts);
	return EXIT_OK;
}

/* One goes on only with the anchors it began with. */
static void compare(struct edition *e, const struct edition *before)
{
	config_compare(before ? before->config : NULL, e->config, &e->change);
	for (size_t i = 0; i < e->config->upstream_count; i++) {
		size_t old = e->change.upstream[i];

		if (old != CHANGE_NONE && trusts_of(e->trusts, i) != trusts_of(before->trusts, old))
			e->change.upstream[i] = CHANGE_NONE;
	}
}

static enum exit_code make_policies(
	struct edition *e, const struct edition *before, char *error, size_t size)
{
	enum exit_code code = EXIT_OK;
	int err;

	e->trusts = trusts_new(e->config);
	if (!e->trusts)
		return EXIT_MEMORY;
	if (before)
		code = load_trusts(e, before, error, size);
	if (code != EXIT_OK)
		return code;
	err = policies_init(&e->policies, e->config, e->trusts, error, size);
	if (err == 0)
		err = policies_check_library(e->config, error, size);
	if (err < 0)
		return err == -ENOMEM ? EXIT_MEMORY : EXIT_CONFIG;
	compare(e, before);
	return EXIT_OK;
}

/* ------------------------------------------------------------------ making */

static enum exit_code load_secrets(
	struct edition *e, const struct edition *before, char *error, size_t size)
{
	snprintf(error, size, "out of memory");
	e->secrets = secrets_new(e->config, before ? before->secrets : NULL);
	if (!e->secrets)
		return EXIT_MEMORY;
	return secrets_load(e->secrets, error, size) < 0 ? EXIT_FILES : EXIT_OK;
}

static enum exit_code make(
	struct edition *e, const struct edition *before, bool check_only, char *error, size_t size)
{
	enum exit_code code = EXIT_CONFIG;

	if (features_check(e->config, error, size) == 0)
		code = make_policies(e, before, error, size);
	if (code == EXIT_OK)
		code = load_secrets(e, before, error, size);
	if (code != EXIT_OK)
		return code;
	snprintf(error, size, "out of memory");
	e->files = files_new(e->config, check_only, before ? before->files : NULL);
	if (!e->files)
		return EXIT_MEMORY;
	if (check_only && trusts_load(e->trusts, error, size) < 0)
		return EXIT_FILES;
	return EXIT_OK;
}

struct edition *edition_new(struct config *config, const struct edition *before, bool check_only,
	enum exit_code *ret_code, char *error, size_t size)
{
	struct edition *e = calloc(1, sizeof *e);

	*ret_code = EXIT_MEMORY;
	snprintf(error, size, "out of memory");
	if (!e)
		return NULL;
	e->config = config_ref(config);
	*ret_code = make(e, before, check_only, error, size);
	if (*ret_code == EXIT_OK)
		return e;
	edition_free(e);
	return NULL;
}

/* ------------------------------------------------------------------ serving */

/* An upstream that is ourselves would get each query again (threats A51). */
static enum exit_code refuse_loops(
	const struct edition *e, const struct edition_place *at, char *error, size_t size)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < e->config->upstream_count; i++) {
		const struct config_upstream *u = &e->config->forward[i];

		for (size_t k = 0; k < u->address_count; k++) {
			if (!self_is_reached(at->bound, at->bound_count, &u->address[k],
				    config_has_two_ways(u->transport)))
				continue;
			snprintf(error, size,
				"upstream %.80s: %s is where dnsfwd itself listens; forward to "
				"another resolver",
				u->name, addr_text(&u->address[k], text));
			return EXIT_CONFIG;
		}
	}
	return EXIT_OK;
}

static enum exit_code make_names(struct edition *e, const struct edition_place *at,
	const struct edition *before, char *error, size_t size)
{
	struct names_setup setup = { .base = at->base,
		.mailbox = at->mailbox,
		.config = e->config,
		.listen = at->bound,
		.listen_count = at->bound_count,
		.workers = at->workers,
		.worker_count = at->worker_count,
		.changed = at->addresses_changed,
		.changed_arg = at->changed_arg };

	if (before && names_suits(before->names, e->config))
		e->names = before->names;
	else
		e->names = names_new(&setup, before ? before->names : NULL, error, size);
	return e->names ? EXIT_OK : EXIT_OTHER;
}

static bool same_cache(const struct config *a, const struct config *b)
{
	return a->cache_size == b->cache_size && a->cache_min_ttl_us == b->cache_min_ttl_us &&
	       a->cache_max_ttl_us == b->cache_max_ttl_us && a->serve_stale_us == b->serve_stale_us;
}

/* True: there is one, or none is wanted. */
static bool make_cache(
	struct edition *e, const struct edition_place *at, const struct edition *before)
{
	const struct config *c = e->config;
	struct cache_settings s = { .size = (size_t)c->cache_size,
		.min_ttl_s = (uint32_t)(c->cache_min_ttl_us / 1000000),
		.max_ttl_s = (uint32_t)(c->cache_max_ttl_us / 1000000),
		.stale_s = (uint32_t)(c->serve_stale_us / 1000000) };

	if (c->cache_size == 0)
		return true;
	if (before && same_cache(c, before->config)) {
		e->cache = before->cache;
		return true;
	}
	memcpy(s.secret, at->secret, sizeof s.secret);
	e->cache = cache_new(&s);
	if (!e->cache)
		return false;
	if (before && before->cache)
		cache_copy(e->cache, before->cache, loop_boottime_s(NULL));
	return true;
}

/* A worker may want them as soon as it has the edition, which is before edition_start. */
static bool serve_trusts(struct edition *e, const struct edition_place *at)
{
	return trusts_serve(e->trusts, at->base, at->mailbox, at->workers, at->worker_count) == 0;
}

static void give_back(struct edition *e, const struct edition *before)
{
	if (before && e->names == before->names)
		e->names = NULL;
	if (before && e->cache == before->cache)
		e->cache = NULL;
}

enum exit_code edition_serve(struct edition *e, const struct edition_place *at,
	const struct edition *before, char *error, size_t size)
{
	enum exit_code code = refuse_loops(e, at, error, size);

	if (code == EXIT_OK)
		code = make_names(e, at, before, error, size);
	if (code == EXIT_OK && (!make_cache(e, at, before) || !serve_trusts(e, at))) {
		snprintf(error, size, "out of memory");
		code = EXIT_MEMORY;
	}
	if (code != EXIT_OK)
		give_back(e, before);
	return code;
}

void edition_fill(const struct edition *e, struct worker_setup *ret)
{
	ret->config = e->config;
	ret->upstreams = (struct groups_setup){ .policies = e->policies.tls,
		.dtls_policies = e->policies.dtls,
		.want_addresses = names_want,
		.want_arg = e->names,
		.want_trust = trusts_want,
		.trust_arg = e->trusts };
	ret->cache = e->cache;
	ret->cookie_secrets = secrets_get(e->secrets);
	ret->local_key = files_key(e->files);
	ret->names = files_names(e->files);
	ret->blocks = files_blocks(e->files);
}

/* ------------------------------------------------------------------ in use, and not any more */

void edition_look_up(struct edition *e, const struct edition *before)
{
	if (before)
		names_change(e->names, e->config);
	if (!before || e->names != before->names)
		names_start(e->names);
}

int edition_start(struct edition *e, const struct edition_place *at)
{
	int secrets = secrets_start(e->secrets, at->base, at->workers, at->worker_count);
	int files = files_start(e->files, at->base, at->workers, at->worker_count);

	trusts_start(e->trusts);
	return secrets < 0 || files < 0 ? -ENOMEM : 0;
}

void edition_retire(struct edition *e, const struct edition *after)
{
	secrets_stop(e->secrets);
	files_stop(e->files);
	give_back(e, after);
	if (e->names)
		names_stop(e->names);
}

void edition_drop(struct edition *e, const struct edition *before)
{
	give_back(e, before);
	edition_free(e);
}

void edition_free(struct edition *e)
{
	if (!e)
		return;
	cache_free(e->cache);
	files_free(e->files);
	names_free(e->names);
	if (e->secrets)
		secrets_free(e->secrets);
	policies_deinit(&e->policies);
	trusts_free(e->trusts);
	config_unref(e->config);
	free(e);
}
