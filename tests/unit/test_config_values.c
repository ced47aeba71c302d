/* Each option: values that are taken, as they are printed, and values that are refused. */
#include "common/config/config.h"

#include "common/config/option.h"
#include "tests/unit/config_case.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_values, teardown),
		cmocka_unit_test_teardown(test_cookies, teardown),
		cmocka_unit_test_teardown(test_long_priority, teardown),
		cmocka_unit_test_teardown(test_every_option_has_rows, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
