#include "proxy/upstream/memory.h"

#include <sys/mman.h>

/* Not by malloc(): a large block that comes and goes would change how it deals with the small ones. */
bool memory_is_left(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, octets);
	return true;
}
