/* In place of dnstap.c in a build without it, which refuses the option (proxy/features.h). */
#include "proxy/ops/dnstap.h"

bool dnstap_is_built(void)
{
	return false;
}

int dnstap_new(const struct dnstap_setup *setup, struct dnstap **ret, char *error, size_t size)
{
	(void)setup;
	(void)error;
	(void)size;
	*ret = NULL;
	return 0;
}

struct tap *dnstap_tap(struct dnstap *d, size_t worker)
{
	(void)d;
	(void)worker;
	return NULL;
}

int dnstap_start(struct dnstap *d)
{
	(void)d;
	return 0;
}

void dnstap_free(struct dnstap *d)
{
	(void)d;
}
