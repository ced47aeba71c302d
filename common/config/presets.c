#include "common/config/presets.h"

#include <assert.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/hostmatch.h"
#include "common/config/presets_text.h"

/* ------------------------------------------------------------------ reading */

static const char *get_text(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s ? config_setting_get_string(s) : NULL;
}

static enum preset_trait get_trait(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	if (!s)
		return TRAIT_UNSAID;
	return config_setting_get_bool(s) ? TRAIT_YES : TRAIT_NO;
}

static size_t get_texts(
	const config_setting_t *group, const char *name, const char **texts, size_t max)
{
	const config_setting_t *s = config_setting_get_member(group, name);
	size_t count = s ? (size_t)config_setting_length(s) : 0;

	assert(count <= max);
	for (size_t i = 0; i < count; i++)
		texts[i] = config_setting_get_string_elem(s, (int)i);
	return count;
}

static void read_preset(const config_setting_t *group, struct preset *p)
{
	const config_setting_t *port = config_setting_get_member(group, "alternate-port");

	p->name = get_text(group, "name");
	p->address_count = get_texts(group, "address", p->address, PRESET_ADDRESS_MAX);
	p->auth_name = get_text(group, "auth-name");
	p->also_count = get_texts(group, "also", p->also, PRESET_ALSO_MAX);
	p->is_template = get_trait(group, "template") == TRAIT_YES;
	p->network = get_text(group, "network");
	p->filter = get_text(group, "filter");
	p->dnssec = get_trait(group, "dnssec");
	p->ecs = get_trait(group, "ecs");
	p->alternate_port = port ? (unsigned)config_setting_get_int(port) : 0;
	p->status = get_text(group, "status");
	p->note = get_text(group, "note");
	p->source = get_text(group, "source");
	p->date = get_text(group, "date");
	p->retired = get_text(group, "retired");
	assert(p->name && (p->auth_name || p->retired));
}

static bool read_all(struct presets *p)
{
	/* What is inside the program was checked by its unit tests. */
	bool parsed = config_read_string(p->tree, (const char *)presets_text) == CONFIG_TRUE;
	const config_setting_t *list = parsed ? config_lookup(p->tree, "preset") : NULL;

	assert(list);
	p->count = (size_t)config_setting_length(list);
	p->list = calloc(p->count, sizeof *p->list);
	if (!p->list)
		return false;
	for (size_t i = 0; i < p->count; i++)
		read_preset(config_setting_get_elem(list, (unsigned)i), &p->list[i]);
	return true;
}

struct presets *presets_load(void)
{
	struct presets *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->tree = calloc(1, sizeof *p->tree);
	if (p->tree) {
		config_init(p->tree);
		if (read_all(p))
			return p;
	}
	presets_free(p);
	return NULL;
}

void presets_free(struct presets *p)
{
	if (!p)
		return;
	if (p->tree)
		config_destroy(p->tree);
	free(p->tree);
	free(p->list);
	free(p);
}

/* ------------------------------------------------------------------ by the word in `forward` */

static bool is_word(const char *name, const char *word, size_t len)
{
	return strncasecmp(name, word, len) == 0 && name[len] == '\0';
}

/* What stands before ID in the name of a template. */
static size_t stem_len(const struct preset *p)
{
	return strlen(p->name) - strlen("ID");
}

static bool is_named(const struct preset *p, const char *word, size_t len)
{
	const char *slash = memchr(word, '/', len);

	if (p->is_template)
		return len > stem_len(p) && strncasecmp(p->name, word, stem_len(p)) == 0;
	if (!p->retired || !slash)
		return is_word(p->name, word, len);
	/* With the service its variants are gone, too. */
	return is_word(p->name, word, len) || is_word(p->name, word, (size_t)(slash - word));
}

static bool is_also(const struct preset *p, const char *word, size_t len)
{
	const char *slash = memchr(word, '/', len);

	for (size_t i = 0; i < p->also_count; i++) {
		if (is_word(p->also[i], word, slash ? (size_t)(slash - word) : len))
			return true;
	}
	return false;
}

const struct preset *presets_find(const struct presets *p, const char *word, size_t len)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct preset *one = &p->list[i];

		if (is_named(one, word, len) || (one->retired && is_also(one, word, len)))
			return one;
	}
	return NULL;
}

bool preset_host(const struct preset *p, const char *word, size_t len, char ret[SPELLING_NAME_MAX])
{
	const char *id = word + stem_len(p);
	int id_len = (int)(len - stem_len(p));
	char host[SPELLING_NAME_MAX];

	if (memchr(id, '.', (size_t)id_len) || is_word("ID", id, (size_t)id_len))
		return false;
	if (snprintf(host, sizeof host, "%.*s%s", id_len, id, p->auth_name + strlen("ID")) >=
		(int)sizeof host)
		return false;
	if (!hostname_valid(host))
		return false;
	memcpy(ret, host, sizeof host);
	return true;
}

/* ------------------------------------------------------------------ by what is behind it */

static bool has_address(const struct preset *p, const struct addr *addr)
{
	struct prefix prefix;

	for (size_t i = 0; i < p->address_count; i++) {
		if (prefix_parse(p->address[i], &prefix) && prefix_match(&prefix, addr))
			return true;
	}
	return p->network && prefix_parse(p->network, &prefix) && prefix_match(&prefix, addr);
}

static bool has_host(const struct preset *p, const char *name)
{
	size_t len = strlen(name);

	if (p->retired && is_word(p->name, name, len))
		return true;
	return (p->auth_name && is_word(p->auth_name, name, len)) || is_also(p, name, len);
}

const struct preset *presets_match(
	const struct presets *p, const struct addr *addr, const char *host_name)
{
	for (size_t i = 0; addr && i < p->count; i++) {
		if (has_address(&p->list[i], addr))
			return &p->list[i];
	}
	for (size_t i = 0; host_name && i < p->count; i++) {
		if (has_host(&p->list[i], host_name))
			return &p->list[i];
	}
	return NULL;
}

enum config_filter preset_filter(const struct preset *p)
{
	if (!p->filter || strcmp(p->filter, "unknown") == 0 || strcmp(p->filter, "profile") == 0)
		return FILTER_UNKNOWN;
	return strcmp(p->filter, "none") == 0 ? FILTER_NONE : FILTER_SOME;
}
