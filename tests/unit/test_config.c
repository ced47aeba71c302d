#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

#define HOME "upstream = ( { name = \"home\", address = \"192.0.2.1\" } )\n"

/* Where metrics and dnstap stand in each other's way, or in that of queries. */
static void test_places(void **state)
{
	static const struct {
		const char *text, *refused; /* NULL: it is taken */
	} rows[] = {
		{ "listen = [ \"0.0.0.0\" ]\nmetrics = \"127.0.0.1:53\"\n",
			"dnsfwd.conf:3: option \"metrics\": value \"127.0.0.1:53\": queries are taken there, "
			"on 0.0.0.0:53 (" },
		{ "listen = [ \"[::]:9953\" ]\nmetrics = \"::1\"\n", "dnsfwd.conf:3: option \"metrics\"" },
		{ "listen = [ \"127.0.0.1\", \"127.0.0.1:9953\" ]\nmetrics = \"127.0.0.1\"\n",
			"queries are taken there, on 127.0.0.1:9953" },
		{ "port = 9953\nlisten = [ \"127.0.0.1\" ]\nmetrics = \"127.0.0.1\"\n", "queries are taken" },
		{ "listen = [ \"127.0.0.1:0\" ]\nmetrics = \"127.0.0.1:0\"\n", NULL },
		{ "listen = [ \"0.0.0.0\" ]\nmetrics = \"[::1]:53\"\n", NULL },
		{ "dnstap = \"/run/x\"\nmetrics = \"/run/x\"\n", "that is the socket of option \"metrics\"" },
		{ "dnstap = \"/run/x\"\ncontrol = \"/run/x\"\n", "that is the socket of option \"control\"" },
		{ "control = \"\"\nmetrics = \"\"\ndnstap = \"\"\n", NULL },
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, FORWARD "%s", rows[i].text);
		if (rows[i].refused)
			check_refused(text, rows[i].refused);
		else
			config_unref(load_good(text));
	}
}

static void test_defaults(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct config *c = load_good(FORWARD);

	(void)state;
	assert_int_equal(c->listen_count, 2);
	assert_string_equal(addr_text(&c->listen[0].addr, text), "127.0.0.1:53");
	assert_string_equal(addr_text(&c->listen[1].addr, text), "[::1]:53");
	assert_true(c->listen[0].is_default && c->listen[1].is_default);
	assert_int_equal(c->allow_count, 2);
	assert_string_equal(prefix_text(&c->allow[0], text), "127.0.0.0/8");
	assert_string_equal(prefix_text(&c->allow[1], text), "::1/128");
	assert_int_equal(c->port, 53);
	assert_int_equal(c->workers, 1);
	assert_int_equal(c->query_timeout_us, 4000000);
	assert_int_equal(c->max_queries, 8192);
	assert_int_equal(c->tcp_clients, 256);
	assert_int_equal(c->tcp_idle_timeout_us, 10000000);
	assert_int_equal(c->edns_size, 1232);
	assert_int_equal(c->cache_size, 16 << 20);
	assert_int_equal(c->cache_min_ttl_us, 0);
	assert_int_equal(c->cache_max_ttl_us, UINT64_C(86400000000));
	assert_int_equal(c->serve_stale_us, UINT64_C(86400000000));
	assert_true(c->prefetch);
	assert_string_equal(c->cache_snapshot, "");
	assert_int_equal(c->max_queries_per_client, 1000);
	assert_int_equal(c->rate_limit, 0);
	assert_int_equal(c->hosts.count, 1);
	assert_string_equal(c->hosts.text[0], "/etc/hosts");
	assert_int_equal(c->record.count + c->block.count + c->block_except.count, 0);
	assert_int_equal(c->special_except.count + c->private_except.count, 0);
	assert_true(c->special_names && c->firefox_may_bypass && c->private_relay_may_bypass);
	assert_null(c->local_domain);
	assert_string_equal(c->lease_file, "");
	assert_string_equal(c->dns64, "");
	assert_int_equal(c->block_answer, BLOCK_NXDOMAIN);
	assert_int_equal(c->private_address_count, 0);
	assert_string_equal(c->tls_cert_bundle, "");
	assert_string_equal(c->log_level, "info");
	assert_false(c->log_queries);
	assert_string_equal(c->log_file, "");
	assert_false(c->syslog);
	assert_int_equal(c->policy, POLICY_FAILOVER);
	assert_int_equal(c->bootstrap_count, 2);
	assert_string_equal(addr_text(&c->bootstrap[0], text), "9.9.9.9:53");
	assert_string_equal(addr_text(&c->bootstrap[1], text), "1.1.1.1:53");
	assert_string_equal(c->state_dir, "/var/lib/dnsfwd");
	assert_int_equal(c->warnings.count, 0);
	assert_int_equal(c->forward_count, 1);
	assert_string_equal(c->forward[0].name, "9.9.9.9");
	assert_string_equal(addr_text(&c->forward[0].address[0], text), "9.9.9.9:853");
	assert_int_equal(c->forward[0].port, 853);
	assert_null(c->forward[0].auth_name);
	assert_null(c->forward[0].host);
	assert_false(c->forward[0].long_form);
	assert_string_equal(c->forward[0].tls_cert_bundle, "");
	assert_string_equal(c->tls_priority, "");
	assert_int_equal(c->forward[0].profile, PROFILE_STRICT);
	assert_int_equal(c->forward[0].transport, TRANSPORT_TLS);
	assert_null(c->forward[0].pins);
	assert_int_equal(c->forward[0].pin_count, 0);
	assert_true(c->forward[0].session_tickets);
	assert_int_equal(c->forward[0].pad_block, 128);
	assert_int_equal(c->forward[0].connections, 2);
	assert_int_equal(c->forward[0].max_inflight, 1000);
	config_unref(c);
}

static void test_upstream_of_the_long_form(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct config *c = load_good("forward = [ \"home\" ]\n"
				     "tls-cert-bundle = \"/top.pem\"\n"
				     "upstream = ( { name = \"other\", address = \"192.0.2.9\" },\n"
				     "  { name = \"home\", address = [ \"192.0.2.1\", \"2001:db8::1\" ], port = 8853,\n"
				     "    auth-name = \"dns.example.net\", pad-block = 64,\n"
				     "    connections = 3, max-inflight = 7 } )");
	const struct config_upstream *u = c->forward;

	(void)state;
	assert_int_equal(c->forward_count, 1);
	assert_string_equal(u->name, "home");
	assert_true(u->long_form);
	assert_int_equal(u->address_count, 2);
	assert_string_equal(addr_text(&u->address[0], text), "192.0.2.1:8853");
	assert_string_equal(addr_text(&u->address[1], text), "[2001:db8::1]:8853");
	assert_null(u->host);
	assert_int_equal(u->port, 8853);
	assert_string_equal(u->auth_name, "dns.example.net");
	assert_string_equal(u->tls_cert_bundle, "/top.pem");
	assert_int_equal(u->pad_block, 64);
	assert_int_equal(u->connections, 3);
	assert_int_equal(u->max_inflight, 7);
	config_unref(c);
}

static void test_certificates_of_upstreams(void **state)
{
	struct config *c = load_good("forward = [ \"9.9.9.9\" ] tls-cert-bundle = \"/top.pem\"");

	(void)state;
	assert_string_equal(c->forward[0].tls_cert_bundle, "/top.pem");
	config_unref(c);
	c = load_good("forward = [ \"h\" ] tls-cert-bundle = \"/top.pem\""
		      "upstream = ( { name = \"h\", address = \"::1\", tls-cert-bundle = \"/own.pem\" } )");
	assert_string_equal(c->forward[0].tls_cert_bundle, "/own.pem");
	assert_string_equal(c->tls_cert_bundle, "/top.pem");
	config_unref(c);
}

static void test_spelling_is_kept_as_name(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct config *c = load_good("forward = [ \"tls://9.9.9.9:8853#dns.quad9.net.\" ]");

	(void)state;
	assert_string_equal(c->forward[0].name, "tls://9.9.9.9:8853#dns.quad9.net.");
	assert_string_equal(addr_text(&c->forward[0].address[0], text), "9.9.9.9:8853");
	assert_int_equal(c->forward[0].port, 8853);
	assert_string_equal(c->forward[0].auth_name, "dns.quad9.net");
	config_unref(c);
}

static void test_listen_port(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct config *c = load_good(FORWARD "listen = [ \"127.0.0.1\", \"::1@5353\" ] port = 54");

	(void)state;
	assert_string_equal(addr_text(&c->listen[0].addr, text), "127.0.0.1:54");
	assert_string_equal(addr_text(&c->listen[1].addr, text), "[::1]:5353");
	assert_false(c->listen[0].is_default);
	config_unref(c);
	c = load_good(FORWARD "port = 0");
	assert_string_equal(addr_text(&c->listen[1].addr, text), "[::1]:0");
	assert_true(c->listen[1].is_default);
	config_unref(c);
}

static void test_command_line(void **state)
{
	static const char *const listen[] = { "127.0.0.9", "[::1]:5300" };
	static const char *const forward[] = { "1.1.1.1#one.one.one.one" };
	const struct config_overrides both = { .listen = listen, .listen_count = 2, .forward = forward, .forward_count = 1 };
	const struct config_overrides empty = { .listen_count = 0 };
	char text[ADDR_TEXT_MAX];
	struct config *c = load_with("port = 54\n" FORWARD "listen = [ \"192.0.2.1\" ]", &both);

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->listen_count, 2);
	assert_string_equal(addr_text(&c->listen[0].addr, text), "127.0.0.9:54");
	assert_string_equal(addr_text(&c->listen[1].addr, text), "[::1]:5300");
	assert_false(c->listen[0].is_default);
	assert_string_equal(c->forward[0].name, "1.1.1.1#one.one.one.one");
	config_unref(c);

	c = load_with(NULL, &both); /* no file is needed */
	assert_non_null(c);
	assert_string_equal(addr_text(&c->listen[0].addr, text), "127.0.0.9:53");
	config_unref(c);

	c = load_with(FORWARD, &empty);
	assert_non_null(c);
	assert_true(c->listen[0].is_default);
	assert_string_equal(c->forward[0].name, "9.9.9.9");
	config_unref(c);
}

static void test_command_line_names_upstreams_of_the_file(void **state)
{
	static const char *const forward[] = { "home" };
	const struct config_overrides overrides = { .forward = forward, .forward_count = 1 };
	char text[ADDR_TEXT_MAX];
	struct config *c = load_with(HOME FORWARD, &overrides);

	(void)state;
	assert_non_null(c);
	assert_string_equal(addr_text(&c->forward[0].address[0], text), "192.0.2.1:853");
	config_unref(c);
}

static void test_command_line_errors(void **state)
{
	static const char *const listen[] = { "x", "::1", "[::1]:53" };
	static const char *const forward[] = { "udp://9.9.9.9" };
	static const char *const many[17] = { "9.9.9.9" };
	const struct config_overrides bad = { .listen = listen, .listen_count = 3, .forward = forward, .forward_count = 1 };
	const struct config_overrides too_many = { .forward = many, .forward_count = 17 };

	(void)state;
	assert_null(load_with(NULL, &bad));
	assert_int_equal(errors.count, 3);
	assert_int_equal(
		strncmp(errors.text[0], "command line: option \"listen\": value \"x\": an IP", 47), 0);
	assert_string_equal(errors.text[1],
		"command line: option \"listen\": value \"[::1]:53\": this address is listed already");
	assert_int_equal(
		strncmp(errors.text[2], "command line: option \"forward\": value \"udp://9", 46), 0);
	assert_null(load_with(FORWARD, &too_many));
	assert_string_equal(errors.text[0],
		"command line: option \"forward\": 17 entries: at most 16 are allowed");
	config_errors_free(&errors);
	assert_null(config_load(NULL, 0, NULL, NULL, &errors));
	assert_int_equal(strncmp(errors.text[0], "command line: option \"forward\": not written", 42), 0);
}

static void test_command_line_is_bounded(void **state)
{
	static const char *listen[CONFIG_LISTEN_MAX + 1];
	const struct config_overrides many = { .listen = listen, .listen_count = COUNT_OF(listen) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(listen); i++)
		listen[i] = "::1";
	assert_null(load_with(FORWARD, &many));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.text[0],
		"command line: option \"listen\": 65 entries: at most 64 are allowed");
}

static void test_counts_are_bounded(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	fputs(FORWARD "port = 1\nlisten = [ \"127.0.0.1\"", out);
	for (unsigned i = 1; i <= CONFIG_LISTEN_MAX; i++)
		fprintf(out, ", \"127.0.0.1:%u\"", i + 1);
	fputs(" ]", out);
	assert_int_equal(fclose(out), 0);
	check_refused(text, "option \"listen\": 65 entries: at most 64 are allowed");
	free(text);

	out = open_memstream(&text, &len);
	assert_non_null(out);
	fputs(FORWARD "upstream = ( ", out);
	for (unsigned i = 0; i <= CONFIG_UPSTREAM_MAX; i++)
		fprintf(out, "%s{ name = \"u%u\", address = \"::1\" }", i ? "," : "", i);
	fputs(" )", out);
	assert_int_equal(fclose(out), 0);
	check_refused(text, "option \"upstream\": ");
	free(text);
}

static void test_references(void **state)
{
	struct config *c = load_good(FORWARD);

	(void)state;
	assert_int_equal(atomic_load(&c->references), 1);
	assert_ptr_equal(config_ref(c), c);
	assert_int_equal(atomic_load(&c->references), 2);
	config_unref(c);
	assert_int_equal(atomic_load(&c->references), 1);
	config_unref(c);
	config_unref(NULL);
}

/* All options of the table are shown. */
static void test_print_shows_all(void **state)
{
	struct config *c = load_good(HOME "forward = [ \"home\" ]");
	char line[64];

	(void)state;
	for (const struct option *o = config_options; o->name; o++) {
		snprintf(line, sizeof line, "%-16s = ", o->name);
		expect(o->name, prints(c, line));
	}
	for (const struct option *o = upstream_options; o->name; o++) {
		snprintf(line, sizeof line, "    %-16s = ", o->name);
		expect(o->name, prints(c, line));
	}
	config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_defaults, teardown),
		cmocka_unit_test_teardown(test_places, teardown),
		cmocka_unit_test_teardown(test_upstream_of_the_long_form, teardown),
		cmocka_unit_test_teardown(test_certificates_of_upstreams, teardown),
		cmocka_unit_test_teardown(test_spelling_is_kept_as_name, teardown),
		cmocka_unit_test_teardown(test_listen_port, teardown),
		cmocka_unit_test_teardown(test_command_line, teardown),
		cmocka_unit_test_teardown(test_command_line_names_upstreams_of_the_file, teardown),
		cmocka_unit_test_teardown(test_command_line_errors, teardown),
		cmocka_unit_test_teardown(test_command_line_is_bounded, teardown),
		cmocka_unit_test_teardown(test_counts_are_bounded, teardown),
		cmocka_unit_test_teardown(test_references, teardown),
		cmocka_unit_test_teardown(test_print_shows_all, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
