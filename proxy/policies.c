#include "proxy/policies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "proxy/trusts.h"
#include "proxy/upstream/dtls_library.h"
#include "proxy/upstream/tls_policy.h"

static bool make(struct policies *p, const struct config *c, size_t i, struct trust *trust,
	char *error, size_t size)
{
	const struct config_upstream *u = &c->forward[i];

	if (config_is_plain(u->transport))
		return true;
	p->tls[i] = tls_policy_new(u, c->tls_priority, trust, error, size);
	if (WITH_DTLS && p->tls[i] && config_is_dtls(u->transport))
		p->dtls[i] = dtls_policy_new(u, c->tls_priority, trust, error, size);
	return p->tls[i] && (!WITH_DTLS || !config_is_dtls(u->transport) || p->dtls[i]);
}

int policies_init(
	struct policies *p, const struct config *c, struct trusts *trusts, char *error, size_t size)
{
	snprintf(error, size, "out of memory");
	p->count = c->upstream_count;
	p->tls = calloc(p->count, sizeof(struct tls_policy *));
	p->dtls = calloc(p->count, sizeof(struct tls_policy *));
	if (!p->tls || !p->dtls)
		return -ENOMEM;
	for (size_t i = 0; i < p->count; i++)
		if (!make(p, c, i, trusts_of(trusts, i), error, size))
			return -EINVAL;
	return 0;
}

static void free_all_of(struct tls_policy **policies, size_t count)
{
	for (size_t i = 0; policies && i < count; i++)
		tls_policy_free(policies[i]);
	free(policies);
}

void policies_deinit(struct policies *p)
{
	free_all_of(p->tls, p->count);
	free_all_of(p->dtls, p->count);
}

/* The first that may be spoken to over DTLS; NULL: none. */
static const struct config_upstream *find_dtls(const struct config *c)
{
	for (size_t i = 0; i < c->upstream_count; i++)
		if (config_is_dtls(c->forward[i].transport))
			return &c->forward[i];
	return NULL;
}

int policies_check_library(const struct config *c, char *error, size_t size)
{
	const struct config_upstream *u = find_dtls(c);
	const char *why;

	if (!WITH_DTLS || !u || dtls_library_is_safe(&why))
		return 0;
	if (c->insecure_dtls_library) {
		log_warning("DTLS is used although %s (option \"insecure-dtls-library\")", why);
		return 0;
	}
	snprintf(error, size,
		"upstream %.80s: DTLS is not used: %s; take transport = \"tls\", or set option "
		"\"insecure-dtls-library\"",
		u->name, why);
	return -EINVAL;
}
