/* In place of metrics.c in a build without HTTP. */
#include <errno.h>
#include <stdio.h>

#include "proxy/ops/metrics.h"

int metrics_new(const struct metrics_setup *setup, struct metrics **ret, char *error, size_t size)
{
	*ret = NULL;
	if (!*setup->where)
		return 0;
	snprintf(error, size,
		"option \"metrics\": this dnsfwd was built without HTTP (make HTTP=0); take the "
		"option "
		"out, or another build");
	return -ENOTSUP;
}

void metrics_free(struct metrics *m)
{
	(void)m;
}
