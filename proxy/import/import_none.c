#include "proxy/import/import.h"

#include <stdio.h>

#include "proxy/exit_code.h"

int import_command(const char *file, const char *kind, const char *const *upstreams, size_t count)
{
	(void)file;
	(void)kind;
	(void)upstreams;
	(void)count;
	fputs("dnsfwd: --import: this dnsfwd was built without it (make IMPORT=1)\n", stderr);
	return EXIT_OTHER;
}
