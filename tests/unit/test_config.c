#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

static bool prints(const struct config *c, const char *line)
{
	char *text = printed(c);
	bool found = strstr(text, line) != NULL;

	free(text);
	return found;
}

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

#define NEEDS_INTERFACE "a link-local address needs the interface that it is reached by, like \"fe80::1%eth0\""
#define NO_INTERFACE	"behind % stands an interface that this machine has"
#define NOBODY		"no server has such an address: it is multicast, broadcast or unspecified"
#define NUMBER	 "a whole number from "
#define DURATION "a duration from "
#define TEXT	 "a text in quotes is wanted"
#define TRANSPORTS "\"tls\", \"dtls\" or \"auto\" is wanted"
#define PROFILES "\"strict\" or \"opportunistic\" is wanted"
#define PINS	 "a pin in quotes or an array of at most 16 is wanted"
#define IS_SMALL (sizeof(size_t) < 8)
#define LARGEST	 (IS_SMALL ? "\"1G\"" : "\"64G\"")
#define CACHE	 "0 for no cache, or 64k at least"
#define PRINTABLE                                                                                  \
	"a text of at most 1024 printable characters (ASCII) in quotes is wanted"

/*
 * One value: NULL for `refused` means that it is taken, and printed as `shown`.  In the group rows
 * the option stands in an upstream that is otherwise complete.
 */
static const struct value_row {
	const char *name, *value, *shown, *refused;
} top_rows[] = {
	{ "listen", "[ \"192.0.2.1\" ]", "[ \"192.0.2.1:53\" ]", NULL },
	{ "listen", "( \"192.0.2.1@5353\", \"[::1]:0\", \"::\" )",
		"[ \"192.0.2.1:5353\", \"[::1]:0\", \"[::]:53\" ]", NULL },
	{ "listen", "[ ]", NULL, "value [ ]: an array of addresses" },
	{ "listen", "\"127.0.0.1\"", NULL, "value \"127.0.0.1\": an array of addresses" },
	{ "listen", "53", NULL, "value 53: an array of addresses" },
	{ "listen", "{ a = 1; }", NULL, "value { }: an array of addresses" },
	{ "listen", "[ 53 ]", NULL, "value 53: an array of addresses" },
	{ "listen", "( ( \"::1\" ) )", NULL, "value ( ): an array of addresses" },
	{ "listen", "[ \"\" ]", NULL, "value \"\": an IP address is wanted" },
	{ "listen", "[ \"localhost\" ]", NULL, "value \"localhost\": an IP address is wanted" },
	{ "listen", "[ \"127.0.0.1:65536\" ]", NULL, "an IP address is wanted" },
	{ "listen", "[ \"fe80::1\" ]", NULL, "value \"fe80::1\": " NEEDS_INTERFACE },
	{ "listen", "[ \"[fe80::1]:5353\" ]", NULL, NEEDS_INTERFACE },
	{ "listen", "[ \"fe80::1%lo\" ]", "[ \"[fe80::1%lo]:53\" ]", NULL },
	{ "listen", "[ \"fe80::1%nothere0\" ]", NULL, "value \"fe80::1%nothere0\": " NO_INTERFACE },
	{ "listen", "[ \"192.0.2.1%lo\" ]", NULL, NO_INTERFACE },
	{ "listen", "[ \"224.0.0.251\" ]", NULL, NOBODY },
	{ "listen", "[ \"255.255.255.255\" ]", NULL, NOBODY },
	{ "listen", "[ \"ff02::fb\" ]", NULL, NOBODY },
	{ "listen", "[ \"::1\", \"[::1]:53\" ]", NULL, "\"[::1]:53\": this address is listed already" },
	{ "listen", "[ \"::1\", \"[::1]:54\" ]", "[ \"[::1]:53\", \"[::1]:54\" ]", NULL },

	{ "port", "0", "0", NULL },
	{ "port", "65535", "65535", NULL },
	{ "port", "5353L", "5353", NULL },
	{ "port", "65536", NULL, "value 65536: " NUMBER "0 to 65535" },
	{ "port", "-1", NULL, "value -1: " NUMBER },
	{ "port", "4294967349", NULL, "value 4294967349: " NUMBER },
	{ "port", "99999999999999999999999", NULL, "" },
	{ "port", "53.0", NULL, "value 53: " NUMBER },
	{ "port", "\"53\"", NULL, "value \"53\": " NUMBER },
	{ "port", "true", NULL, "value true: " NUMBER },
	{ "port", "[ 53 ]", NULL, "value [ ]: " NUMBER },
	{ "port", "0x35", NULL, "value 0x35: hexadecimal numbers are not taken" },
	{ "port", "0x100000035", NULL, "hexadecimal numbers are not taken" },

	{ "allow", "[ \"10.0.0.0/8\" ]", "[ \"10.0.0.0/8\" ]", NULL },
	{ "allow", "[ \"::/0\", \"192.0.2.7\" ]", "[ \"::/0\", \"192.0.2.7/32\" ]", NULL },
	{ "allow", "[ ]", NULL, "value [ ]: an array of networks" },
	{ "allow", "\"10.0.0.0/8\"", NULL, "an array of networks" },
	{ "allow", "[ true ]", NULL, "value true: an array of networks" },
	{ "allow", "[ \"10.0.0.1/8\" ]", NULL, "value \"10.0.0.1/8\": a network is wanted" },
	{ "allow", "[ \"any\" ]", NULL, "a network is wanted" },

	{ "workers", "1", "1", NULL },
	{ "workers", "64", "64", NULL },
	{ "workers", "\"auto\"", "\"auto\"", NULL },
	{ "workers", "0", NULL, "value 0: " NUMBER "1 to 64 or \"auto\"" },
	{ "workers", "65", NULL, "value 65: " NUMBER },
	{ "workers", "\"4\"", NULL, "value \"4\": " NUMBER },
	{ "workers", "1.5", NULL, "value 1.5: " NUMBER },

	{ "policy", "\"failover\"", "\"failover\"", NULL },
	{ "policy", "\"fastest\"", "\"fastest\"", NULL },
	{ "policy", "\"round-robin\"", "\"round-robin\"", NULL },
	{ "policy", "\"shard\"", NULL,
		"value \"shard\": \"failover\", \"fastest\" or \"round-robin\" is wanted" },
	{ "policy", "\"Fastest\"", NULL, "value \"Fastest\": \"failover\"," },
	{ "policy", "\"\"", NULL, "is wanted" },
	{ "policy", "1", NULL, "value 1: \"failover\"," },
	{ "policy", "[ \"fastest\" ]", NULL, "value [ ]: \"failover\"," },

	{ "bootstrap", "[ ]", "[ ]", NULL },
	{ "bootstrap", "( )", "[ ]", NULL },
	{ "bootstrap", "[ \"192.0.2.1\" ]", "[ \"192.0.2.1:53\" ]", NULL },
	{ "bootstrap", "[ \"192.0.2.1:5353\", \"192.0.2.1@54\", \"2620:fe::fe\", \"[2620:fe::fe]:54\" ]",
		"[ \"192.0.2.1:5353\", \"192.0.2.1:54\", \"[2620:fe::fe]:53\", \"[2620:fe::fe]:54\" ]",
		NULL },
	{ "bootstrap", "\"9.9.9.9\"", NULL, "value \"9.9.9.9\": an array of addresses is wanted" },
	{ "bootstrap", "[ 9 ]", NULL, "value 9: an array of addresses is wanted" },
	{ "bootstrap", "[ \"\" ]", NULL, "value \"\": the IP address of a name server" },
	{ "bootstrap", "[ \"dns.quad9.net\" ]", NULL, "the IP address of a name server is wanted" },
	{ "bootstrap", "[ \"9.9.9.9:0\" ]", NULL, "the IP address of a name server is wanted" },
	{ "bootstrap", "[ \"0.0.0.0\" ]", NULL, NOBODY },
	{ "bootstrap", "[ \"fe80::1\" ]", NULL, NEEDS_INTERFACE },
	{ "bootstrap", "[ \"fe80::1%lo\" ]", "[ \"[fe80::1%lo]:53\" ]", NULL },
	{ "bootstrap", "[ \"fe80::1%nothere0\" ]", NULL, NO_INTERFACE },
	{ "bootstrap", "[ \"ff02::1\" ]", NULL, NOBODY },
	{ "bootstrap", "[ \"tls://9.9.9.9\" ]", NULL, "the IP address of a name server is wanted" },
	{ "bootstrap", "[ \"9.9.9.9\", \"9.9.9.9:53\" ]", NULL,
		"value \"9.9.9.9:53\": this address is listed already" },
	{ "bootstrap", "[ \"127.0.0.1\" ]", NULL,
		"value \"127.0.0.1\": 127.0.0.1:53 is where dnsfwd itself listens (option \"listen\")" },
	{ "bootstrap", "[ \"::1\" ]", NULL, "[::1]:53 is where dnsfwd itself listens" },
	{ "bootstrap", "[ \"127.0.0.1:5353\" ]", "[ \"127.0.0.1:5353\" ]", NULL },
	{ "bootstrap", "[ \"176.103.130.130\" ]", NULL, "AdGuard replaced its addresses" },
	{ "bootstrap",
		"[ \"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\", \"192.0.2.4\", \"192.0.2.5\", "
		"\"192.0.2.6\", \"192.0.2.7\", \"192.0.2.8\", \"192.0.2.9\" ]",
		NULL, "option \"bootstrap\": 9 entries: at most 8 are allowed" },

	{ "control", "\"\"", "\"\"", NULL },
	{ "control", "\"/run/x.sock\"", "\"/run/x.sock\"", NULL },
	{ "control", "true", NULL, "value true: a text of 0 to 107 characters in quotes is wanted" },
	{ "state-dir", "\"\"", "\"\"", NULL },
	{ "state-dir", "\"/srv/dns\"", "\"/srv/dns\"", NULL },
	{ "state-dir", "false", NULL, "value false: " TEXT },
	{ "user", "\"_dns\"", "\"_dns\"", NULL },
	{ "user", "\"65534\"", "\"65534\"", NULL },
	{ "user", "\"a\\nb\"", NULL, "a text of at most 255 printable" },
	{ "user", "53", NULL, "value 53: a text of at most 255 printable" },
	{ "sandbox", "false", "false", NULL },
	{ "sandbox", "0", NULL, "true or false" },

	{ "query-timeout", "\"100ms\"", "\"100ms\"", NULL },
	{ "query-timeout", "\"60s\"", "\"1m\"", NULL },
	{ "query-timeout", "5", "\"5s\"", NULL },
	{ "query-timeout", "\"5\"", "\"5s\"", NULL },
	{ "query-timeout", "\"99ms\"", NULL, "value \"99ms\": " DURATION "100ms to 1m" },
	{ "query-timeout", "\"60001ms\"", NULL, DURATION },
	{ "query-timeout", "0", NULL, DURATION },
	{ "query-timeout", "61", NULL, DURATION },
	{ "query-timeout", "-5", NULL, "value -5: " DURATION },
	{ "query-timeout", "0.5", NULL, "value 0.5: " DURATION },
	{ "query-timeout", "0x5", NULL, "hexadecimal" },
	{ "query-timeout", "\"soon\"", NULL, DURATION },
	{ "query-timeout", "false", NULL, "value false: " DURATION },

	{ "max-queries", "16", "16", NULL },
	{ "max-queries", "1000000", "1000000", NULL },
	{ "max-queries", "15", NULL, NUMBER "16 to 1000000" },
	{ "max-queries", "1000001", NULL, NUMBER },

	{ "tcp-clients", "1", "1", NULL },
	{ "tcp-clients", "65536", "65536", NULL },
	{ "tcp-clients", "0", NULL, NUMBER "1 to 65536" },
	{ "tcp-clients", "65537", NULL, NUMBER },

	{ "tcp-idle-timeout", "\"1s\"", "\"1s\"", NULL },
	{ "tcp-idle-timeout", "\"1h\"", "\"1h\"", NULL },
	{ "tcp-idle-timeout", "\"999ms\"", NULL, DURATION "1s to 1h" },
	{ "tcp-idle-timeout", "3601", NULL, DURATION },

	{ "answer-cookies", "false", "false", NULL },
	{ "answer-cookies", "1", NULL, "value 1: write true or false" },
	{ "require-cookies", "true", "true", NULL },
	{ "require-cookies", "\"yes\"", NULL, "value \"yes\": write true or false" },
	{ "cookie-secret-file", "\"/etc/dnsfwd/cookies\"", "\"/etc/dnsfwd/cookies\"", NULL },
	{ "cookie-secret-file", "true", NULL, "value true: a text" },

	{ "edns-size", "512", "512", NULL },
	{ "edns-size", "4096", "4096", NULL },
	{ "edns-size", "511", NULL, NUMBER "512 to 4096" },
	{ "edns-size", "4097", NULL, NUMBER },

	{ "cache-size", "0", "\"0\"", NULL },
	{ "cache-size", "\"0\"", "\"0\"", NULL },
	{ "cache-size", "\"16M\"", "\"16M\"", NULL },
	{ "cache-size", "16777216", "\"16M\"", NULL },
	{ "cache-size", "\"64k\"", "\"64k\"", NULL },
	{ "cache-size", "65535", NULL, "value 65535: " CACHE },
	{ "cache-size", "1", NULL, CACHE },
	{ "cache-size", LARGEST, LARGEST, NULL },
	{ "cache-size", "\"65G\"", NULL, IS_SMALL ? "a size from 0 to 1G" : "a size from 0 to 64G" },
	{ "cache-size", "\"big\"", NULL, "value \"big\": a size from 0 to " },
	{ "cache-size", "-1", NULL, "a size from 0 to " },
	{ "cache-size", "false", NULL, "a size from 0 to " },

	{ "cache-min-ttl", "0", "\"0s\"", NULL },
	{ "cache-min-ttl", "\"1h\"", "\"1h\"", NULL },
	{ "cache-min-ttl", "3601", NULL, DURATION },

	{ "cache-max-ttl", "1", "\"1s\"", NULL },
	{ "cache-max-ttl", "\"1w\"", "\"1w\"", NULL },
	{ "cache-max-ttl", "0", NULL, DURATION "1s to 1w" },
	{ "cache-max-ttl", "\"8d\"", NULL, DURATION },

	{ "serve-stale", "0", "\"0s\"", NULL },
	{ "serve-stale", "\"1w\"", "\"1w\"", NULL },
	{ "serve-stale", "\"8d\"", NULL, DURATION },
	{ "serve-stale", "true", NULL, DURATION },

	{ "prefetch", "false", "false", NULL },
	{ "prefetch", "1", NULL, "true or false" },

	{ "cache-snapshot", "\"/var/lib/dnsfwd/cache\"", "\"/var/lib/dnsfwd/cache\"", NULL },
	{ "cache-snapshot", "false", NULL, TEXT },

	{ "max-queries-per-client", "1", "1", NULL },
	{ "max-queries-per-client", "1000000", "1000000", NULL },
	{ "max-queries-per-client", "0", NULL, NUMBER "1 to 1000000" },
	{ "rate-limit", "0", "0", NULL },
	{ "rate-limit", "1000000", "1000000", NULL },
	{ "rate-limit", "1000001", NULL, NUMBER "0 to 1000000" },

	{ "hosts", "[ ]", "[ ]", NULL },
	{ "hosts", "[ \"/a\", \"b c\" ]", "[ \"/a\", \"b c\" ]", NULL },
	{ "hosts", "\"/etc/hosts\"", NULL, "value \"/etc/hosts\": an array of file names is wanted" },
	{ "hosts", "[ 1 ]", NULL, "value 1: an array of file names" },
	{ "hosts", "[ \"\" ]", NULL, "value \"\": a file name is wanted" },
	{ "hosts", "[ \"/a\", \"/a\" ]", NULL, "value \"/a\": this is listed already" },

	{ "record", "[ \"nas.lan A 192.168.1.5\", \"nas.lan 300 IN TXT \\\"two words\\\" x\" ]",
		"[ \"nas.lan A 192.168.1.5\", \"nas.lan 300 IN TXT \\\"two words\\\" x\" ]", NULL },
	{ "record", "[ \"nas.lan\" ]", NULL, "value \"nas.lan\": NAME TYPE DATA is wanted" },
	{ "record", "[ \"nas.lan A 192.168.1\" ]", NULL, "an IPv4 address is wanted behind A" },
	{ "record", "[ \"nas.lan NS x.lan\" ]", NULL, "the type must be A, AAAA, CNAME" },
	{ "record", "[ \"a.lan A 10.0.0.1\", \"A.lan 5 a 10.0.0.1\" ]", NULL,
		"this record is listed already" },
	{ "record", "[ \"a.lan A 10.0.0.1\", \"a.lan CNAME b.lan\" ]", NULL,
		"a name with a CNAME can have no other record" },
	{ "record", "\"nas.lan A 192.168.1.5\"", NULL, "an array of records is wanted" },

	{ "lease-file", "\"/tmp/dhcp.leases\"", "\"/tmp/dhcp.leases\"", NULL },
	{ "lease-file", "false", NULL, "value false: " TEXT },
	{ "local-domain", "\"lan\"", "\"lan\"", NULL },
	{ "local-domain", "\"home.arpa.\"", "\"home.arpa\"", NULL },
	{ "local-domain", "\"\"", "\"\"", NULL },
	{ "local-domain", "\"*.lan\"", NULL, "value \"*.lan\": a host name" },
	{ "local-domain", "\"localhost\"", NULL, "this name has a meaning of its own" },
	{ "local-domain", "\"onion\"", NULL, "this name has a meaning of its own" },

	{ "special-names", "false", "false", NULL },
	{ "special-names", "\"off\"", NULL, "value \"off\": write true or false" },
	{ "special-names-except", "[ \"test\", \"17.172.in-addr.arpa.\" ]",
		"[ \"test\", \"17.172.in-addr.arpa.\" ]", NULL },
	{ "special-names-except", "[ \"x.test\" ]", NULL, "it is none of the names" },
	{ "special-names-except", "[ \"onion\" ]", NULL, "this name must never be forwarded" },
	{ "special-names-except", "[ \"localhost\" ]", NULL, "this name must never be forwarded" },
	{ "special-names-except", "[ 5 ]", NULL, "value 5: an array of domain names" },
	{ "firefox-may-bypass", "false", "false", NULL },
	{ "firefox-may-bypass", "0", NULL, "value 0: write true or false" },
	{ "private-relay-may-bypass", "false", "false", NULL },
	{ "private-relay-may-bypass", "0", NULL, "value 0: write true or false" },

	{ "metrics", "\"127.0.0.1:9953\"", "\"127.0.0.1:9953\"", NULL },
	{ "metrics", "\"/run/m.sock\"", "\"/run/m.sock\"", NULL },
	{ "metrics", "\"\"", "\"\"", NULL },
	{ "metrics", "\"192.168.1.1:9953\"", NULL, "an address that no other machine reaches" },
	{ "metrics", "\"127.0.0.1:53\"", NULL,
		"dnsfwd.conf:2: option \"metrics\": value \"127.0.0.1:53\": queries are taken there, on "
		"127.0.0.1:53 (option \"listen\"); take another port, like 9953" },
	{ "metrics", "\"[::1]:53\"", NULL, "queries are taken there, on [::1]:53" },
	{ "metrics", "\"127.0.0.2:53\"", "\"127.0.0.2:53\"", NULL },
	{ "metrics", "\"/run/dnsfwd/control.sock\"", NULL, "that is the socket of option \"control\"; each" },
	{ "metrics", "9953", NULL, "an address that no other machine reaches" },
	{ "dnstap", "\"/run/tap.sock\"", "\"/run/tap.sock\"", NULL },
	{ "dnstap", "7", NULL, "a text of 0 to 107 characters" },
	{ "dnstap-client-addresses", "true", "true", NULL },
	{ "dnstap-client-addresses", "1", NULL, "write true or false" },

	{ "block", "[ \"/a\" ]", "[ \"/a\" ]", NULL },
	{ "block", "[ \"\" ]", NULL, "a file name is wanted" },
	{ "block-answer", "\"nodata\"", "\"nodata\"", NULL },
	{ "block-answer", "\"null\"", "\"null\"", NULL },
	{ "block-answer", "\"refused\"", NULL,
		"value \"refused\": \"nxdomain\", \"nodata\" or \"null\" is wanted" },
	{ "block-except", "[ \"a.example\" ]", "[ \"a.example\" ]", NULL },
	{ "block-except", "[ \"a..example\" ]", NULL, "a domain name is wanted" },
	{ "block-except", "[ \".\" ]", NULL, "a domain name is wanted" },

	{ "private-address", "[ \"10.0.0.0/8\", \"fd00::/8\" ]", "[ \"10.0.0.0/8\", \"fd00::/8\" ]",
		NULL },
	{ "private-address", "[ \"10.0.0.0/8\", \"all\" ]",
		"[ \"10.0.0.0/8\", \"0.0.0.0/8\", \"100.64.0.0/10\", \"127.0.0.0/8\", "
		"\"169.254.0.0/16\", \"172.16.0.0/12\", \"192.168.0.0/16\", \"::/128\", "
		"\"::1/128\", \"fc00::/7\", \"fe80::/10\", \"fec0::/10\" ]",
		NULL },
	{ "private-address", "[ \"10.0.0.1/8\" ]", NULL, "value \"10.0.0.1/8\": a network is wanted" },
	{ "private-address", "[ \"private\" ]", NULL, "a network is wanted" },
	{ "private-address-except", "[ \"plex.direct\" ]", "[ \"plex.direct\" ]", NULL },
	{ "private-address-except", "[ \"\" ]", NULL, "a domain name is wanted" },

	{ "dns64", "\"64:ff9b::/96\"", "\"64:ff9b::/96\"", NULL },
	{ "dns64", "\"2001:db8::/40\"", "\"2001:db8::/40\"", NULL },
	{ "dns64", "\"auto\"", "\"auto\"", NULL },
	{ "dns64", "\"64:ff9b::/95\"", NULL, "a prefix of 32, 40, 48, 56, 64 or 96 bits" },
	{ "dns64", "\"10.0.0.0/32\"", NULL, "a prefix of 32, 40, 48, 56, 64 or 96 bits" },
	{ "dns64", "true", NULL, "a prefix of 32" },

	{ "tls-cert-bundle", "\"/etc/ssl/ca.pem\"", "\"/etc/ssl/ca.pem\"", NULL },
	{ "tls-cert-bundle", "\"a\\\"b\\\\c\\n\"", "\"a\\\"b\\\\c\\x0a\"", NULL },
	{ "tls-cert-bundle", "\"two \" \"parts\"", "\"two parts\"", NULL },
	{ "tls-cert-bundle", "0", NULL, "value 0: " TEXT },
	{ "tls-cert-bundle", "[ \"a\" ]", NULL, "value [ ]: " TEXT },

	{ "tls-priority", "\"\"", "\"\"", NULL },
	{ "tls-priority", "\"NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS ~\"",
		"\"NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS ~\"", NULL },
	{ "tls-priority", "\"NORMAL\\n\"", NULL, PRINTABLE },
	{ "tls-priority", "\"NORMAL\\x7f\"", NULL, PRINTABLE },
	{ "tls-priority", "\"NORM\xc3\x84L\"", NULL, PRINTABLE },
	{ "tls-priority", "1.3", NULL, "value 1.3: " PRINTABLE },
	{ "tls-priority", "[ \"NORMAL\" ]", NULL, "value [ ]: " PRINTABLE },

	{ "log-level", "\"error\"", "\"error\"", NULL },
	{ "log-level", "\"warning\"", "\"warning\"", NULL },
	{ "log-level", "\"info\"", "\"info\"", NULL },
	{ "log-level", "\"debug\"", "\"debug\"", NULL },
	{ "log-level", "\"verbose\"", NULL, "value \"verbose\": \"error\", \"warning\"" },
	{ "log-level", "\"INFO\"", NULL, "is wanted" },
	{ "log-level", "\"\"", NULL, "is wanted" },
	{ "log-level", "3", NULL, "value 3: \"error\"" },

	{ "log-queries", "true", "true", NULL },
	{ "log-queries", "FALSE", "false", NULL },
	{ "log-queries", "1", NULL, "value 1: write true or false" },
	{ "log-queries", "\"yes\"", NULL, "value \"yes\": write true or false" },
	{ "log-queries", "\"off\"", NULL, "value \"off\": write true or false" },
	{ "log-queries", "yes", NULL, "option \"log-queries\": value yes: write true or false" },
	{ "log-queries", "No", NULL, "option \"log-queries\": value No: write true or false" },
	{ "log-queries", "on", NULL, "value on: write true or false" },
	{ "log-queries", "off", NULL, "value off: write true or false" },

	{ "log-file", "\"\"", "\"\"", NULL },
	{ "log-file", "\"/var/log/dnsfwd/dnsfwd.log\"", "\"/var/log/dnsfwd/dnsfwd.log\"", NULL },
	{ "log-file", "3", NULL, "value 3: " },

	{ "syslog", "true", "true", NULL },
	{ "syslog", "false", "false", NULL },
	{ "syslog", "\"daemon\"", NULL, "value \"daemon\": write true or false" },

	{ "insecure-dtls-library", "true", "true", NULL },
	{ "insecure-dtls-library", "false", "false", NULL },
	{ "insecure-dtls-library", "\"yes\"", NULL, "value \"yes\": write true or false" },

	{ "share-port", "true", "true", NULL },
	{ "share-port", "\"yes\"", NULL, "write true or false" },
	{ "freebind", "true", "true", NULL },
	{ "freebind", "1", NULL, "write true or false" },
	{ "insecure-plain", "true", "true", NULL },
	{ "insecure-plain", "false", "false", NULL },
	{ "insecure-plain", "1", NULL, "value 1: write true or false" },

	{ "zone", "( )", "( )", NULL },
	{ "zone", "[ ]", NULL, "value [ ]: a list of groups is wanted" },
	{ "zone", "\"corp.example\"", NULL, "a list of groups is wanted" },
	{ "zone", "( \"corp.example\" )", NULL, "value \"corp.example\": a list of groups is wanted" },

	{ "upstream", "( )", "( )", NULL },
	{ "upstream", "[ ]", NULL, "value [ ]: a list of groups is wanted" },
	{ "upstream", "{ name = \"x\" }", NULL, "value { }: a list of groups is wanted" },
	{ "upstream", "( 5 )", NULL, "value 5: a list of groups is wanted" },
	{ "upstream", "\"x\"", NULL, "a list of groups is wanted" },

	{ "portt", "53", NULL, "option \"portt\": unknown, did you mean \"port\"?" },
	{ "tls_cert_bundle", "\"\"", NULL, "did you mean \"tls-cert-bundle\"?" },
	{ "pad-block", "128", NULL, "option \"pad-block\": unknown" },
};

static const struct value_row group_rows[] = {
	{ "port", "1", "1", NULL },
	{ "port", "65535", "65535", NULL },
	{ "port", "0", NULL, NUMBER "1 to 65535" },
	{ "port", "65536", NULL, NUMBER },
	{ "port", "\"853\"", NULL, NUMBER },

	{ "auth-name", "\"dns.example.net\"", "\"dns.example.net\"", NULL },
	{ "auth-name", "\"dns.example.net.\"", "\"dns.example.net\"", NULL },
	{ "auth-name", "\"\"", "\"\"", NULL },
	{ "auth-name", "\"*.example.net\"", NULL, "value \"*.example.net\": a host name" },
	{ "auth-name", "\"9.9.9.9\"", NULL, "a host name in quotes is wanted" },
	{ "auth-name", "\".\"", NULL, "a host name in quotes is wanted" },
	{ "auth-name", "5", NULL, "value 5: a host name" },

	{ "profile", "\"strict\"", "\"strict\"", NULL },
	{ "profile", "\"opportunistic\"", "\"opportunistic\"", NULL },
	{ "profile", "\"Strict\"", NULL, "value \"Strict\": " PROFILES },
	{ "profile", "\"\"", NULL, PROFILES },
	{ "profile", "true", NULL, "value true: " PROFILES },
	{ "profile", "[ \"strict\" ]", NULL, "value [ ]: " PROFILES },

	{ "transport", "\"tls\"", "\"tls\"", NULL },
	{ "transport", "\"dtls\"", "\"dtls\"", NULL },
	{ "transport", "\"auto\"", "\"auto\"", NULL },
	{ "transport", "\"udp\"", NULL, "value \"udp\": " TRANSPORTS },
	{ "transport", "\"DTLS\"", NULL, "value \"DTLS\": " TRANSPORTS },
	{ "transport", "\"\"", NULL, TRANSPORTS },
	{ "transport", "true", NULL, "value true: " TRANSPORTS },

	{ "pin-sha256", "[ ]", "[ ]", NULL },
	{ "pin-sha256", "( )", "[ ]", NULL },
	{ "pin-sha256", "\"" PIN "\"", "[ \"" PIN "\" ]", NULL },
	{ "pin-sha256", "[ \"" PIN "\" ]", "[ \"" PIN "\" ]", NULL },
	{ "pin-sha256", "( \"" PIN2 "\", \"" PIN "\" )", "[ \"" PIN2 "\", \"" PIN "\" ]", NULL },
	{ "pin-sha256", "5", NULL, "value 5: " PINS },
	{ "pin-sha256", "[ 5 ]", NULL, "value 5: " PINS },
	{ "pin-sha256", "( ( \"" PIN "\" ) )", NULL, "value ( ): " PINS },

	{ "cookies", "false", "false", NULL },
	{ "cookies", "\"off\"", NULL, "value \"off\": write true or false" },
	{ "session-tickets", "true", "true", NULL },
	{ "session-tickets", "false", "false", NULL },
	{ "session-tickets", "\"off\"", NULL, "value \"off\": write true or false" },

	{ "tls-cert-bundle", "\"/ca.pem\"", "\"/ca.pem\"", NULL },
	{ "tls-cert-bundle", "true", NULL, "value true: " TEXT },

	{ "pad-block", "16", "16", NULL },
	{ "pad-block", "512", "512", NULL },
	{ "pad-block", "0", NULL, NUMBER "16 to 512" },
	{ "pad-block", "15", NULL, NUMBER },
	{ "pad-block", "513", NULL, NUMBER },

	{ "connections", "1", "1", NULL },
	{ "connections", "16", "16", NULL },
	{ "connections", "0", NULL, NUMBER "1 to 16" },
	{ "connections", "17", NULL, NUMBER },

	{ "max-inflight", "1", "1", NULL },
	{ "max-inflight", "4096", "4096", NULL },
	{ "max-inflight", "0", NULL, NUMBER "1 to 4096" },
	{ "max-inflight", "4097", NULL, NUMBER },

	{ "pad-blok", "128", NULL, "option \"pad-blok\": unknown, did you mean \"pad-block\"?" },
	{ "pins-sha256", "[ ]", NULL, "unknown, did you mean \"pin-sha256\"?" },
	{ "tls-priority", "\"\"", NULL, "option \"tls-priority\": unknown" },
};

static void check_value(const struct value_row *row, const char *text)
{
	char shown[400];
	struct config *c;

	if (row->refused) {
		check_refused(text, row->refused);
		return;
	}
	c = load_good(text);
	snprintf(shown, sizeof shown, "%-16s = %s\n", row->name, row->shown);
	if (!prints(c, shown))
		fail_msg("%s\nis not shown as: %s", text, shown);
	config_unref(c);
}

static void test_values(void **state)
{
	char text[400];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(top_rows); i++) {
		snprintf(text, sizeof text, FORWARD "%s = %s\n", top_rows[i].name, top_rows[i].value);
		check_value(&top_rows[i], text);
	}
	for (size_t i = 0; i < COUNT_OF(group_rows); i++) {
		snprintf(text, sizeof text,
			"forward = [ \"home\" ]\n"
			"upstream = ( { name = \"home\", address = \"192.0.2.1\", %s = %s } )\n",
			group_rows[i].name, group_rows[i].value);
		check_value(&group_rows[i], text);
	}
}

/* What can't work together. */
static void test_cookies(void **state)
{
	struct config *c;

	(void)state;
	check_refused(FORWARD "answer-cookies = false\nrequire-cookies = true\n",
		"dnsfwd.conf:3: option \"require-cookies\": value true: nobody could bring a cookie");
	c = load_good(FORWARD "answer-cookies = false\nrequire-cookies = false\ncookie-secret-file = \"\"\n");
	assert_int_equal(c->warnings.count, 0);
	config_unref(c);
	c = load_good(FORWARD "answer-cookies = false\ncookie-secret-file = \"/x\"\n");
	assert_int_equal(c->warnings.count, 1);
	assert_non_null(strstr(c->warnings.text[0], "not used with answer-cookies = false"));
	config_unref(c);
}

static void test_long_priority(void **state)
{
	char text[1200], word[1026];
	struct config *c;

	(void)state;
	memset(word, 'A', sizeof word);
	word[1025] = '\0';
	snprintf(text, sizeof text, FORWARD "tls-priority = \"%s\"", word);
	check_refused(text, PRINTABLE);
	word[1024] = '\0';
	snprintf(text, sizeof text, FORWARD "tls-priority = \"%s\"", word);
	c = load_good(text);
	assert_string_equal(c->tls_priority, word);
	config_unref(c);
}

static bool has_row(const struct value_row *rows, size_t count, const char *name, bool refused)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].name, name) == 0 && (rows[i].refused != NULL) == refused)
			return true;
	}
	return false;
}

/* Whoever adds an option finds here that it has no tests. */
static void test_every_option_has_rows(void **state)
{
	(void)state;
	for (const struct option *o = config_options; o->name; o++) {
		if (o->type == OPTION_FORWARD)
			continue;
		expect(o->name, has_row(top_rows, COUNT_OF(top_rows), o->name, false));
		expect(o->name, has_row(top_rows, COUNT_OF(top_rows), o->name, true));
	}
	for (const struct option *o = upstream_options; o->name; o++) {
		if (!o->preset)
			continue;
		expect(o->name, has_row(group_rows, COUNT_OF(group_rows), o->name, false));
		expect(o->name, has_row(group_rows, COUNT_OF(group_rows), o->name, true));
	}
}

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
		cmocka_unit_test_teardown(test_values, teardown),
		cmocka_unit_test_teardown(test_cookies, teardown),
		cmocka_unit_test_teardown(test_long_priority, teardown),
		cmocka_unit_test_teardown(test_every_option_has_rows, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
		cmocka_unit_test_teardown(test_accepted, teardown),
		cmocka_unit_test_teardown(test_binary_and_large, teardown),
		cmocka_unit_test_teardown(test_many_settings, teardown),
		cmocka_unit_test_teardown(test_all_errors_together, teardown),
		cmocka_unit_test_teardown(test_ttls_in_order, teardown),
		cmocka_unit_test_teardown(test_errors_are_bounded, teardown),
		cmocka_unit_test_teardown(test_no_control_characters_in_messages, teardown),
		cmocka_unit_test_teardown(test_long_texts_in_messages, teardown),
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
