#include "proxy/upstream/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not by malloc(): a large block that comes and goes would change how it deals with the small ones. */
bool memory_is_left(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, octets);
	return true;
}

/* Pages of a file that nobody may write to are the file's, whatever happens to the mapping. */
static void unmap_pages(const struct dl_phdr_info *module, const ElfW(Phdr) *segment)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = module->dlpi_addr + segment->p_vaddr,
		  end = begin + segment->p_filesz;

	begin = (begin + page - 1) & ~(page - 1);
	end &= ~(page - 1);
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED); /* refused: they stay */
}

static int visit_module(struct dl_phdr_info *module, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (size_t i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			unmap_pages(module, segment);
	}
	return 0;
}

void memory_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0); /* else the octets stay with the process */
#endif
	dl_iterate_phdr(visit_module, NULL);
}
