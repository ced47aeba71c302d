#include "common/config/pins.h"

#include <string.h>

#include "common/base/base64.h"
#include "common/config/value.h"

#define PIN_CHARS BASE64_LEN(CONFIG_PIN_OCTETS)

static const char hex_digits[] = "0123456789abcdefABCDEF";

/* Tools print digests as 64 digits, or in pairs with colons between. */
static bool is_hex(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		if (strchr(hex_digits, *text))
			count++;
		else if (*text != ':')
			return false;
	}
	return count == (size_t)2 * CONFIG_PIN_OCTETS;
}

static bool decode(const char *text, uint8_t pin[CONFIG_PIN_OCTETS])
{
	size_t len;

	return base64_decode(text, strlen(text), pin, CONFIG_PIN_OCTETS, &len) &&
	       len == CONFIG_PIN_OCTETS;
}

/* One character was forgotten at the end. */
static bool lacks_padding(const char *text)
{
	uint8_t pin[CONFIG_PIN_OCTETS];
	char padded[PIN_CHARS + 1];

	if (strlen(text) != PIN_CHARS - 1)
		return false;
	snprintf(padded, sizeof padded, "%s=", text);
	return decode(padded, pin);
}

static void refuse(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const char *allowed)
{
	char value[VALUE_TEXT_MAX];

	snprintf(value, sizeof value, "\"%.80s\"", text);
	value_refuse(l->errors, where, o, value, allowed);
}

static void refuse_text(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	size_t len = strlen(text);
	char allowed[160];

	if (is_hex(text))
		snprintf(allowed, sizeof allowed,
			"this is hexadecimal: write the same digest in base64, %u characters",
			PIN_CHARS);
	else if (lacks_padding(text))
		snprintf(allowed, sizeof allowed, "the = at its end is missing");
	else if (len != PIN_CHARS)
		snprintf(allowed, sizeof allowed,
			"its length is %zu: the base64 of a SHA-256 digest has %u characters, the "
			"last one is =",
			len, PIN_CHARS);
	else
		snprintf(allowed, sizeof allowed,
			"this is not the base64 of %u octets: a character is wrong, perhaps one "
			"was not copied well",
			CONFIG_PIN_OCTETS);
	refuse(l, o, text, where, allowed);
}

static bool has(const struct config_upstream *u, const uint8_t pin[CONFIG_PIN_OCTETS])
{
	for (size_t i = 0; i < u->pin_count; i++) {
		if (memcmp(u->pins[i], pin, CONFIG_PIN_OCTETS) == 0)
			return true;
	}
	return false;
}

static bool append(
	struct loader *l, struct config_upstream *u, const uint8_t pin[CONFIG_PIN_OCTETS])
{
	uint8_t(*list)[CONFIG_PIN_OCTETS] = load_grow(l, u->pins, u->pin_count, sizeof *list);

	if (!list)
		return false;
	u->pins = list;
	memcpy(list[u->pin_count++], pin, CONFIG_PIN_OCTETS);
	return true;
}

void config_pins_add(struct loader *l, const struct option *o, const char *text,
	struct config_place where, struct config_upstream *u)
{
	uint8_t pin[CONFIG_PIN_OCTETS];

	if (!decode(text, pin))
		refuse_text(l, o, text, where);
	else if (has(u, pin))
		refuse(l, o, text, where, "this pin is listed already");
	else
		append(l, u, pin);
}

void config_pins_copy(
	struct loader *l, struct config_upstream *u, const struct config_upstream *from)
{
	for (size_t i = 0; i < from->pin_count; i++) {
		if (!append(l, u, from->pins[i]))
			return;
	}
}

bool config_pins_equal(const struct config_upstream *a, const struct config_upstream *b)
{
	if (a->pin_count != b->pin_count)
		return false;
	/* No list has a pin twice. */
	for (size_t i = 0; i < a->pin_count; i++) {
		if (!has(b, a->pins[i]))
			return false;
	}
	return true;
}

void config_pins_print(const struct config_upstream *u, FILE *out)
{
	char text[PIN_CHARS + 1];

	fputc('[', out);
	for (size_t i = 0; i < u->pin_count; i++)
		fprintf(out, "%s \"%s\"", i > 0 ? "," : "",
			base64_encode(u->pins[i], CONFIG_PIN_OCTETS, text));
	fputs(" ]", out);
}
