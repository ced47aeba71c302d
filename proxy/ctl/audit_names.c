#include "proxy/ctl/audit_names.h"

#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/config/source.h"
#include "common/dns/name.h"

#define RANDOM_LETTERS 16u

static const struct {
	const char *key;
	size_t offset;
	const char *preset;
	bool is_name;
} keys[] = {
#define KEY(key, member, preset, is_name)                                                          \
	{                                                                                          \
		key, offsetof(struct audit_names, member), preset, is_name                         \
	}
	KEY("good", good, "www.example.com", true),
	KEY("bogus", bogus, "dnssec-failed.org", true),
	KEY("nxdomain", nxdomain, "www.*.com", true),
	KEY("slow", slow, "*.example.org", true),
	KEY("qname-minimisation", minimising, "qnamemintest.internet.nl", true),
	KEY("qname-minimisation-says", minimising_yes, "HOORAY", false),
	KEY("client-subnet", subnet, "o-o.myaddr.l.google.com", true),
	KEY("client-subnet-says", subnet_yes, "edns0-client-subnet", false),
#undef KEY
};
#define KEYS (sizeof keys / sizeof keys[0])

static char *value_of(struct audit_names *names, size_t key)
{
	return (char *)names + keys[key].offset;
}

void audit_names_defaults(struct audit_names *names)
{
	for (size_t i = 0; i < KEYS; i++)
		snprintf(value_of(names, i), AUDIT_NAME_MAX, "%s", keys[i].preset);
}

const char *audit_names_keys(void)
{
	return "good, bogus, nxdomain, slow, qname-minimisation, qname-minimisation-says, "
	       "client-subnet, client-subnet-says";
}

/* ------------------------------------------------------------------ "*" */

/* Letters and nothing else, so that it is a label that anybody could have typed. */
static void random_label(char out[RANDOM_LETTERS + 1])
{
	uint8_t octets[RANDOM_LETTERS] = { 0 };

	if (getrandom(octets, sizeof octets, 0) < 0)
		memset(octets, 7, sizeof octets);
	for (size_t i = 0; i < RANDOM_LETTERS; i++)
		out[i] = (char)('a' + octets[i] % 26);
	out[RANDOM_LETTERS] = '\0';
}

size_t audit_name_wire(const char *name, uint8_t *ret_name)
{
	char text[AUDIT_NAME_MAX + RANDOM_LETTERS + 1], label[RANDOM_LETTERS + 1] = "";
	const char *star = strchr(name, '*');
	int before = star ? (int)(star - name) : (int)strlen(name);

	if (!*name)
		return 0;
	if (star)
		random_label(label);
	snprintf(text, sizeof text, "%.*s%s%s", before, name, label, star ? star + 1 : "");
	return name_from_text(text, ret_name);
}

/* ------------------------------------------------------------------ what people write */

static bool is_good(size_t key, const char *value)
{
	uint8_t wire[DNS_NAME_MAX];

	return strlen(value) < AUDIT_NAME_MAX &&
	       (!keys[key].is_name || !*value || audit_name_wire(value, wire) > 0);
}

static bool find(const char *key, size_t len, size_t *ret)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strlen(keys[i].key) == len && memcmp(keys[i].key, key, len) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

bool audit_names_set(struct audit_names *names, const char *text, char *error, size_t size)
{
	const char *equals = strchr(text, '=');
	size_t key;

	if (!equals || !find(text, (size_t)(equals - text), &key)) {
		snprintf(error, size, "\"%s\" is not KEY=NAME with one of: %s", text,
			audit_names_keys());
		return false;
	}
	if (!is_good(key, equals + 1)) {
		snprintf(error, size, "%s: \"%s\" is not a domain name", keys[key].key, equals + 1);
		return false;
	}
	snprintf(value_of(names, key), AUDIT_NAME_MAX, "%s", equals + 1);
	return true;
}

static void take(struct audit_names *names, const config_setting_t *s,
	const struct config_source *source, struct config_errors *errors)
{
	struct config_place where = source_place(source, config_setting_source_line(s));
	const char *name = config_setting_name(s), *value = config_setting_get_string(s);
	size_t key;

	if (!find(name, strlen(name), &key))
		errors_add(errors, where, "unknown test name \"%s\"; known are: %s", name,
			audit_names_keys());
	else if (!value)
		errors_add(errors, where, "test name \"%s\": a text is wanted", name);
	else if (!is_good(key, value))
		errors_add(errors, where, "test name \"%s\": \"%s\" is not a domain name", name,
			value);
	else
		snprintf(value_of(names, key), AUDIT_NAME_MAX, "%s", value);
}

static void take_all(struct audit_names *names, const config_t *tree,
	const struct config_source *source, struct config_errors *errors)
{
	const config_setting_t *root = config_root_setting(tree);

	for (unsigned i = 0; i < (unsigned)config_setting_length(root); i++)
		take(names, config_setting_get_elem(root, i), source, errors);
}

bool audit_names_load(struct audit_names *names, const char *text, size_t len, const char *file,
	struct config_errors *errors)
{
	struct config_source source = { 0 };
	config_t tree;

	config_init(&tree);
	if (source_read(&source, text, len, file, errors)) {
		if (config_read_string(&tree, (const char *)bytes_front(&source.text)))
			take_all(names, &tree, &source, errors);
		else
			errors_add(errors,
				source_place(&source, (unsigned)config_error_line(&tree)), "%s",
				config_error_text(&tree));
	}
	config_destroy(&tree);
	source_free(&source);
	return !errors_any(errors);
}
