/*
 * Does a name in a certificate's subjectAltName stand for the name that we expect?
 * RFC 9525 6.3: labels compare in ASCII without case; a wildcard is the whole left-most label, the
 * only one, and stands for exactly one label; never for an address.  The subject's CN is not looked
 * at anywhere.
 */
#ifndef COMMON_BASE_HOSTMATCH_H
#define COMMON_BASE_HOSTMATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * presented: a dNSName as it stands in the certificate (len octets, may hold NULs: then it never
 * matches).  expected: our configured name, NUL-terminated; a final dot on either side is ignored.
 */
bool hostmatch(const char *presented, size_t len, const char *expected);

/*
 * A host name that can be expected: letters, digits, '-', '_' in labels of 1-63, whole <= 253, no
 * wildcard.
 */
bool hostname_valid(const char *name);

#endif
