/*
 * Whether the GnuTLS at hand may be given the datagrams of strangers.  CVE-2026-33845, -33846 and -42009
 * (memory bugs in the reassembly of DTLS handshakes, before anyone is authenticated) are closed in
 * 3.8.13.  Debian mends older versions and keeps their number, so that its package is asked for.  Unknown
 * is unsafe (threats A67).
 */
#ifndef PROXY_UPSTREAM_DTLS_LIBRARY_H
#define PROXY_UPSTREAM_DTLS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#define DTLS_LIBRARY_WHY_MAX 256u

/*
 * Of the library that runs.  False: *ret_why says in a sentence which it is and what is needed; static.  Reads
 * a file: once, at the start, from one thread.
 */
bool dtls_library_is_safe(const char **ret_why);

/* What the library is, as far as it can be known. */
struct dtls_library {
	const char *version;	 /* its own word: "3.7.9" */
	const char *path;	 /* of the file that is loaded; NULL: not known */
	const char *dpkg_status; /* dpkg's list of what is installed; need not be there */
};

/* The same of a given one; why has room for DTLS_LIBRARY_WHY_MAX. */
bool dtls_library_judge(const struct dtls_library *l, char why[DTLS_LIBRARY_WHY_MAX]);

#endif
