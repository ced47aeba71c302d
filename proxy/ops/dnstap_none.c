/* In place of dnstap.c in a build without it. */
#include <errno.h>
#include <stdio.h>

#include "proxy/ops/dnstap.h"

int dnstap_new(const struct dnstap_setup *setup, struct dnstap **ret, char *error, size_t size)
{
	*ret = NULL;
	if (!*setup->path)
		return 0;
	snprintf(error, size,
		"option \"dnstap\": this dnsfwd was built without it; take the option out, or "
		"build "
		"with make DNSTAP=1");
	return -ENOTSUP;
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
