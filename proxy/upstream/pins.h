/*
 * SPKI pins (RFC 7858 4.2, RFC 7469 2.4, 2.6): SHA-256 over the SubjectPublicKeyInfo of the leaf, or
 * of a certificate on the path verified from it upwards.  What else a server sends never counts.
 */
#ifndef PROXY_UPSTREAM_PINS_H
#define PROXY_UPSTREAM_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/upstream/tls_policy.h"

struct gnutls_x509_crt_int;

#define PIN_TEXT_MAX 45u

/* The base64 of a certificate's pin. */
const char *pin_text(struct gnutls_x509_crt_int *cert, char text[PIN_TEXT_MAX]);

/* One of the policy's pins is this certificate's. */
bool pins_contain(const struct tls_policy *p, struct gnutls_x509_crt_int *cert);

#endif
