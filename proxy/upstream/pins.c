#include "proxy/upstream/pins.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

static bool hash(gnutls_x509_crt_t cert, uint8_t pin[CONFIG_PIN_OCTETS])
{
	size_t size = CONFIG_PIN_OCTETS;

	return gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, pin, &size) == 0 &&
	       size == CONFIG_PIN_OCTETS;
}

bool pins_contain(const struct tls_policy *p, gnutls_x509_crt_t cert)
{
	uint8_t pin[CONFIG_PIN_OCTETS];

	if (!hash(cert, pin))
		return false;
	for (size_t i = 0; i < p->pin_count; i++)
		if (memcmp(p->pins[i], pin, sizeof pin) == 0)
			return true;
	return false;
}

const char *pin_text(gnutls_x509_crt_t cert, char text[PIN_TEXT_MAX])
{
	uint8_t pin[CONFIG_PIN_OCTETS];
	gnutls_datum_t in = { pin, sizeof pin }, out = { NULL, 0 };

	snprintf(text, PIN_TEXT_MAX, "?");
	if (hash(cert, pin) && gnutls_base64_encode2(&in, &out) == 0)
		snprintf(text, PIN_TEXT_MAX, "%.*s", (int)out.size, (const char *)out.data);
	gnutls_free(out.data);
	return text;
}
