/* Whether a certificate is for whom we expect (RFC 9525 6.3, 6.4): subjectAltName, never the CN. */
#ifndef PROXY_UPSTREAM_VERIFY_NAME_H
#define PROXY_UPSTREAM_VERIFY_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

struct gnutls_x509_crt_int;

/*
 * dNSName for a name; for an address (name NULL) iPAddress, octet for octet.  False with a sentence
 * that says whose it is and who was expected.
 */
bool verify_name(struct gnutls_x509_crt_int *cert, const char *name, const struct addr *addr,
	char *reason, size_t size);

#endif
