#include "proxy/import/import.h"

#include <stdio.h>

#include "proxy/exit_code.h"

int import_command(const char *file, const char *kind, const char *const *upstreams, size_t count)
{
	(void)file;
	(void)kind;
	(void)upstreams;
	(void)count;
	fputs("dnsfwd: this build is for small machines and has no --import; where the file comes from there may be a "
	      "dnsfwd that has it\n",
		stderr);
	return EXIT_OTHER;
}
