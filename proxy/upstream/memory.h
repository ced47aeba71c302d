/*
 * Is there memory for a library that crashes without?  libgmp ends the process then, libtasn1 and
 * libconfig go through NULL.  So it is asked first, and nothing is begun that could not end.
 */
#ifndef PROXY_UPSTREAM_MEMORY_H
#define PROXY_UPSTREAM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* More than a handshake, a store of certificates, or a configuration takes. */
#define MEMORY_OF_HANDSHAKE (512u * 1024)
#define MEMORY_OF_TRUST	    (8u * 1024 * 1024)
#define MEMORY_OF_CONFIG    (8u * 1024 * 1024)

/* Could so much be allocated now?  Two system calls; nothing is touched. */
bool memory_is_left(size_t octets);

/*
 * After something large and rare, like a store of certificates: free pages of the heap go back to the system, and of the
 * code of programs and libraries only that stays resident which is used afterwards (the rest is read again from the
 * page cache, or from the file).  From any thread; not under a lock that others wait
 * for.
 */
void memory_give_back(void);

#endif
