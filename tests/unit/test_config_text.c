/* Configurations as a whole: what is refused and how, what is taken, how much of it. */
#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

#define HOME "upstream = ( { name = \"home\", address = \"192.0.2.1\" } )\n"

/* Texts that are refused as they stand. */
static const struct {
	const char *text, *refused;
} refused_rows[] = {
	{ "", "dnsfwd.conf: option \"forward\": not written: say who answers, like forward = [ \"quad9\" ]; "
	      "\"dnsfwd --list-presets\" shows who could" },
	{ "forward = [ ]", "dnsfwd.conf:1: option \"forward\": value [ ]: an array of 1 to 16 upstreams is wanted, "
			   "like [ \"quad9\" ] or" },
	{ "forward = \"9.9.9.9\"", "value \"9.9.9.9\": an array of 1 to 16 upstreams" },
	{ "forward = [ 9 ]", "value 9: an array of 1 to 16 upstreams" },
	{ "forward = [ \"udp://9.9.9.9\" ]", "value \"udp://9.9.9.9\": udp:// and tcp:// are DNS in clear" },
	{ "forward = [ \"\" ]", "value \"\": no address" },
	{ "forward = [ \"9.9.9.9:0\" ]", "neither an IP address nor a host name" },
	{ "forward = [ \"9.9.9.9/x\" ]", "nothing may follow" },
	{ "forward = [ \"9.9.9.9#*\" ]", "behind the #" },
	{ HOME "forward = [ \"hoem\" ]", "unknown preset or upstream, did you mean \"home\"?" },
	{ FORWARD "upstream = ( { address = \"192.0.2.1\" } )", "option \"name\": not written" },
	{ FORWARD "upstream = ( { name = \"home\" } )",
		"dnsfwd.conf:2: option \"address\": not written: every upstream needs one, or an auth-name that "
		"can be looked up" },
	{ FORWARD "upstream = ( { name = \"home\", auth-name = \"\" } )", "option \"address\": not written" },
	{ FORWARD "upstream = ( { name = \"home\", auth-name = \"*\" } )", "value \"*\": a host name" },
	{ FORWARD "upstream = ( { name = \"home\", auth-name = 5 } )", "value 5: a host name" },
	{ FORWARD "upstream = ( { name = 5, address = \"192.0.2.1\" } )", "value 5: a text of 1 to 64" },
	{ FORWARD "upstream = ( { name = \"\", address = \"192.0.2.1\" } )", "value \"\": a text of 1 to 64" },
	{ FORWARD "upstream = ( { address = \"192.0.2.1\", name = "
		  "\"12345678901234567890123456789012345678901234567890123456789012345\" } )",
		"a text of 1 to 64 characters" },
	{ FORWARD "upstream = ( { name = \"9.9.9.9\", address = \"192.0.2.1\" } )",
		"option \"name\": value \"9.9.9.9\": a name that does not read as an address" },
	{ FORWARD "upstream = ( { name = \"::1\", address = \"192.0.2.1\" } )", "does not read as" },
	{ FORWARD "upstream = ( { name = \"9.9.9.9#x\", address = \"192.0.2.1\" } )", "does not read as" },
	{ FORWARD "upstream = ( { name = \"udp://x\", address = \"192.0.2.1\" } )", "does not read as" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"192.0.2.1\" },\n"
		  "{ name = \"a\", address = \"192.0.2.1\" } )",
		"dnsfwd.conf:3: option \"name\": value \"a\": another upstream has this name" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"\" } )", "value \"\": an IP address without port" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"9.9.9.9:853\" } )", "an IP address without port" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"a.example\" } )", "an IP address without port" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"0.0.0.0\" } )", NOBODY },
	{ FORWARD "upstream = ( { name = \"a\", address = \"fe80::1\" } )", "value \"fe80::1\": " NEEDS_INTERFACE },
	{ FORWARD "upstream = ( { name = \"a\", address = [ \"fe80::1%nothere0\" ] } )", NO_INTERFACE },
	{ FORWARD "upstream = ( { name = \"fe80::1\", address = \"192.0.2.1\" } )",
		"value \"fe80::1\": a name that does not read as an address" },
	{ FORWARD "upstream = ( { name = \"a\", address = [ ] } )", "value [ ]: an address in quotes or an array" },
	{ FORWARD "upstream = ( { name = \"a\", address = 9 } )", "value 9: an address in quotes or an array" },
	{ FORWARD "upstream = ( { name = \"a\", address = [ \"::1\", \"::2\", \"::1\" ] } )",
		"value \"::1\": this address is listed already" },
	{ FORWARD "upstream = ( { name = \"a\", address = [ \"::1\", \"::2\", \"::3\", \"::4\", \"::5\", "
		  "\"::6\", \"::7\", \"::8\", \"::9\", \"::a\", \"::b\", \"::c\", \"::d\", \"::e\", "
		  "\"::f\", \"::10\", \"::11\" ] } )",
		"option \"address\": 17 entries: at most 16 are allowed" },

	{ FORWARD "port = 53\nport = 54\n", "dnsfwd.conf:3: option \"port\": it is written twice" },
	{ FORWARD "port = 53; port = 54\n", "dnsfwd.conf:2: an option of this name is written already" },
	{ FORWARD "listen = [ \"::1\", 5 ]\n", "dnsfwd.conf:2: the values of an array must all be of one kind" },
	{ FORWARD "port 53\n", "dnsfwd.conf:2: syntax error" },
	{ FORWARD "port =\nworkers = 1\n", "dnsfwd.conf:3: syntax error" },
	{ FORWARD "port = = 53\n", "dnsfwd.conf:2: syntax error" },
	{ FORWARD "listen = [ \"::1\"\nport = 53",
		"dnsfwd.conf:3: option \"listen\": a comma or the closing bracket is missing before port" },
	{ "forward = [ quad9 ]\n",
		"dnsfwd.conf:1: option \"forward\": value quad9: it must stand in quotes, like \"quad9\"" },
	{ "forward = [ \"quad9\", mullvad ]\n", "option \"forward\": value mullvad: it must stand in quotes" },
	{ "forward = ( quad9 )\n", "option \"forward\": value quad9: it must stand in quotes" },
	{ "forward = [ \"quad9\" \"mullvad\" ]\n",
		"dnsfwd.conf:1: option \"forward\": a comma is missing between two texts" },
	{ "forward = [ \"quad9\"\n\"mullvad\" ]\n",
		"dnsfwd.conf:2: option \"forward\": a comma is missing between two texts" },
	{ "forward = [ \"quad9\", ]\n",
		"dnsfwd.conf:1: option \"forward\": nothing stands behind the last comma: take it out" },
	{ FORWARD "upstream = ( { name = \"a\", address = \"192.0.2.1\" }, )\n",
		"dnsfwd.conf:2: nothing stands behind the last comma" },
	{ FORWARD "upstream = ( { name = \"a\", address = [ \"192.0.2.1\" \"192.0.2.2\" ] } )\n",
		"option \"address\": a comma is missing between two texts" },
	{ FORWARD "listen = \"::1\" ]\n", "dnsfwd.conf:2: syntax error" },
	{ FORWARD "\nquery-timeout = 4s\n",
		"dnsfwd.conf:3: option \"query-timeout\": value 4s: it must stand in quotes, like \"4s\"" },
	{ FORWARD "log-level = info", "option \"log-level\": value info: it must stand in quotes" },
	{ FORWARD "upstream = ( { name = \"a\", address: 9.9.9.9 } )",
		"option \"address\": value 9.9.9.9: it must stand in quotes" },
	{ FORWARD "\"port\" = 53\n", "dnsfwd.conf:2: syntax error: a text in quotes cannot stand here" },
	{ FORWARD "port = 53, \"x\"", "a text in quotes cannot stand here" },
	{ FORWARD "upstream = ( { port = 1, \"x\" } )", "a text in quotes cannot stand here" },
	{ FORWARD "port = 53 \"x\"", "a text in quotes cannot stand here" },
	{ FORWARD "listen = [ \"x\" ] \"x\"", "a text in quotes cannot stand here" },
	{ "\"x\"", "dnsfwd.conf:1: syntax error: a text in quotes cannot stand here" },
	{ FORWARD "port = 53 & 54\n", "dnsfwd.conf:2: syntax error: this character" },
	{ FORWARD "@import \"x\"\n", "dnsfwd.conf:2: syntax error: this character" },
	{ FORWARD "\n/* no end\n\n", "dnsfwd.conf:3: a comment that begins here is not closed" },
	{ FORWARD "/*/", "dnsfwd.conf:2: a comment that begins here is not closed" },
	{ FORWARD "log-level = \"info\nport = 53\n", "dnsfwd.conf:2: a text that begins here is not closed" },
	{ FORWARD "log-level = \"info\\\"", "a text that begins here is not closed" },
	{ FORWARD "log-level = \"info\\", "a text that begins here is not closed" },
	{ FORWARD "log-level = \"info\\x00\"", "\\x00 cannot stand in a text" },
	{ FORWARD "\n\x01", "dnsfwd.conf:3: this is not a text file" },
	{ FORWARD "# \x7f", "this is not a text file" },
	{ FORWARD "\xc3\xa4 = 1", "dnsfwd.conf:2: syntax error: this character" },
	{ FORWARD "x = ((((((((( 1 )))))))))", "brackets are nested too deeply" },
	{ FORWARD "x = ((((\n((((( 1 )))))))))", "dnsfwd.conf:3: brackets are nested too deeply" },
	{ FORWARD "@include", "write @include \"FILE\"" },
	{ FORWARD "@include x", "write @include \"FILE\"" },
	{ FORWARD "@include \"x", "write @include \"FILE\"" },
	{ FORWARD "@include \"x\ny\"", "write @include \"FILE\"" },
	{ FORWARD "@include \"/no/such/file\"", "dnsfwd.conf:2: @include \"/no/such/file\": No such file" },
	{ FORWARD "@include \"/tmp\"", "dnsfwd.conf:2: @include \"/tmp\": it is not a file" },
	{ FORWARD "@include \"\"", "@include \"\": No such file" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused_rows); i++)
		check_refused(refused_rows[i].text, refused_rows[i].refused);
}

/* Ways to write it that are fine. */
static const char *const accepted_rows[] = {
	FORWARD,
	"forward=[\"9.9.9.9\"]",
	"forward : ( \"9.9.9.9\" ) ;",
	"\xef\xbb\xbf" FORWARD,
	"forward = [ \"9.9.9.9\" ]\r\nport = 53\r\n",
	"# port = yes\n// port = yes\n/* port = yes\n \" */" FORWARD "# the end",
	FORWARD "port/* here */=/* and\nthere */53",
	FORWARD "tls-cert-bundle = \"# no // comment /* @include \\\"x\\\" \"",
	FORWARD "tls-cert-bundle = \"two\nlines\"",
	FORWARD "port =\n\n53",
	FORWARD "tls-cert-bundle = \"a\"\n  \"b\"\nport = 53",
	FORWARD "listen = [ \"::1\"\n, \"::2\"\n]\nallow = [ \"::1\" ]",
	HOME "forward = [ \"home\" ]",
	"forward = [ \"home\" ]\n" HOME,
	"forward = [ \"dns.example\" ] upstream = ( { name = \"dns.example\", address = [ \"::1\" ] } )",
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted_rows); i++)
		config_unref(load_good(accepted_rows[i]));
}

static void test_binary_and_large(void **state)
{
	static char large[CONFIG_BUFFER_MAX + 1];
	struct config *c;

	(void)state;
	memset(large, '\n', sizeof large);
	memcpy(large, FORWARD, strlen(FORWARD));
	c = config_load(large, CONFIG_BUFFER_MAX, "dnsfwd.conf", NULL, &errors);
	assert_non_null(c);
	config_unref(c);
	assert_null(config_load(large, CONFIG_BUFFER_MAX + 1, "dnsfwd.conf", NULL, &errors));
	assert_string_equal(errors.text[0], "dnsfwd.conf: the configuration is larger than 1 MiB");
	config_errors_free(&errors);
	assert_null(config_load(FORWARD "\0", strlen(FORWARD) + 1, "dnsfwd.conf", NULL, &errors));
	assert_string_equal(errors.text[0],
		"dnsfwd.conf:2: this is not a text file: a control character stands here");
}

static void test_many_settings(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	for (unsigned i = 0; i <= 1000; i++)
		fprintf(out, "a%u = 1\n", i);
	assert_int_equal(fclose(out), 0);
	check_refused(text, "dnsfwd.conf:1001: there are too many settings");
	free(text);
}

/* Every line with a mistake is complained of, and by its own number. */
static void test_all_errors_together(void **state)
{
	static const char text[] = "port = 99999\n"
				   "\n"
				   "listen = [ \"127.0.0.1\", # comment\n"
				   "  \"nowhere\",\n"
				   "  /* two\n"
				   "     lines */ \"::x\" // the last one\n"
				   "]\n"
				   "allow = [\n"
				   "\"10.0.0.1/8\"\n"
				   "\n"
				   "]\n"
				   "tls-cert-bundle = \"two\n"
				   "lines\"\n"
				   "unknown = 1\n"
				   "cache-size = \"1k\"\n"
				   "upstream = (\n"
				   "  {\n"
				   "    name = \"home\"\n"
				   "    address = [\n"
				   "      \"x\"\n"
				   "    ]\n"
				   "    pad-block = 1 },\n"
				   "  { name = \"home\"\n"
				   "    address = \"192.0.2.1\" }\n"
				   ")\n"
				   "forward = [\n"
				   "  \"hoem\"\n"
				   "]\n";
	static const unsigned lines[] = { 1, 4, 6, 9, 14, 15, 20, 22, 23, 27 };

	(void)state;
	assert_null(load(text));
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char place[40];
		unsigned found = 0;

		snprintf(place, sizeof place, "dnsfwd.conf:%u: option ", lines[i]);
		for (size_t j = 0; j < errors.count; j++)
			found += strncmp(errors.text[j], place, strlen(place)) == 0;
		expect_int(place, found, 1);
	}
	assert_int_equal(errors.count, COUNT_OF(lines));
}

static void test_ttls_in_order(void **state)
{
	(void)state;
	assert_null(load(FORWARD "cache-max-ttl = 60\ncache-min-ttl = 61\n"));
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.text[0],
		"option \"cache-min-ttl\": value 61: it can't be above cache-max-ttl"));
	config_unref(load_good(FORWARD "cache-max-ttl = 60\ncache-min-ttl = 60\n"));
}

static void test_errors_are_bounded(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	for (unsigned i = 0; i < CONFIG_ERRORS_MAX + 7; i++)
		fprintf(out, "unknown%u = 1\n", i);
	fputs(FORWARD, out);
	assert_int_equal(fclose(out), 0);
	assert_null(load(text));
	assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
	assert_int_equal(errors.dropped, 7);
	free(text);
}

static void test_no_control_characters_in_messages(void **state)
{
	(void)state;
	check_refused(FORWARD "log-level = \"a\\n\\x1b\"", "value \"a??\": ");
}

static void test_long_texts_in_messages(void **state)
{
	char text[5000], word[4000];

	(void)state;
	memset(word, 'a', sizeof word);
	word[sizeof word - 1] = '\0';
	snprintf(text, sizeof text, "forward = [ \"%s\" ]", word);
	check_refused(text, "dnsfwd.conf:1: option \"forward\": value \"aaaa");
	snprintf(text, sizeof text, FORWARD "%s = 1", word);
	check_refused(text, "dnsfwd.conf:2: syntax error: this word is too long");
	snprintf(text, sizeof text, FORWARD "%.128s = 1", word);
	check_refused(text, "dnsfwd.conf:2: option \"aaaa");
	snprintf(text, sizeof text, FORWARD "log-level = %.128s", word);
	check_refused(text, "dnsfwd.conf:2: option \"log-level\": value aaaa");
	snprintf(text, sizeof text, FORWARD "@include \"%s\"", word);
	check_refused(text, "dnsfwd.conf:2: @include \"aaaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_refused, teardown),
		cmocka_unit_test_teardown(test_accepted, teardown),
		cmocka_unit_test_teardown(test_binary_and_large, teardown),
		cmocka_unit_test_teardown(test_many_settings, teardown),
		cmocka_unit_test_teardown(test_all_errors_together, teardown),
		cmocka_unit_test_teardown(test_ttls_in_order, teardown),
		cmocka_unit_test_teardown(test_errors_are_bounded, teardown),
		cmocka_unit_test_teardown(test_no_control_characters_in_messages, teardown),
		cmocka_unit_test_teardown(test_long_texts_in_messages, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
