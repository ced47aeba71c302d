/*
 * The configuration as the rest of the program sees it: one immutable value, read whole from a
 * buffer, checked whole, or refused with every complaint at once.  Shared between threads by
 * reference count.
 */
#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/addr.h"
#include "common/config/spelling.h"

#define CONFIG_LISTEN_MAX  64u
#define CONFIG_ALLOW_MAX   1024u
#define CONFIG_FORWARD_MAX 16u
#define CONFIG_ZONE_MAX	   32u
/* Beside those of the file, added while the program runs; and both, with that of a portal. */
#define CONFIG_ZONE_ADDED_MAX 16u
#define CONFIG_ZONE_ALL_MAX   (CONFIG_ZONE_MAX + CONFIG_ZONE_ADDED_MAX + 1)
/* Of the forward group and all zones. */
#define CONFIG_ALL_MAX	     64u
#define CONFIG_ADDRESS_MAX   16u
#define CONFIG_BOOTSTRAP_MAX 8u
#define CONFIG_UPSTREAM_MAX  64u
#define CONFIG_PINS_MAX	     16u
#define CONFIG_PIN_OCTETS    32u /* SHA-256 */
#define CONFIG_BUFFER_MAX    (1024u * 1024u)
#define CONFIG_HOSTS_MAX     16u
#define CONFIG_BLOCK_MAX     16u
#define CONFIG_RECORD_MAX    4096u
#define CONFIG_NAMES_MAX     1024u
#define CONFIG_PRIVATE_MAX   64u

/* Of `metrics`, where none is written. */
#define METRICS_PORT 9953u

/* Least memory of a cache; as CACHE_SIZE_MIN, which this folder does not see. */
#define CACHE_SIZE_LEAST (64u * 1024u)

struct config_listen {
	struct addr addr;
	bool is_default; /* nobody wrote it: its absence is a warning, not an error */
};

/* What a service leaves out of its answers, as far as we know: only presets tell. */
enum config_filter { FILTER_UNKNOWN = 0, FILTER_NONE, FILTER_SOME };

/* What becomes of an upstream that cannot be authenticated (RFC 8310 5): nothing, or encrypted only. */
enum config_profile { PROFILE_STRICT = 0, PROFILE_OPPORTUNISTIC };

/*
 * What carries its messages: TLS; DTLS with TLS beside it (RFC 8094); whichever of the two answers
 * first on this network.  In clear, and in zones only: UDP with TCP beside it; TCP.
 */
enum config_transport {
	TRANSPORT_TLS = 0,
	TRANSPORT_DTLS,
	TRANSPORT_AUTO,
	TRANSPORT_UDP,
	TRANSPORT_TCP,
};

static inline bool config_is_plain(enum config_transport t)
{
	return t == TRANSPORT_UDP || t == TRANSPORT_TCP;
}

static inline bool config_is_dtls(enum config_transport t)
{
	return t == TRANSPORT_DTLS || t == TRANSPORT_AUTO;
}

/* Two ways to it: datagrams, and a stream beside them. */
static inline bool config_has_two_ways(enum config_transport t)
{
	return config_is_dtls(t) || t == TRANSPORT_UDP;
}

/*
 * One upstream, complete: from the long form, from a preset, or from a spelling with the defaults
 * of the rest.
 */
struct config_upstream {
	char *name; /* of the long form, or the preset or spelling as written; for messages */
	struct addr *
		address; /* owned; in the order written, with the port; NULL: host is to be looked up */
	size_t address_count;
	char *host;    /* to be looked up through `bootstrap`; NULL: addresses are written */
	unsigned port; /* of all its addresses */
	enum config_transport transport;
	enum config_profile profile;
	char *auth_name; /* NULL: the certificate must name the address (iPAddress), unless pinned */
	uint8_t (*pins)[CONFIG_PIN_OCTETS]; /* owned; digests of the SubjectPublicKeyInfo, one must
					       fit; NULL: none */
	size_t pin_count;
	char *tls_cert_bundle; /* "": the system's store */
	bool session_tickets;
	bool cookies;
	unsigned pad_block;
	unsigned connections;
	unsigned max_inflight;
	enum config_filter filter;
	bool long_form; /* it stands in the list `upstream` */
};

/* How a forward group is used (design 5, Policy). */
enum config_policy { POLICY_FAILOVER = 0, POLICY_FASTEST, POLICY_ROUND_ROBIN };

/* Names that upstreams of their own answer, and nobody else. */
struct config_zone {
	char *name;	 /* "corp.example", without final dot; all below it belong to it */
	char *interface; /* "": any; else its queries leave by this one, or not at all */
	enum config_policy policy;
	size_t first, count; /* its upstreams in config->forward */
	bool added;	     /* while the program runs: it is not in the file */
	unsigned portal;     /* no zone but a captive portal, that opening of it; 0: a zone */
};

/* What is said of a blocked name. */
enum config_block_answer { BLOCK_NXDOMAIN = 0, BLOCK_NODATA, BLOCK_NULL };

/* Texts of an array, in the order written. */
struct config_texts {
	char **text; /* owned */
	size_t count;
};

bool config_texts_equal(const struct config_texts *a, const struct config_texts *b);

/* Collected complaints or warnings, "file:line: text" each. */
struct config_errors {
	char **text; /* owned */
	size_t count;
	size_t dropped; /* beyond CONFIG_ERRORS_MAX */
};
#define CONFIG_ERRORS_MAX 50u

struct config {
	atomic_uint references;
	char *text; /* owned: the file with all that it includes, without comments; NULL: there was none */

	struct config_listen *listen;
	size_t listen_count;
	struct prefix *allow;
	size_t allow_count;
	unsigned port;
	unsigned workers; /* 0: one per core ("auto") */

	/* Resolved, in the order written: those of the option forward, then those of the zones. */
	struct config_upstream *forward;
	size_t forward_count;  /* of the option */
	size_t upstream_count; /* of all */
	enum config_policy policy;
	struct config_zone *zone;
	size_t zone_count;
	bool share_port;	/* another dnsfwd may listen on the same */
	bool freebind;		/* listen addresses may come later */
	bool insecure_plain;	/* zones may be asked for across the Internet, in clear */
	struct addr *bootstrap; /* servers for the names of upstreams, with port */
	size_t bootstrap_count;
	char *state_dir; /* "": nothing is kept */

	uint64_t query_timeout_us;
	unsigned max_queries;
	unsigned tcp_clients;
	uint64_t tcp_idle_timeout_us;
	unsigned edns_size;
	uint64_t cache_size; /* octets; 0: no cache */
	uint64_t cache_min_ttl_us, cache_max_ttl_us;
	uint64_t serve_stale_us; /* 0: never */
	bool prefetch;
	char *cache_snapshot; /* a path; "": none */
	bool answer_cookies;
	bool require_cookies;
	char *cookie_secret_file; /* "": secrets are made at the start and rotated */

	unsigned max_queries_per_client;
	unsigned rate_limit; /* queries a second and network; 0: none */

	struct config_texts hosts;  /* paths */
	struct config_texts record; /* each of them parses (common/local/record_line.h) */
	char *lease_file;	    /* "": none */
	char *local_domain;	    /* NULL: none */
	bool special_names;
	struct config_texts special_except; /* each is one that may be excepted */
	bool firefox_may_bypass;
	bool private_relay_may_bypass;
	struct config_texts block; /* paths */
	enum config_block_answer block_answer;
	struct config_texts block_except;
	struct prefix *private_address;
	size_t private_address_count;
	struct config_texts private_except;
	char *dns64; /* "", "auto", or a prefix of RFC 6052 2.2 */

	char *tls_cert_bundle;
	char *tls_priority;	    /* of GnuTLS, not checked here; "": ours */
	bool insecure_dtls_library; /* DTLS even with a library whose faults are known */
	char *user;		    /* name or number; "": stay who we are */
	bool sandbox;		 /* privileges, system calls and files are limited once started */
	char *control;		 /* a path; "": none */
	bool control_is_default; /* nobody wrote it: its absence is no error */
	bool state_dir_is_default;
	char *log_level;
	bool log_queries;
	char *log_file; /* a path; "": none */
	bool syslog;
	char *metrics; /* "": none; else an endpoint (endpoint.h), its port METRICS_PORT */
	char *dnstap;  /* a path; "": none */
	bool dnstap_client_addresses;

	struct config_texts files; /* that it was read from: the first, then those it includes */

	struct config_errors warnings; /* it works, but perhaps not as it is meant; owned */
};

void config_errors_free(struct config_errors *e);

/* A zone as it is said word by word. */
struct config_zone_words {
	const char *name;
	const char *const *forward;
	size_t forward_count;
	const char *interface; /* NULL: any */
};

/* What the command line says, and what was said since; it wins over the file. */
struct config_overrides {
	const char *const *listen; /* --listen */
	size_t listen_count;
	const char *const *forward; /* UPSTREAM... */
	size_t forward_count;
	/* Zones beside those of the file; one takes the place of the file's of its name.  CONFIG_ZONE_ADDED_MAX at most. */
	const struct config_zone_words *zones;
	size_t zone_count;
	/* A captive portal is open: its resolver, "udp://10.0.0.1:53"; NULL: none is.  And the number of the opening. */
	const char *portal;
	unsigned portal_number;
};

/*
 * Reads a configuration of len octets of text (NULL: no file, defaults and overrides only).
 * `file` is its name for messages; @include is looked up beside it.  Returns a configuration with
 * one reference (look at its warnings, too), or NULL with at least one complaint.  Errors of value and
 * cross-reference are all reported together; of syntax, the first.
 */
struct config *config_load(const char *text, size_t len, const char *file,
	const struct config_overrides *overrides, struct config_errors *errors);

struct config *config_ref(struct config *c);
void config_unref(struct config *c); /* NULL is fine */

/*
 * The effective configuration in its own syntax, as -T prints it: loading it again gives the same.
 */
void config_print(const struct config *c, FILE *out);

#endif
