/* In place of metrics.c in a build without HTTP, which refuses the option (proxy/features.h). */
#include "proxy/ops/metrics.h"

int metrics_new(const struct metrics_setup *setup, struct metrics **ret, char *error, size_t size)
{
	(void)setup;
	(void)error;
	(void)size;
	*ret = NULL;
	return 0;
}

void metrics_free(struct metrics *m)
{
	(void)m;
}
