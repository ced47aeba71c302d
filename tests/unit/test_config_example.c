/* The configuration as it is printed, and the example file: both against the table of options. */
#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

static const char *const round_trips[] = {
	FORWARD,
	FORWARD "listen = [ \"127.0.0.1:5353\", \"::1\", \"[fe80::1%lo]:99\" ]\nport = 0\n",
	FORWARD "allow = [ \"10.0.0.0/8\", \"::/0\", \"::ffff:10.0.0.0/104\" ]\nworkers = \"auto\"\n",
	FORWARD "query-timeout = \"1500ms\"\nmax-queries = 17\ntcp-clients = 3\nedns-size = 600\n"
		"tcp-idle-timeout = \"90s\"\ncache-size = 0\nlog-level = \"debug\"\nlog-queries = true\n",
	FORWARD "cache-size = \"1M\"\ncache-min-ttl = 5\ncache-max-ttl = \"90m\"\nserve-stale = 0\n"
		"prefetch = false\ncache-snapshot = \"/a b\"\n",
	FORWARD "control = \"\"\n",
	FORWARD "control = \"/run/dnsfwd/control.sock\"\n",
	FORWARD "tls-cert-bundle = \"/a \\\"b\\\" \\\\x41 \\x1f\\n\\xff.pem\"\n",
	"forward = [ \"a \\\"b\\\"\" ]\n"
	"upstream = ( { name = \"a \\\"b\\\"\", address = \"fe80::1%lo\", port = 1,\n"
	"auth-name = \"x.example.\", tls-cert-bundle = \"/own\", pad-block = 17,\n"
	"connections = 16, max-inflight = 1 } )\n",
	FORWARD "policy = \"round-robin\"\nbootstrap = [ \"[2620:fe::fe]:5353\" ]\nstate-dir = \"\"\n",
	FORWARD "user = \"_dns\"\nsandbox = false\n",
	FORWARD "policy = \"fastest\"\nbootstrap = [ ]\nstate-dir = \"/a \\\"b\\\"\"\n",
	"forward = [ \"quad9\", \"Cloudflare/Security@853\", \"nextdns/abc123\", \"tls://dns.example:8853\",\n"
	"\"dns.example#other.example\", \"home\", \"google\", \"many\", \"wikimedia\" ]\n"
	"upstream = ( { name = \"home\", auth-name = \"home.example.\" }, { name = \"unused\", address = \"::1\" },\n"
	"{ name = \"many\", address = [ \"192.0.2.1\", \"::ffff:192.0.2.2\", \"fe80::1%lo\" ] } )\n",
	/* What is written in the file comes before a preset, and before a host name. */
	"forward = [ \"quad9\", \"dns.quad9.net\" ]\n"
	"upstream = ( { name = \"quad9\", address = \"192.0.2.9\" }, { name = \"dns.quad9.net\", address = \"::1\" } )\n",
	"forward = [ \"a\", \"b\" ]\ntls-cert-bundle = \"/top\"\ntls-priority = \"NORMAL:\\\"x\\\\\"\n"
	"upstream = ( { name = \"a\", address = \"::1\", profile = \"opportunistic\", session-tickets = false },\n"
	"{ name = \"b\", auth-name = \"b.example\", profile = \"opportunistic\",\n"
	"pin-sha256 = [ \"" PIN2 "\", \"" PIN "\" ] } )\n",
	"forward = [ \"dtls://dns.example\", \"a\", \"b\" ]\ninsecure-dtls-library = true\n"
	"upstream = ( { name = \"a\", address = \"::1\", transport = \"dtls\" },\n"
	"{ name = \"b\", address = \"::2\", transport = \"auto\" } )\n",
	FORWARD "insecure-plain = true\n"
		"upstream = ( { name = \"home\", address = \"192.0.2.1\" } )\n"
		"zone = ( { name = \"corp.example.\", forward = [ \"udp://10.0.0.1\", \"tcp://9.9.9.9:5353\" ],\n"
		"policy = \"fastest\", interface = \"wg0\" }, { name = \"a.test\", forward = [ \"home\" ] },\n"
		"{ name = \"b.test\", forward = [ \"home\", \"quad9\" ] } )\n",
	"tls-cert-bundle = \"/top\"\nforward = [ \"9.9.9.9@8853#dns.quad9.net.\" ]\n",
	FORWARD "hosts = [ ]\nrecord = [ \"a.lan TXT \\\"b \\\\\\\" c\\\"\" ]\nlease-file = \"/l\"\n"
		"local-domain = \"lan.\"\nspecial-names = false\nblock-answer = \"null\"\n"
		"block = [ \"/a\", \"/b\" ]\nblock-except = [ \"x.example.\" ]\n",
	FORWARD "private-address = [ \"all\", \"192.0.2.0/24\", \"10.0.0.0/8\" ]\ndns64 = \"auto\"\n"
		"private-address-except = [ \"a\\\\046b.example\" ]\nmax-queries-per-client = 5\n"
		"special-names-except = [ \"local\" ]\nfirefox-may-bypass = false\nrate-limit = 7\n",
	FORWARD "metrics = \"[::1]:0\"\ndnstap = \"/t\"\ndnstap-client-addresses = true\n",
	FORWARD "metrics = \"/run/a \\\"b\\\"\"\n",
};

static void test_print_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(round_trips); i++) {
		struct config *c = load_good(round_trips[i]), *again;
		char *text = printed(c), *text_again;

		again = load_good(text);
		check_same(c, again);
		text_again = printed(again);
		assert_string_equal(text, text_again);
		free(text);
		free(text_again);
		config_unref(c);
		config_unref(again);
	}
}

static char *read_example(void)
{
	FILE *in = fopen(SOURCE_DIR "/dnsfwd.conf.example", "r");
	char *text = calloc(1, 65536);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, in) > 0);
	fclose(in);
	return text;
}

/*
 * In the example "# prose" is for people, and "#name = value" is an option with its default.  This is the name
 * in such a line, or in one that is not commented; false: none.
 */
static bool line_option(const char *text, char name[64])
{
	size_t len;

	text += *text == '#';
	if (*text == ' ')
		return false;
	text += strspn(text, "\t");
	len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (len == 0 || len > 63 || strncmp(text + len, " = ", 3) != 0)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return true;
}

static const struct option *row(const struct option *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static void test_example_loads(void **state)
{
	char *text = read_example();
	struct config *c = load_good(text), *defaults;

	(void)state;
	defaults = load_good("forward = [ \"quad9\" ]");
	check_same(c, defaults);
	config_unref(c);
	config_unref(defaults);
	free(text);
}

/* Everything in the table is in the example, with its default. */
static void test_example_has_every_option(void **state)
{
	char *text = read_example(), line[300];

	(void)state;
	for (const struct option *o = config_options; o->name; o++) {
		if (o->type == OPTION_UPSTREAMS)
			snprintf(line, sizeof line, "\n#%s = (\n", o->name);
		else if (o->preset)
			snprintf(line, sizeof line, "\n#%s = %s\n", o->name, o->preset);
		else
			snprintf(line, sizeof line, "\n%s = ", o->name);
		expect(o->name, strstr(text, line));
	}
	for (const struct option *o = upstream_options; o->name; o++) {
		snprintf(line, sizeof line, "\n#\t\t%s = %s", o->name, o->preset ? o->preset : "");
		expect(o->name, strstr(text, line));
	}
	/* Those of a zone are told of in a sentence. */
	for (const struct option *o = zone_options; o->name; o++) {
		snprintf(line, sizeof line, "\n#   %s ", o->name);
		expect(o->name, strstr(text, line));
	}
	free(text);
}

/* Every option in the example is in the table, and has a sentence above it. */
static void test_example_has_no_other_option(void **state)
{
	char *text = read_example(), *rest = text, *line, name[64];
	const char *before = "";
	unsigned options = 0;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		if (line_option(line, name)) {
			const struct option *table =
				line[strspn(line, "#")] == '\t' ? upstream_options : config_options;

			options++;
			expect(name, row(table, name));
			expect(name, strstr(before, "# ") || line_option(before, name) || !*before);
		}
		before = line;
	}
	assert_true(options >= 20);
	free(text);
}

/* Takes the # away where an option follows; all: in every line, else only in the line that starts at `only`. */
static char *uncommented(const char *text, const char *only)
{
	char *copy = strdup(text), *out = copy;

	assert_non_null(copy);
	for (const char *p = text; *p; p++) {
		bool starts = p == text || p[-1] == '\n';
		bool code = p[0] == '#' && p[1] != ' ' && p[1] != '\n' && p[1] != '#';

		if (!starts || !code || (only && only != p))
			*out++ = *p;
	}
	*out = '\0';
	return copy;
}

static void test_example_uncommented(void **state)
{
	char *text = read_example(), *all = uncommented(text, NULL), name[64];
	struct config *c = load_good(all), *defaults = load_good(text);
	unsigned lines = 0;

	(void)state;
	assert_true(strlen(text) > strlen(all) + 20);
	assert_false(c->listen[0].is_default);
	for (size_t i = 0; i < c->listen_count; i++)
		c->listen[i].is_default = true; /* the one difference that there must be */
	check_same(c, defaults);
	config_unref(c);
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (p[0] != '#' || p[1] == '\t' || !line_option(p, name) || strcmp(name, "upstream") == 0)
			continue;
		char *one = uncommented(text, p);

		assert_int_equal(strlen(one) + 1, strlen(text));
		config_unref(load_good(one));
		free(one);
		lines++;
	}
	assert_true(lines >= 12);
	config_unref(defaults);
	free(text);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_print_round_trip, teardown),
		cmocka_unit_test_teardown(test_example_loads, teardown),
		cmocka_unit_test_teardown(test_example_has_every_option, teardown),
		cmocka_unit_test_teardown(test_example_has_no_other_option, teardown),
		cmocka_unit_test_teardown(test_example_uncommented, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
