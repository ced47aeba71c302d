#include "common/config/config.h"

#include "tests/unit/config_case.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/test_config.XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[100];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static struct config *load_beside(const char *text)
{
	char main_file[100];

	config_errors_free(&errors);
	snprintf(main_file, sizeof main_file, "%s/main.conf", folder);
	return config_load(text, strlen(text), main_file, NULL, &errors);
}

/* The first complaint is this one, about a file in the folder. */
static void check_first_error(const char *wanted)
{
	char full[300];

	snprintf(full, sizeof full, "%s/%s", folder, wanted);
	if (errors.count == 0 || strncmp(errors.text[0], full, strlen(full)) != 0)
		fail_msg("%s, not: %s", errors.count ? errors.text[0] : "(no complaint)", full);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "a.conf", "b.conf", "c.conf", "sub/a.conf", "sub/b.conf",
		"sub", "fifo", "1.conf", "2.conf", "3.conf", "4.conf", "5.conf", "6.conf", "7.conf",
		"8.conf", "9.conf" };
	char path[100];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		remove(path);
	}
	return rmdir(folder);
}

static void test_include(void **state)
{
	struct config *c;

	(void)state;
	write_file("a.conf", "# a\nport = 54 # no line end");
	write_file("b.conf", "upstream = (\n@include \"c.conf\"\n)\n");
	write_file("c.conf", "{ name = \"h\", address = \"::1\" }");
	c = load_beside("@include \"a.conf\"\n  @include\t\"b.conf\" forward = [ \"h\" ]");
	assert_non_null(c);
	assert_int_equal(c->port, 54);
	assert_string_equal(c->forward[0].name, "h");
	config_unref(c);
}

static void test_include_beside_the_includer(void **state)
{
	char path[100];
	struct config *c;

	(void)state;
	snprintf(path, sizeof path, "%s/sub", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file("sub/a.conf", "@include \"b.conf\"\n");
	write_file("sub/b.conf", "port = 55\n");
	write_file("b.conf", "port = 56\n");
	c = load_beside(FORWARD "@include \"sub/a.conf\"\n");
	assert_non_null(c);
	assert_int_equal(c->port, 55);
	config_unref(c);
}

static void test_include_absolute(void **state)
{
	char text[200];
	struct config *c;

	(void)state;
	write_file("a.conf", "port = 57\n");
	snprintf(text, sizeof text, FORWARD "@include \"%s/a.conf\"\n", folder);
	c = load_beside(text);
	assert_non_null(c);
	assert_int_equal(c->port, 57);
	config_unref(c);
}

/* The file and line of a mistake, before, in and behind what is included. */
static void test_include_places(void **state)
{
	static const char *const wanted[] = {
		"main.conf:2: option \"w1\"", "a.conf:2: option \"w2\"", "b.conf:1: option \"w3\"",
		"b.conf:4: option \"w4\"", "a.conf:5: option \"w5\"", "a.conf:5: option \"w6\"",
		"main.conf:5: option \"w7\"", "main.conf:7: option \"allow\"", "main.conf:9: option \"w8\"",
	};

	(void)state;
	write_file("a.conf", "\nw2 = 1\n/*\n*/\n@include \"b.conf\" w6 = 1\n\n");
	write_file("b.conf", "w3 = \"a\nb\"\n\nw4 = 1\n\n");
	write_file("a.conf", "\nw2 = 1\n/*\n*/\nw5 = 1 @include \"b.conf\" w6 = 1\n\n");
	assert_null(load_beside(FORWARD "w1 = 1\n\n@include \"a.conf\"\nw7 = 1\nallow = [\n\"x\"\n]\nw8 = 1\n"));
	assert_int_equal(errors.count, COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		unsigned found = 0;

		for (size_t j = 0; j < errors.count; j++)
			found += strstr(errors.text[j], wanted[i]) != NULL;
		expect_int(wanted[i], found, 1);
	}
}

static void test_include_errors(void **state)
{
	(void)state;
	write_file("a.conf", "\nport = = 1\n");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("a.conf:2: syntax error");
	write_file("a.conf", "x = \"\n");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n\"\n"));
	check_first_error("a.conf:1: a text that begins here is not closed");
	write_file("a.conf", "x = ((((((((( 1 )))))))))");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("a.conf:1: brackets are nested too deeply");
	write_file("a.conf", "\n@include \"nothing.conf\"");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("a.conf:2: @include \"");
	write_file("a.conf", "port = 54\n");
	assert_null(load_beside(FORWARD "port = 53\n@include \"a.conf\"\n"));
	check_first_error("a.conf:1: option \"port\": it is written twice");
	assert_null(load_beside(FORWARD "@include \".\"\n"));
	check_first_error("main.conf:2: @include \"");
	assert_non_null(strstr(errors.text[0], "it is not a file"));
}

/* A pipe would make the start wait for a writer. */
static void test_include_pipe(void **state)
{
	char path[100];

	(void)state;
	snprintf(path, sizeof path, "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(load_beside(FORWARD "@include \"fifo\"\n"));
	assert_non_null(strstr(errors.text[0], "it is not a file"));
}

static void test_include_loops(void **state)
{
	(void)state;
	write_file("a.conf", "@include \"a.conf\"\n");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("a.conf:1: @include \"");
	assert_non_null(strstr(errors.text[0], "it includes itself"));
	write_file("a.conf", "@include \"b.conf\"\n");
	write_file("b.conf", "\n@include \"./a.conf\"\n");
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("b.conf:2: @include \"");
	assert_non_null(strstr(errors.text[0], "it includes itself"));
}

/* Eight files deep is fine, nine are not. */
static void test_include_depth(void **state)
{
	char name[20], text[60];
	struct config *c;

	(void)state;
	for (unsigned i = 1; i < 9; i++) {
		snprintf(name, sizeof name, "%u.conf", i);
		snprintf(text, sizeof text, "@include \"%u.conf\"\n", i + 1);
		write_file(name, text);
	}
	write_file("9.conf", "port = 54\n");
	c = load_beside(FORWARD "@include \"2.conf\"\n");
	assert_non_null(c);
	assert_int_equal(c->port, 54);
	config_unref(c);
	assert_null(load_beside(FORWARD "@include \"1.conf\"\n"));
	check_first_error("8.conf:1: @include \"");
	assert_non_null(strstr(errors.text[0], "files include each other too deeply"));
}

static void test_include_too_large(void **state)
{
	static char large[CONFIG_BUFFER_MAX + 2];

	(void)state;
	memset(large, ' ', sizeof large - 1);
	write_file("a.conf", large);
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n"));
	check_first_error("main.conf:2: @include \"");
	assert_non_null(strstr(errors.text[0], "it is larger than 1 MiB"));
	large[700000] = '\0';
	write_file("a.conf", large);
	assert_null(load_beside(FORWARD "@include \"a.conf\"\n@include \"a.conf\"\n"));
	check_first_error("a.conf:1: the configuration is larger than 1 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_include, teardown),
		cmocka_unit_test_teardown(test_include_beside_the_includer, teardown),
		cmocka_unit_test_teardown(test_include_absolute, teardown),
		cmocka_unit_test_teardown(test_include_places, teardown),
		cmocka_unit_test_teardown(test_include_errors, teardown),
		cmocka_unit_test_teardown(test_include_pipe, teardown),
		cmocka_unit_test_teardown(test_include_loops, teardown),
		cmocka_unit_test_teardown(test_include_depth, teardown),
		cmocka_unit_test_teardown(test_include_too_large, teardown),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
