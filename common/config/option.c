#include "common/config/option.h"

#include "common/config/config.h"
#include "common/config/nearest.h"

#define MS		 UINT64_C(1000)
#define SEC		 (1000 * MS)
/* What can be addressed, with room for all else. */
#define CACHE_SIZE_MAX	 (sizeof(size_t) < 8 ? UINT64_C(1) << 30 : UINT64_C(1) << 36)
#define TOP(member)	 offsetof(struct config, member)
#define UPSTREAM(member) offsetof(struct config_upstream, member)
#define ZONE(member)	 offsetof(struct config_zone, member)
#ifdef SMALL
#define HELP(...)
#else
#define HELP(...) __VA_ARGS__
#endif

/* clang-format off */
const struct option config_options[] = {
	{ "listen", OPTION_LISTEN, TOP(listen), 1, CONFIG_LISTEN_MAX,
		"[ \"127.0.0.1\", \"::1\" ]", RELOAD_RESTART,
		HELP("Addresses to take queries on, over UDP and TCP; each may have a port of its own.") },
	{ "port", OPTION_NUMBER, TOP(port), 0, 65535, "53", RELOAD_RESTART,
		HELP("Port of the listen addresses that have none written; 0 lets the kernel choose one.") },
	{ "share-port", OPTION_BOOL, TOP(share_port), 0, 0, "false", RELOAD_RESTART,
		HELP("Whether another dnsfwd may listen on the same addresses, as while one replaces another.") },
	{ "freebind", OPTION_BOOL, TOP(freebind), 0, 0, "false", RELOAD_RESTART,
		HELP("Whether listen may have addresses that no interface has yet, as of a VPN.") },
	{ "allow", OPTION_PREFIXES, TOP(allow), 1, CONFIG_ALLOW_MAX,
		"[ \"127.0.0.0/8\", \"::1/128\" ]", RELOAD_LIVE,
		HELP("Networks whose clients are answered.") },
	{ "workers", OPTION_WORKERS, TOP(workers), 1, 64, "1", RELOAD_RESTART,
		HELP("Threads that handle queries; \"auto\" is one for each processor core.") },
	{ "forward", OPTION_FORWARD, TOP(forward), 1, CONFIG_FORWARD_MAX, NULL, RELOAD_LIVE,
		HELP("The upstreams that answer: presets, addresses or host names, or names of upstreams "
		"below.") },
	{ "policy", OPTION_POLICY, TOP(policy), 0, 0, "\"failover\"", RELOAD_LIVE,
		HELP("Which of them is asked: \"failover\" (the first that works), \"fastest\" or "
		"\"round-robin\".") },
	{ "bootstrap", OPTION_SERVERS, TOP(bootstrap), 0, CONFIG_BOOTSTRAP_MAX,
		"[ \"9.9.9.9\", \"1.1.1.1\" ]", RELOAD_LIVE,
		HELP("Name servers that are asked for the addresses of upstreams, and for nothing else.") },
	{ "upstream", OPTION_UPSTREAMS, 0, 0, CONFIG_UPSTREAM_MAX, "( )", RELOAD_LIVE,
		HELP("Upstreams in the long form, for those that need options of their own.") },
	{ "zone", OPTION_ZONES, 0, 0, CONFIG_ZONE_MAX, "( )", RELOAD_LIVE,
		HELP("Names that are asked for elsewhere, like those of a company's own network.") },
	{ "insecure-plain", OPTION_BOOL, TOP(insecure_plain), 0, 0, "false", RELOAD_LIVE,
		HELP("Whether a zone's udp:// and tcp:// may have addresses that are not of one's own network.") },
	{ "query-timeout", OPTION_DURATION, TOP(query_timeout_us), 100 * MS, 60 * SEC, "\"4s\"",
		RELOAD_LIVE, HELP("A client that has waited so long is told that there is no answer.") },
	{ "max-queries", OPTION_NUMBER, TOP(max_queries), 16, 1000000, "8192", RELOAD_LIVE,
		HELP("Queries that one worker has under way at a time.") },
	{ "max-queries-per-client", OPTION_NUMBER, TOP(max_queries_per_client), 1, 1000000, "1000",
		RELOAD_LIVE, HELP("Of these, how many one client may have; this machine itself is not limited.") },
	{ "rate-limit", OPTION_NUMBER, TOP(rate_limit), 0, 1000000, "0", RELOAD_LIVE,
		HELP("UDP queries a second that one network of clients may send; 0: any number.") },
	{ "tcp-clients", OPTION_NUMBER, TOP(tcp_clients), 1, 65536, "256", RELOAD_LIVE,
		HELP("TCP clients that one worker serves at a time.") },
	{ "tcp-idle-timeout", OPTION_DURATION, TOP(tcp_idle_timeout_us), SEC, 3600 * SEC, "\"10s\"",
		RELOAD_LIVE, HELP("A TCP client that has been silent so long is disconnected.") },
	{ "edns-size", OPTION_NUMBER, TOP(edns_size), 512, 4096, "1232", RELOAD_LIVE,
		HELP("The largest UDP answer, in octets; larger ones are asked for again over TCP.") },
	{ "answer-cookies", OPTION_BOOL, TOP(answer_cookies), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether clients that send DNS cookies get them, so that answers can't be forged unseen.") },
	{ "require-cookies", OPTION_BOOL, TOP(require_cookies), 0, 0, "false", RELOAD_LIVE,
		HELP("Whether UDP clients of the network are answered only with a cookie, else sent to TCP.") },
	{ "cookie-secret-file", OPTION_STRING, TOP(cookie_secret_file), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("A file with the secrets that cookies are made with; empty: our own, changed daily.") },
	{ "cache-size", OPTION_SIZE, TOP(cache_size), 0, CACHE_SIZE_MAX, "\"16M\"", RELOAD_LIVE,
		HELP("Memory for answers; 0 is no cache.") },
	{ "cache-min-ttl", OPTION_DURATION, TOP(cache_min_ttl_us), 0, 3600 * SEC, "0", RELOAD_LIVE,
		HELP("Answers are kept at least so long, though their owner says that they change sooner.") },
	{ "cache-max-ttl", OPTION_DURATION, TOP(cache_max_ttl_us), SEC, 604800 * SEC, "\"1d\"",
		RELOAD_LIVE, HELP("Answers are kept no longer than this.") },
	{ "serve-stale", OPTION_DURATION, TOP(serve_stale_us), 0, 604800 * SEC, "\"1d\"", RELOAD_LIVE,
		HELP("Answers are given so long after their time when no new one can be had; 0 is never.") },
	{ "prefetch", OPTION_BOOL, TOP(prefetch), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether answers that are asked for often are renewed just before their time is over.") },
	{ "cache-snapshot", OPTION_STRING, TOP(cache_snapshot), 0, 0, "\"\"", RELOAD_RESTART,
		HELP("A file that keeps the cache over a restart; it tells what was asked. Empty is none.") },
	{ "hosts", OPTION_FILES, TOP(hosts), 0, CONFIG_HOSTS_MAX, "[ \"/etc/hosts\" ]", RELOAD_LIVE,
		HELP("Files of addresses and names, as in hosts(5), that are answered here.") },
	{ "record", OPTION_RECORDS, TOP(record), 0, CONFIG_RECORD_MAX, "[ ]", RELOAD_LIVE,
		HELP("Records that are answered here.") },
	{ "lease-file", OPTION_STRING, TOP(lease_file), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("The lease file of a DHCP server (dnsmasq or odhcpd), whose names are answered here.") },
	{ "local-domain", OPTION_HOSTNAME, TOP(local_domain), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("The domain of this network: nobody else is asked for names in it.") },
	{ "special-names", OPTION_BOOL, TOP(special_names), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether names that mean something on this network only are kept from the upstream.") },
	{ "special-names-except", OPTION_SPECIALS, TOP(special_except), 0, CONFIG_NAMES_MAX, "[ ]",
		RELOAD_LIVE, HELP("Of these names, those that are forwarded all the same.") },
	{ "firefox-may-bypass", OPTION_BOOL, TOP(firefox_may_bypass), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether Firefox may choose by itself to ask a resolver on the web instead of this one.") },
	{ "private-relay-may-bypass", OPTION_BOOL, TOP(private_relay_may_bypass), 0, 0, "true",
		RELOAD_LIVE, HELP("Whether Apple's devices may use iCloud Private Relay, which goes past this one.") },
	{ "block", OPTION_FILES, TOP(block), 0, CONFIG_BLOCK_MAX, "[ ]", RELOAD_LIVE,
		HELP("Files of names that are not resolved.") },
	{ "block-answer", OPTION_BLOCK_ANSWER, TOP(block_answer), 0, 0, "\"nxdomain\"", RELOAD_LIVE,
		HELP("What is said of a blocked name: \"nxdomain\", \"nodata\" or \"null\" (0.0.0.0 and ::).") },
	{ "block-except", OPTION_NAMES, TOP(block_except), 0, CONFIG_NAMES_MAX, "[ ]", RELOAD_LIVE,
		HELP("Names that are resolved whatever the lists say, with all below them.") },
	{ "private-address", OPTION_PRIVATE, 0, 0, CONFIG_PRIVATE_MAX, "[ ]", RELOAD_LIVE,
		HELP("Networks that no upstream may point at (DNS rebinding).") },
	{ "private-address-except", OPTION_NAMES, TOP(private_except), 0, CONFIG_NAMES_MAX, "[ ]",
		RELOAD_LIVE, HELP("Names that may point there, with all below them.") },
	{ "dns64", OPTION_DNS64, TOP(dns64), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("The prefix of a NAT64 to make IPv6 addresses with, or \"auto\"; empty: none are made.") },
	{ "tls-cert-bundle", OPTION_STRING, TOP(tls_cert_bundle), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("A file with the CA certificates to trust; empty is the store of the system.") },
	{ "tls-priority", OPTION_PRINTABLE, TOP(tls_priority), 0, 1024, "\"\"", RELOAD_LIVE,
		HELP("TLS versions and algorithms to offer, as a priority string of GnuTLS; empty is ours.") },
	{ "insecure-dtls-library", OPTION_BOOL, TOP(insecure_dtls_library), 0, 0, "false",
		RELOAD_RESTART,
		HELP("Whether DTLS is used even if the library that speaks it has known security holes.") },
	{ "state-dir", OPTION_STRING, TOP(state_dir), 0, 0, "\"/var/lib/dnsfwd\"", RELOAD_RESTART,
		HELP("A folder for what is good to know after a restart; empty: nothing is kept.") },
	{ "user", OPTION_PRINTABLE, TOP(user), 0, 255, "\"\"", RELOAD_RESTART,
		HELP("The user, by name or number, that dnsfwd becomes once it is started; empty: none.") },
	{ "sandbox", OPTION_BOOL, TOP(sandbox), 0, 0, "true", RELOAD_RESTART,
		HELP("Whether dnsfwd gives up all that it does not need of the system; false is for debugging.") },
	{ "control", OPTION_STRING, TOP(control), 0, 107, "\"/run/dnsfwd/control.sock\"", RELOAD_RESTART,
		HELP("The socket that dnsfwdctl uses; empty is none.") },
	{ "log-level", OPTION_LEVEL, TOP(log_level), 0, 0, "\"info\"", RELOAD_LIVE,
		HELP("How much is logged: \"error\", \"warning\", \"info\" or \"debug\".") },
	{ "log-queries", OPTION_BOOL, TOP(log_queries), 0, 0, "false", RELOAD_LIVE,
		HELP("Whether the names that clients ask for may be logged, at level debug.") },
	{ "log-file", OPTION_STRING, TOP(log_file), 0, 4095, "\"\"", RELOAD_LIVE,
		HELP("A file that the log is appended to; empty: none, the log goes to stderr.") },
	{ "syslog", OPTION_BOOL, TOP(syslog), 0, 0, "false", RELOAD_LIVE,
		HELP("Whether the log goes to the syslog of this machine, and not to stderr.") },
	{ "metrics", OPTION_ENDPOINT, TOP(metrics), 0, 0, "\"\"", RELOAD_RESTART,
		HELP("Where figures are served over HTTP, with a status page: an address of loopback, or a "
		"path.") },
	{ "dnstap", OPTION_STRING, TOP(dnstap), 0, 107, "\"\"", RELOAD_RESTART,
		HELP("A Unix socket at which somebody reads copies of all messages; empty: none are made.") },
	{ "dnstap-client-addresses", OPTION_BOOL, TOP(dnstap_client_addresses), 0, 0, "false",
		RELOAD_RESTART, HELP("Whether these tell whole addresses of clients, or their networks alone.") },
	{ 0 },
};

const struct option upstream_options[] = {
	{ "name", OPTION_STRING, UPSTREAM(name), 1, 64, NULL, RELOAD_LIVE,
		HELP("What forward and the log call this upstream.") },
	{ "address", OPTION_ADDRESS, UPSTREAM(address), 1, CONFIG_ADDRESS_MAX, NULL, RELOAD_LIVE,
		HELP("Its IP addresses; without any, auth-name is looked up.") },
	{ "port", OPTION_NUMBER, UPSTREAM(port), 1, 65535, "853", RELOAD_LIVE,
		HELP("Its port for DNS over TLS, and for DNS over DTLS.") },
	{ "transport", OPTION_TRANSPORT, UPSTREAM(transport), 0, 0, "\"tls\"", RELOAD_LIVE,
		HELP("What carries the queries: \"tls\", \"dtls\" (with TLS beside it), or \"auto\" (the first "
		"of the two that answers).") },
	{ "auth-name", OPTION_HOSTNAME, UPSTREAM(auth_name), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("The host name that its certificate must have; empty: it must name the IP address.") },
	{ "profile", OPTION_PROFILE, UPSTREAM(profile), 0, 0, "\"strict\"", RELOAD_LIVE,
		HELP("Whether it must be authenticated: \"strict\", or \"opportunistic\" (encrypted at least).") },
	{ "pin-sha256", OPTION_PINS, UPSTREAM(pins), 0, CONFIG_PINS_MAX, "[ ]", RELOAD_LIVE,
		HELP("Digests (SHA-256, base64) of public keys; one of them must be in its certificates.") },
	{ "tls-cert-bundle", OPTION_STRING, UPSTREAM(tls_cert_bundle), 0, 0, "\"\"", RELOAD_LIVE,
		HELP("A file with the CA certificates to trust for it; empty is as at the top level.") },
	{ "session-tickets", OPTION_BOOL, UPSTREAM(session_tickets), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether TLS sessions are resumed, which makes new connections faster.") },
	{ "cookies", OPTION_BOOL, UPSTREAM(cookies), 0, 0, "true", RELOAD_LIVE,
		HELP("Whether DNS cookies are sent to it; over TLS each connection has its own.") },
	{ "pad-block", OPTION_NUMBER, UPSTREAM(pad_block), 16, 512, "128", RELOAD_LIVE,
		HELP("Queries are padded to a multiple of so many octets, so that their length says little.") },
	{ "connections", OPTION_NUMBER, UPSTREAM(connections), 1, 16, "2", RELOAD_LIVE,
		HELP("Connections to it that one worker may have.") },
	{ "max-inflight", OPTION_NUMBER, UPSTREAM(max_inflight), 1, 4096, "1000", RELOAD_LIVE,
		HELP("Queries that may wait for answers on one connection.") },
	{ 0 },
};

const struct option zone_options[] = {
	{ "name", OPTION_HOSTNAME, ZONE(name), 0, 0, NULL, RELOAD_LIVE,
		HELP("The name that it begins at; all names below belong to it.") },
	{ "forward", OPTION_FORWARD, 0, 1, CONFIG_FORWARD_MAX, NULL, RELOAD_LIVE,
		HELP("The upstreams that answer them; udp:// and tcp:// are allowed here.") },
	{ "policy", OPTION_POLICY, ZONE(policy), 0, 0, "\"failover\"", RELOAD_LIVE,
		HELP("Which of them is asked, as at the top level.") },
	{ "interface", OPTION_STRING, ZONE(interface), 0, 15, "\"\"", RELOAD_LIVE,
		HELP("The network interface that its queries leave by, or not at all; empty: any.") },
	{ 0 },
};
/* clang-format on */

const char *option_nearest(const struct option *table, const char *name)
{
	struct nearest best = { 0 };

	for (; table->name; table++)
		nearest_offer(&best, name, table->name);
	return best.name;
}
