/* What goes before what: records, special-use names, ANY, block lists, zones; and rebinding. */
#include "proxy/resolve/local.h"

#include "common/local/record_line.h"
#include "tests/unit/build.h"
#include "tests/unit/config_case.h"
#include "tests/unit/local_case.h"

static struct stats stats;
static struct local local;
static struct config *config;
static struct local_names *names;
static struct local_blocks *blocks;

static void add_record(const char *line)
{
	struct record_line r;
	const char *why;

	assert_true(record_line_parse(line, &r, &why));
	assert_int_equal(records_add(&names->records, RECORDS_CONFIG, r.name, r.name_len, r.type, r.ttl,
				 r.rdata, r.len),
		RECORDS_OK);
}

static void add_block(const char *name, unsigned scope, unsigned list)
{
	const struct wire_name *n = wire_name(name);

	assert_int_equal(nameset_add(&blocks->set, n->octets, n->len, scope, list), 0);
}

static void begin(const char *options)
{
	char text[1000];

	snprintf(text, sizeof text, FORWARD "%s", options);
	config = load_good(text);
	stats = (struct stats){ 0 };
	assert_int_equal(local_init(&local, config, &stats, key), 0);
	names = local_names_new(key);
	blocks = local_blocks_new(key);
	add_record("nas.home.arpa A 192.168.1.5");
	add_record("known.ads.example A 192.168.1.6");
	add_block("ads.example", NAMESET_ALL, 2);
	add_block("x.test", NAMESET_ALL, 3);
	local_set_names(&local, names);
	local_set_blocks(&local, blocks);
	/* Its own references hold them. */
	local_names_unref(names);
	local_blocks_unref(blocks);
}

static void end(void)
{
	local_deinit(&local);
	config_unref(config);
}

static const char *ask_in(const char *name, const char *type, bool stream, unsigned zone_labels)
{
	const struct wire_name *n = wire_name(name);
	uint8_t folded[DNS_NAME_MAX];
	struct dns_question q = { folded, (uint8_t)n->len, type_number(type), DNS_CLASS_IN };
	const struct local_reply *r;

	name_fold(folded, n->octets, n->len);
	r = local_answer(&local, &q, stream, zone_labels);

	return r ? reply_text(r, n, q.type) : "upstream";
}

static const char *ask(const char *name, const char *type)
{
	return ask_in(name, type, false, 0);
}

static void test_order(void **state)
{
	(void)state;
	begin("");
	assert_string_equal(
		ask("nas.home.arpa", "A"), "NOERROR aa; answer 60 nas.home.arpa. A 192.168.1.5");
	assert_non_null(strstr(ask("tv.home.arpa", "A"), "NXDOMAIN aa; authority 60 home.arpa."));
	assert_non_null(strstr(ask("known.ads.example", "A"), "192.168.1.6"));
	assert_non_null(strstr(ask("x.test", "A"), "NXDOMAIN aa"));
	assert_int_equal(stats.local_records, 2);
	assert_int_equal(stats.local_special, 2);
	assert_int_equal(stats.blocked, 0);
	assert_non_null(strstr(ask("www.ads.example", "A"), "NXDOMAIN; authority 60 www.ads.example. SOA"));
	assert_int_equal(stats.blocked, 1);
	assert_int_equal(local.blocked[2], 1);
	assert_string_equal(ask("www.example.com", "A"), "upstream");
	assert_string_equal(ask("home.arpa", "DS"), "upstream");
	end();
}

static void test_any(void **state)
{
	static const char hinfo[] = "HINFO 075246433834383200";

	(void)state;
	begin("");
	assert_non_null(strstr(ask("www.example.com", "ANY"), hinfo));
	assert_string_equal(ask_in("www.example.com", "ANY", true, 0), "upstream");
	assert_non_null(strstr(ask_in("nas.home.arpa", "ANY", true, 0), hinfo));
	assert_non_null(strstr(ask_in("ads.example", "ANY", true, 0), "NXDOMAIN"));
	assert_int_equal(stats.local_any, 1);
	end();
}

/* A zone goes before special names that are no longer, but not before what is never forwarded. */
static void test_zones(void **state)
{
	(void)state;
	begin("");
	assert_string_equal(ask_in("tv.home.arpa", "A", false, 2), "upstream");
	assert_non_null(strstr(ask_in("tv.home.arpa", "A", false, 1), "NXDOMAIN"));
	assert_string_equal(ask_in("www.ads.example", "A", false, 1), "upstream");
	assert_non_null(strstr(ask_in("x.onion", "A", false, 1), "NXDOMAIN aa"));
	assert_non_null(strstr(ask_in("nas.home.arpa", "A", false, 2), "192.168.1.5"));
	end();
}

static void test_other_classes_are_not_ours(void **state)
{
	const struct wire_name *n = wire_name("nas.home.arpa");
	struct dns_question q = { n->octets, (uint8_t)n->len, 1, 4 };

	(void)state;
	begin("");
	assert_null(local_answer(&local, &q, false, 0));
	end();
}

static const struct {
	const char *options, *type, *wanted;
} modes[] = {
	{ "block-answer = \"nxdomain\"", "A", "NXDOMAIN; authority 60 ads.example. SOA ads.example." },
	{ "block-answer = \"nodata\"", "A", "NOERROR; authority 60 ads.example. SOA ads.example." },
	{ "block-answer = \"null\"", "A", "NOERROR; answer 60 ads.example. A 0.0.0.0" },
	{ "block-answer = \"null\"", "AAAA", "NOERROR; answer 60 ads.example. AAAA ::" },
	{ "block-answer = \"null\"", "HTTPS", "NOERROR; authority 60 ads.example. SOA ads.example." },
};

static void test_modes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		begin(modes[i].options);
		assert_string_equal(ask("ads.example", modes[i].type), modes[i].wanted);
		assert_int_equal(local.reply.ede.code, EDE_BLOCKED);
		end();
	}
}

static bool refuses(const char *name, const char *ip)
{
	uint8_t bytes[600], octets[4];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct dns_message m;

	put_header(&w, 1, 0x8180, 1);
	put_question(&w, name, DNS_TYPE_A);
	count_record(&w, DNS_ANSWER);
	wire_write16(&w, 0xc00c);
	put_fixed(&w, DNS_TYPE_A, 4);
	assert_int_equal(inet_pton(AF_INET, ip, octets), 1);
	wire_write(&w, octets, 4);
	assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
	return local_refuse(&local, &m.question, &m) != NULL;
}

static void test_rebinding(void **state)
{
	(void)state;
	begin("");
	assert_false(refuses("x.example", "10.0.0.1"));
	end();
	begin("private-address = [ \"all\" ]\nprivate-address-except = [ \"Plex.direct\" ]");
	assert_true(refuses("x.example", "10.0.0.1"));
	assert_int_equal(local.reply.ede.code, EDE_BLOCKED);
	assert_int_equal(local.reply.rcode, RCODE_NOERROR);
	assert_false(refuses("x.example", "192.0.2.1"));
	assert_false(refuses("a.B.PLEX.direct", "10.0.0.1"));
	assert_false(refuses("plex.direct", "10.0.0.1"));
	assert_true(refuses("xplex.direct", "10.0.0.1"));
	assert_int_equal(stats.refused_private, 2);
	end();
}

/* New data takes the place of the old; the last one who holds it frees it (a sanitizer sees to that). */
static void test_swap(void **state)
{
	struct local_names *fresh;

	(void)state;
	begin("");
	fresh = local_names_new(key);
	local_set_names(&local, fresh);
	local_names_unref(fresh);
	assert_non_null(strstr(ask("nas.home.arpa", "A"), "NXDOMAIN aa; authority 10800"));
	local_set_blocks(&local, NULL);
	assert_string_equal(ask("www.ads.example", "A"), "upstream");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_order, teardown),
		cmocka_unit_test_teardown(test_any, teardown),
		cmocka_unit_test_teardown(test_zones, teardown),
		cmocka_unit_test_teardown(test_other_classes_are_not_ours, teardown),
		cmocka_unit_test_teardown(test_modes, teardown),
		cmocka_unit_test_teardown(test_rebinding, teardown),
		cmocka_unit_test_teardown(test_swap, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
