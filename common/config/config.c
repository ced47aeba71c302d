#include "common/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "common/config/upstream.h"

struct config *config_ref(struct config *c)
{
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
	return c;
}

bool config_texts_equal(const struct config_texts *a, const struct config_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

static void free_texts(struct config_texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->text[i]);
	free(t->text);
}

static void free_local(struct config *c)
{
	free_texts(&c->hosts);
	free_texts(&c->record);
	free_texts(&c->special_except);
	free_texts(&c->block);
	free_texts(&c->block_except);
	free_texts(&c->private_except);
	free(c->private_address);
	free(c->lease_file);
	free(c->local_domain);
	free(c->dns64);
}

void config_unref(struct config *c)
{
	/* Whoever frees must see all that others did before they let go. */
	if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < c->upstream_count; i++)
		config_upstream_deinit(&c->forward[i]);
	free(c->forward);
	for (size_t i = 0; i < c->zone_count; i++) {
		free(c->zone[i].name);
		free(c->zone[i].interface);
	}
	free(c->zone);
	free(c->text);
	free(c->listen);
	free(c->allow);
	free(c->bootstrap);
	free(c->state_dir);
	free(c->cache_snapshot);
	free(c->tls_cert_bundle);
	free(c->tls_priority);
	free(c->cookie_secret_file);
	free(c->user);
	free_texts(&c->files);
	free(c->control);
	free(c->log_level);
	free(c->log_file);
	free(c->metrics);
	free(c->dnstap);
	free_local(c);
	config_errors_free(&c->warnings);
	free(c);
}
