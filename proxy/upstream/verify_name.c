#include "proxy/upstream/verify_name.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hostmatch.h"

/*
 * A certificate's name may hold any octet: those that would cut the message short or spoil the log
 * stand as in a zone file (RFC 1035 5.1).
 */
static void spell(char *out, size_t size, const char *name, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < len && at + 5 < size; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c > ' ' && c < 0x7f)
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, size - at, "\\%03u", c);
	}
	out[at] = '\0';
}

/* Collects what the certificate offers, for the message. */
static void note_name(char *seen, size_t size, const char *name, size_t len)
{
	size_t at = strlen(seen);
	char text[256];

	spell(text, sizeof text, name, len);
	if (at + strlen(text) + 4 < size)
		snprintf(seen + at, size - at, "%s%s", at ? ", " : "", text);
}

static void note_address(char *seen, size_t size, const unsigned char *ip, size_t len)
{
	struct addr a = { 0 };
	char text[ADDR_TEXT_MAX];

	if (len == 4) {
		a.in4.sin_family = AF_INET;
		memcpy(&a.in4.sin_addr, ip, len);
	} else if (len == 16) {
		a.in6.sin6_family = AF_INET6;
		memcpy(&a.in6.sin6_addr, ip, len);
	} else {
		return;
	}
	addr_ip_text(&a, text);
	note_name(seen, size, text, strlen(text));
}

static bool address_matches(const struct addr *a, const unsigned char *ip, size_t len)
{
	if (a->sa.sa_family == AF_INET6)
		return len == 16 && memcmp(ip, &a->in6.sin6_addr, 16) == 0;
	return len == 4 && memcmp(ip, &a->in4.sin_addr, 4) == 0;
}

/* RFC 9525 6.3, 6.4: dNSName for a name, iPAddress octet for octet for an address, nothing else. */
static bool san_matches(gnutls_x509_crt_t cert, const char *auth_name, const struct addr *addr,
	char *seen, size_t size)
{
	for (unsigned i = 0;; i++) {
		unsigned char san[1024];
		size_t len = sizeof san;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, san, &len, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return false;
		if (type == GNUTLS_SAN_DNSNAME) {
			if (auth_name && hostmatch((const char *)san, len, auth_name))
				return true;
			note_name(seen, size, (const char *)san, len);
		} else if (type == GNUTLS_SAN_IPADDRESS) {
			if (!auth_name && address_matches(addr, san, len))
				return true;
			note_address(seen, size, san, len);
		}
	}
}

bool verify_name(gnutls_x509_crt_t cert, const char *name, const struct addr *addr, char *reason,
	size_t size)
{
	char seen[120] = "", expected[ADDR_TEXT_MAX];

	if (san_matches(cert, name, addr, seen, sizeof seen))
		return true;
	snprintf(reason, size, "certificate refused: it is for %s, expected %s",
		*seen ? seen : "no name at all", name ? name : addr_ip_text(addr, expected));
	return false;
}
