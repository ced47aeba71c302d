/* Reading a configuration: config_load(). */
#include "common/config/load.h"

#include <assert.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/check.h"
#include "common/config/forward.h"
#include "common/config/load_addresses.h"
#include "common/config/local.h"
#include "common/config/places.h"
#include "common/config/presets.h"
#include "common/config/upstream.h"
#include "common/config/value.h"
#include "common/config/zone.h"

static const struct config_place command_line = { "command line", 0 };

struct config_place load_place(const struct loader *l, const config_setting_t *s)
{
	if (!s || l->source.file_count == 0)
		return (struct config_place){ l->file, 0 };
	return source_place(&l->source, config_setting_source_line(s));
}

char *load_strdup(struct loader *l, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		errors_add(l->errors, load_place(l, NULL), "out of memory");
	return copy;
}

void *load_grow(struct loader *l, void *array, size_t count, size_t size)
{
	void *bigger = reallocarray(array, count + 1, size);

	if (!bigger)
		errors_add(l->errors, load_place(l, NULL), "out of memory");
	return bigger;
}

const struct presets *load_presets(struct loader *l)
{
	if (!l->presets)
		l->presets = presets_load();
	if (!l->presets)
		errors_add(l->errors, load_place(l, NULL), "out of memory");
	return l->presets;
}

static const struct option *find_option(const struct option *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

void load_check_known(struct loader *l, const struct option *table, const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s), *near;

		if (find_option(table, name))
			continue;
		near = option_nearest(table, name);
		if (near)
			errors_add(l->errors, load_place(l, s),
				"option \"%.80s\": unknown, did you mean \"%s\"?", name, near);
		else
			errors_add(l->errors, load_place(l, s), "option \"%.80s\": unknown", name);
	}
}

/* The defaults of a table, read by the same parser as what the user writes. */
static void read_presets(config_t *tree, const struct option *table)
{
	char text[4096];
	size_t len = 0;
	bool parsed;

	for (; table->name; table++) {
		if (table->preset)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s = %s\n",
				table->name, table->preset);
		assert(len < sizeof text);
	}
	parsed = config_read_string(tree, text) == CONFIG_TRUE;
	assert(parsed);
	(void)parsed;
}

/* The name in a line that has one setting; its length, 0: it can't be told. */
static size_t only_name(const char *text, unsigned line, const char **ret)
{
	size_t len;

	for (; line > 1 && *text; text++)
		line -= *text == '\n';
	text += strspn(text, " \t");
	len = strcspn(text, " \t=:\n");
	*ret = text;
	text += strcspn(text, "=\n");
	return *text == '=' && text[1 + strcspn(text + 1, "=\n")] != '=' ? len : 0;
}

static void complain_twice(struct loader *l, const config_t *tree)
{
	unsigned line = (unsigned)config_error_line(tree);
	const char *name;
	size_t len = only_name((const char *)bytes_front(&l->source.text), line, &name);

	if (len > 0 && len < 100)
		errors_add(l->errors, source_place(&l->source, line),
			"option \"%.*s\": it is written twice", (int)len, name);
	else
		errors_add(l->errors, source_place(&l->source, line),
			"an option of this name is written already");
}

static const char *syntax_text(const config_t *tree)
{
	const char *text = config_error_text(tree);

	if (strcmp(text, "mismatched element type in array") == 0)
		return "the values of an array must all be of one kind";
	return "syntax error here or just before; write: name = value";
}

static bool read_text(struct loader *l, config_t *tree, const char *text, size_t len)
{
	if (!source_read(&l->source, text, len, l->file, l->errors))
		return false;
	if (config_read_string(tree, (const char *)bytes_front(&l->source.text)) == CONFIG_TRUE)
		return true;
	if (strcmp(config_error_text(tree), "duplicate setting name") == 0)
		complain_twice(l, tree);
	else
		errors_add(l->errors, source_place(&l->source, (unsigned)config_error_line(tree)),
			"%s", syntax_text(tree));
	return false;
}

static void store_scalars(struct loader *l, const config_t *tree)
{
	for (const struct option *o = config_options; o->name; o++) {
		const config_setting_t *s = config_lookup(tree, o->name);

		if (s && value_is_scalar(o))
			value_store(o, s, load_place(l, s), l->errors, l->config);
	}
}

/* The refused option as it is written, or as it is by default. */
static void refuse_option(
	struct loader *l, const config_t *tree, const char *name, const char *allowed)
{
	char value[VALUE_TEXT_MAX] = "by default";
	const config_setting_t *s = config_lookup(tree, name);

	value_refuse(l->errors, load_place(l, s), find_option(config_options, name),
		s ? value_text(s, value) : value, allowed);
}

static void check_cache(struct loader *l, const config_t *tree)
{
	const struct config *c = l->config;

	if (c->cache_size > 0 && c->cache_size < CACHE_SIZE_LEAST)
		refuse_option(l, tree, "cache-size", "0 for no cache, or 64k at least");
	if (c->cache_min_ttl_us > c->cache_max_ttl_us)
		refuse_option(l, tree, "cache-min-ttl", "it can't be above cache-max-ttl");
}

static const char upstream_wanted[] =
	"a list of groups is wanted, like ( { name = \"home\", address = \"192.0.2.1\" } )";
static const char zone_wanted[] = "a list of groups is wanted, like ( { name = \"corp.example\", "
				  "forward = [ \"udp://192.168.1.1\" ] } )";

static void load_groups(struct loader *l, const struct option *o, const config_setting_t *s,
	const char *wanted, void (*load)(struct loader *l, const config_setting_t *group))
{
	char value[VALUE_TEXT_MAX];

	if (config_setting_type(s) != CONFIG_TYPE_LIST ||
		(unsigned)config_setting_length(s) > o->max) {
		value_refuse(l->errors, load_place(l, s), o, value_text(s, value), wanted);
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *group = config_setting_get_elem(s, (unsigned)i);

		if (config_setting_is_group(group))
			load(l, group);
		else
			value_refuse(l->errors, load_place(l, group), o, value_text(group, value),
				wanted);
	}
}

static void load_zone(struct loader *l, const config_setting_t *group)
{
	config_zone_load(l, group);
	if (l->overrides)
		config_zone_drop_replaced(l, l->overrides->zones, l->overrides->zone_count);
}

/* What can't be had without cookies. */
static void check_cookies(struct loader *l, const config_t *tree)
{
	const config_setting_t *require = config_lookup(tree, "require-cookies"),
			       *file = config_lookup(tree, "cookie-secret-file");
	char value[VALUE_TEXT_MAX];

	if (l->config->answer_cookies)
		return;
	if (require && l->config->require_cookies)
		value_refuse(l->errors, load_place(l, require),
			find_option(config_options, "require-cookies"), value_text(require, value),
			"nobody could bring a cookie with answer-cookies = false");
	if (file && l->config->cookie_secret_file && *l->config->cookie_secret_file)
		errors_add(&l->config->warnings, load_place(l, file),
			"option \"cookie-secret-file\": not used with answer-cookies = false");
}

/* The words of the command line take the place of the array in the file. */
static void load_words(struct loader *l, const struct option *o, const char *const *words,
	size_t count, load_entry *entry)
{
	if (count > o->max) {
		errors_add(l->errors, command_line,
			"option \"%s\": %zu entries: at most %llu are allowed", o->name, count,
			(unsigned long long)o->max);
		return;
	}
	for (size_t i = 0; i < count; i++)
		entry(l, o, words[i], command_line);
}

static void load_list(struct loader *l, const config_t *tree, const config_t *presets,
	const char *name, load_entry *entry)
{
	const struct option *o = find_option(config_options, name);
	const config_setting_t *s = config_lookup(tree, name);

	if (!s)
		s = config_lookup(presets, name);
	if (s)
		load_array(l, o, s, entry);
	else
		errors_add(l->errors, load_place(l, NULL),
			"option \"%s\": not written: say who answers, like "
			"forward = [ \"quad9\" ]; \"dnsfwd --list-presets\" shows who could",
			name);
}

static void load_lists(struct loader *l, const config_t *tree, const config_t *presets,
	const struct config_overrides *overrides)
{
	const struct option *listen = find_option(config_options, "listen");
	const struct option *forward = find_option(config_options, "forward");
	const config_setting_t *upstreams = config_lookup(tree, "upstream");
	const config_setting_t *zones = config_lookup(tree, "zone");
	const config_setting_t *bootstrap = config_lookup(tree, "bootstrap");

	if (overrides && overrides->listen_count > 0)
		load_words(l, listen, overrides->listen, overrides->listen_count, load_listen);
	else
		load_list(l, tree, presets, "listen", load_listen);
	load_list(l, tree, presets, "allow", load_prefix);
	load_list(l, tree, presets, "bootstrap", load_server);
	for (const struct option *o = config_options; o->name; o++)
		if (config_local_is_list(o))
			load_list(l, tree, presets, o->name, config_local_entry);
	l->no_bootstrap = bootstrap && config_setting_length(bootstrap) == 0;
	if (upstreams)
		load_groups(l, find_option(config_options, "upstream"), upstreams, upstream_wanted,
			config_upstream_load);
	if (overrides && overrides->forward_count > 0)
		load_words(l, forward, overrides->forward, overrides->forward_count,
			config_forward_entry);
	else
		load_list(l, tree, presets, "forward", config_forward_entry);
	l->config->forward_count = l->config->upstream_count;
	l->overrides = overrides;
	if (zones)
		load_groups(l, find_option(config_options, "zone"), zones, zone_wanted, load_zone);
	if (overrides)
		config_zone_load_added(l, overrides->zones, overrides->zone_count);
	if (overrides && overrides->portal)
		config_zone_load_portal(l, overrides->portal, overrides->portal_number);
	if (upstreams && !(overrides && overrides->forward_count > 0))
		config_upstream_warn_unlisted(l, upstreams);
	for (size_t i = 0; i < l->config->listen_count; i++)
		l->config->listen[i].is_default = !config_lookup(tree, "listen") &&
						  !(overrides && overrides->listen_count > 0);
}

/*
 * Scalars first: addresses take their port from one, upstreams their certificates.  Upstreams last:
 * they are held against all the rest.
 */
static void build(struct loader *l, const config_t *tree, const struct config_overrides *overrides)
{
	config_t presets, upstream_presets;

	config_init(&presets);
	config_init(&upstream_presets);
	read_presets(&presets, config_options);
	read_presets(&upstream_presets, upstream_options);
	/* cppcheck-suppress autoVariables ; taken back before the end */
	l->upstream_presets = &upstream_presets;

	load_check_known(l, config_options, config_root_setting(tree));
	store_scalars(l, &presets);
	store_scalars(l, tree);
	l->config->control_is_default = !config_lookup(tree, "control");
	l->config->state_dir_is_default = !config_lookup(tree, "state-dir");
	check_cache(l, tree);
	check_cookies(l, tree);
	config_local_check(l, find_option(config_options, "local-domain"),
		load_place(l, config_lookup(tree, "local-domain")));
	load_lists(l, tree, &presets, overrides);
	config_check_places(l, config_root_setting(tree));

	l->upstream_presets = NULL;
	config_destroy(&upstream_presets);
	config_destroy(&presets);
}

static void loader_deinit(struct loader *l)
{
	for (size_t i = 0; i < l->upstream_count; i++)
		config_upstream_deinit(&l->upstreams[i]);
	free(l->upstreams);
	presets_free(l->presets);
	config_local_done(l);
	source_free(&l->source);
}

/*
 * So that it can be read once more, with other overrides, whatever the file says by then.  Only of one that could be
 * read whole: else there is no NUL behind it.
 */
static void keep_text(struct loader *l)
{
	if (bytes_len(&l->source.text) > 0)
		l->config->text = load_strdup(l, (const char *)bytes_front(&l->source.text));
}

/* No place points at their names any more. */
static void take_files(struct loader *l)
{
	l->config->files = (struct config_texts){ l->source.files, l->source.file_count };
	l->source.files = NULL;
	l->source.file_count = 0;
}

struct config *config_load(const char *text, size_t len, const char *file,
	const struct config_overrides *overrides, struct config_errors *errors)
{
	size_t before = errors->count + errors->dropped;
	struct loader l = { .errors = errors };
	config_t tree;

	l.file = file ? file : command_line.file;
	l.config = calloc(1, sizeof *l.config);
	if (!l.config) {
		errors_add(errors, load_place(&l, NULL), "out of memory");
		return NULL;
	}
	atomic_init(&l.config->references, 1);
	config_init(&tree);
	if (!text || read_text(&l, &tree, text, len))
		build(&l, &tree, overrides);
	config_destroy(&tree);
	if (text && errors->count + errors->dropped == before)
		keep_text(&l);
	if (text)
		take_files(&l);
	loader_deinit(&l);
	if (errors->count + errors->dropped == before)
		return l.config;
	config_unref(l.config);
	return NULL;
}
