/*
 * dnsfwd.conf(5) against the table of options: each has its entry, with its default, its bounds and what a reload does.
 * And what the example says of reloads; all else of it is in test_config_example.
 */
#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

#define MANUAL SOURCE_DIR "/packaging/man/dnsfwd.conf.5"

/* The sections of the page, and the table of each. */
static const struct {
	const char *heading;
	const struct option *table;
} sections[] = {
	{ "\n.Sh OPTIONS\n", config_options },
	{ "\n.Sh UPSTREAMS\n", upstream_options },
	{ "\n.Sh ZONES\n", zone_options },
};

static char *read_file(const char *name)
{
	FILE *in = fopen(name, "r");
	char *text = calloc(1, 262144);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, 262143, in) > 0);
	assert_true(feof(in));
	fclose(in);
	return text;
}

/* A copy of what stands from `start` on up to `end`, or to the end of the text. */
static char *piece(const char *start, const char *end)
{
	const char *stop = strstr(start, end);
	char *copy = stop ? strndup(start, (size_t)(stop - start)) : strdup(start);

	assert_non_null(copy);
	return copy;
}

static char *section(const char *manual, const char *heading)
{
	const char *start = strstr(manual, heading);

	expect(heading, start);
	return piece(start + strlen(heading), "\n.Sh ");
}

/* The entry of an option, without lists inside it; NULL: there is none. */
static char *entry(const char *text, const char *name)
{
	char line[100];
	const char *start;

	snprintf(line, sizeof line, "\n.It Ic %s\n", name);
	start = strstr(text, line);
	return start ? piece(start + strlen(line), "\n.It Ic ") : NULL;
}

static void check_default(const struct option *o, const char *text)
{
	char line[200];

	if (o->preset) {
		snprintf(line, sizeof line, "\n.Pp\nDefault: %s; %s.", o->preset,
			o->reload == RELOAD_LIVE ? "reload" : "restart");
		expect(o->name, strstr(text, line));
	} else {
		expect(o->name, strstr(text, "\n.Pp\nDefault: none, "));
		expect(o->name, strstr(text, o->reload == RELOAD_LIVE ? "; reload." : "; restart."));
	}
}

/* Blanks and line breaks are the same. */
static bool says(const char *text, const char *words)
{
	for (; *text; text++) {
		const char *t = text, *w = words;

		for (; *w && (*t == *w || (*w == ' ' && *t == '\n')); t++, w++)
			;
		if (!*w)
			return true;
	}
	return false;
}

static void check_bounds(const struct option *o, const char *text)
{
	char words[64];

	if (o->type != OPTION_NUMBER && o->type != OPTION_WORKERS)
		return;
	snprintf(words, sizeof words, "%llu to %llu", (unsigned long long)o->min, (unsigned long long)o->max);
	expect(o->name, says(text, words));
}

static void test_manual_has_every_option(void **state)
{
	char *manual = read_file(MANUAL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		char *text = section(manual, sections[i].heading);

		for (const struct option *o = sections[i].table; o->name; o++) {
			char *found = entry(text, o->name);

			expect(o->name, found);
			check_default(o, found);
			check_bounds(o, found);
			free(found);
		}
		free(text);
	}
	free(manual);
}

static bool is_in(const struct option *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return true;
	}
	return false;
}

/* Nothing else is called an option, and nothing twice. */
static void test_manual_has_no_other_option(void **state)
{
	char *manual = read_file(MANUAL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		char *text = section(manual, sections[i].heading), name[64];
		size_t rows = 0, entries = 0;

		for (const char *p = text; (p = strstr(p, "\n.It Ic ")); p++, entries++) {
			assert_int_equal(sscanf(p, "\n.It Ic %63s", name), 1);
			expect(name, is_in(sections[i].table, name));
		}
		while (sections[i].table[rows].name)
			rows++;
		assert_int_equal(entries, rows);
		free(text);
	}
	free(manual);
}

/* The example lists the options that a reload does not change, in the order of the table. */
static void test_example_lists_what_needs_a_restart(void **state)
{
	static const char before[] = "need\n# a restart:\n#   ";
	char *example = read_file(SOURCE_DIR "/dnsfwd.conf.example"), *list, *stop, *name, *rest;
	const struct option *o = config_options;

	(void)state;
	list = strstr(example, before);
	assert_non_null(list);
	list += strlen(before);
	stop = strstr(list, ".\n");
	assert_non_null(stop);
	*stop = '\0';
	for (rest = list; (name = strsep(&rest, ",\n# "));) {
		if (!*name)
			continue;
		while (o->name && o->reload != RELOAD_RESTART)
			o++;
		assert_non_null(o->name);
		assert_string_equal(name, o->name);
		o++;
	}
	for (; o->name; o++)
		expect(o->name, o->reload == RELOAD_LIVE);
	free(example);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_manual_has_every_option, teardown),
		cmocka_unit_test_teardown(test_manual_has_no_other_option, teardown),
		cmocka_unit_test_teardown(test_example_lists_what_needs_a_restart, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
