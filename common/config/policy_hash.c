#include "common/config/policy_hash.h"

#include <string.h>

#include "common/base/siphash.h"

/* No secret: the configuration is nobody's to choose but its owner's. */
static const uint8_t no_key[16] = "who may answer?";

/* Chained: the number so far is part of what is hashed next. */
static uint64_t mix(uint64_t sum, const void *data, size_t len)
{
	uint64_t parts[3] = { sum, len, siphash(no_key, data, len) };

	return siphash(no_key, parts, sizeof parts);
}

static uint64_t mix_text(uint64_t sum, const char *text)
{
	return text ? mix(sum, text, strlen(text)) : mix(sum, "", 0);
}

static uint64_t mix_upstream(uint64_t sum, const struct config_upstream *u)
{
	uint32_t numbers[3] = { u->port, (uint32_t)u->profile, (uint32_t)u->transport };
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < u->address_count; i++)
		sum = mix_text(sum, addr_text(&u->address[i], text));
	sum = mix_text(sum, u->host);
	sum = mix_text(sum, u->auth_name);
	sum = mix_text(sum, u->tls_cert_bundle);
	sum = mix(sum, u->pins, u->pin_count * CONFIG_PIN_OCTETS);
	return mix(sum, numbers, sizeof numbers);
}

static uint64_t mix_prefix(uint64_t sum, const struct prefix *p)
{
	uint32_t numbers[2] = { (uint32_t)p->family, p->bits };

	sum = mix(sum, numbers, sizeof numbers);
	return mix(sum, p->net, sizeof p->net);
}

/* Both orders of writing are one set, but who would change that is free to ask again. */
static uint64_t mix_private(uint64_t sum, const struct config *c)
{
	if (c->private_address_count == 0)
		return sum;
	for (size_t i = 0; i < c->private_address_count; i++)
		sum = mix_prefix(sum, &c->private_address[i]);
	for (size_t i = 0; i < c->private_except.count; i++)
		sum = mix_text(sum, c->private_except.text[i]);
	return sum ? sum : 1;
}

uint64_t config_policy_hash(const struct config_upstream *group, size_t count)
{
	uint64_t sum = 1;

	for (size_t i = 0; i < count; i++)
		sum = mix_upstream(sum, &group[i]);
	return sum ? sum : 1;
}

uint64_t config_forward_hash(const struct config *c)
{
	return mix_private(config_policy_hash(c->forward, c->forward_count), c);
}
