/* Loading of configurations in tests: what is taken, what is refused and why, what two have in common. */
#ifndef TESTS_UNIT_CONFIG_CASE_H
#define TESTS_UNIT_CONFIG_CASE_H

#include "common/config/config.h"
#include "tests/unit/cm.h"

#include <stdlib.h>
#include <string.h>

#define FORWARD "forward = [ \"9.9.9.9\" ]\n"

/* The SHA-256 of "a" and "b". */
#define PIN  "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="
#define PIN2 "PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0="

static struct config_errors errors;

static inline struct config *load_with(const char *text, const struct config_overrides *overrides)
{
	struct config *c;

	config_errors_free(&errors);
	c = config_load(text, text ? strlen(text) : 0, "dnsfwd.conf", overrides, &errors);
	/* Either a configuration or a reason. */
	expect(text ? text : "(none)", (c != NULL) == (errors.count == 0));
	return c;
}

static inline struct config *load(const char *text)
{
	return load_with(text, NULL);
}

static inline struct config *load_good(const char *text)
{
	struct config *c = load(text);

	if (!c)
		fail_msg("%s\nwas refused: %s", text, errors.text[0]);
	return c;
}

/* The text is refused for exactly one reason. */
static inline void check_refused(const char *text, const char *wanted)
{
	struct config *c = load(text);

	if (c)
		fail_msg("%s\nwas accepted", text);
	if (!strstr(errors.text[0], wanted))
		fail_msg("%s\nwas refused with: %s\nnot: %s", text, errors.text[0], wanted);
	expect_int(text, errors.count, 1);
	config_errors_free(&errors);
}

static inline int teardown(void **state)
{
	(void)state;
	config_errors_free(&errors);
	return 0;
}

/* Everything that the rest of the program can see. */
static inline void check_same_upstream(const struct config_upstream *a, const struct config_upstream *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->address_count, b->address_count);
	for (size_t i = 0; i < a->address_count; i++) {
		assert_true(addr_equal(&a->address[i], &b->address[i]));
		assert_int_equal(a->port, addr_port(&a->address[i]));
	}
	assert_int_equal(a->port, b->port);
	assert_int_equal(!a->auth_name, !b->auth_name);
	if (a->auth_name)
		assert_string_equal(a->auth_name, b->auth_name);
	assert_int_equal(a->profile, b->profile);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->pin_count, b->pin_count);
	for (size_t i = 0; i < a->pin_count; i++)
		assert_memory_equal(a->pins[i], b->pins[i], CONFIG_PIN_OCTETS);
	assert_string_equal(a->tls_cert_bundle, b->tls_cert_bundle);
	assert_int_equal(a->session_tickets, b->session_tickets);
	assert_int_equal(a->cookies, b->cookies);
	assert_int_equal(a->pad_block, b->pad_block);
	assert_int_equal(a->connections, b->connections);
	assert_int_equal(a->max_inflight, b->max_inflight);
	assert_int_equal(!a->host, !b->host);
	if (a->host)
		assert_string_equal(a->host, b->host);
	assert_int_equal(a->filter, b->filter);
	assert_int_equal(a->long_form, b->long_form);
}

static inline void check_same_texts(const struct config_texts *a, const struct config_texts *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->text[i], b->text[i]);
}

static inline void check_same_local(const struct config *a, const struct config *b)
{
	assert_int_equal(a->max_queries_per_client, b->max_queries_per_client);
	assert_int_equal(a->rate_limit, b->rate_limit);
	check_same_texts(&a->hosts, &b->hosts);
	check_same_texts(&a->record, &b->record);
	assert_string_equal(a->lease_file, b->lease_file);
	assert_int_equal(!a->local_domain, !b->local_domain);
	if (a->local_domain)
		assert_string_equal(a->local_domain, b->local_domain);
	assert_int_equal(a->special_names, b->special_names);
	check_same_texts(&a->special_except, &b->special_except);
	assert_int_equal(a->firefox_may_bypass, b->firefox_may_bypass);
	assert_int_equal(a->private_relay_may_bypass, b->private_relay_may_bypass);
	check_same_texts(&a->block, &b->block);
	assert_int_equal(a->block_answer, b->block_answer);
	check_same_texts(&a->block_except, &b->block_except);
	assert_int_equal(a->private_address_count, b->private_address_count);
	for (size_t i = 0; i < a->private_address_count; i++)
		assert_memory_equal(
			&a->private_address[i], &b->private_address[i], sizeof a->private_address[i]);
	check_same_texts(&a->private_except, &b->private_except);
	assert_string_equal(a->dns64, b->dns64);
}

/* An upstream that nobody names is warned of where it is written; it is not part of what is printed. */
static inline size_t lasting_warnings(const struct config *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->warnings.count; i++)
		count += !strstr(c->warnings.text[i], "named by neither forward nor a zone");
	return count;
}

static inline void check_same(const struct config *a, const struct config *b)
{
	assert_int_equal(a->listen_count, b->listen_count);
	for (size_t i = 0; i < a->listen_count; i++) {
		assert_true(addr_equal(&a->listen[i].addr, &b->listen[i].addr));
		assert_int_equal(a->listen[i].is_default, b->listen[i].is_default);
	}
	assert_int_equal(a->allow_count, b->allow_count);
	for (size_t i = 0; i < a->allow_count; i++)
		assert_memory_equal(&a->allow[i], &b->allow[i], sizeof a->allow[i]);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->workers, b->workers);
	assert_int_equal(a->forward_count, b->forward_count);
	for (size_t i = 0; i < a->forward_count; i++)
		check_same_upstream(&a->forward[i], &b->forward[i]);
	assert_int_equal(a->upstream_count, b->upstream_count);
	for (size_t i = a->forward_count; i < a->upstream_count; i++)
		check_same_upstream(&a->forward[i], &b->forward[i]);
	assert_int_equal(a->zone_count, b->zone_count);
	for (size_t i = 0; i < a->zone_count; i++) {
		assert_string_equal(a->zone[i].name, b->zone[i].name);
		assert_string_equal(a->zone[i].interface, b->zone[i].interface);
		assert_int_equal(a->zone[i].policy, b->zone[i].policy);
		assert_int_equal(a->zone[i].first, b->zone[i].first);
		assert_int_equal(a->zone[i].count, b->zone[i].count);
	}
	assert_int_equal(a->insecure_plain, b->insecure_plain);
	assert_int_equal(a->insecure_dtls_library, b->insecure_dtls_library);
	assert_int_equal(a->policy, b->policy);
	assert_int_equal(a->bootstrap_count, b->bootstrap_count);
	for (size_t i = 0; i < a->bootstrap_count; i++)
		assert_true(addr_equal(&a->bootstrap[i], &b->bootstrap[i]));
	assert_string_equal(a->state_dir, b->state_dir);
	assert_string_equal(a->user, b->user);
	assert_int_equal(a->sandbox, b->sandbox);
	assert_int_equal(a->query_timeout_us, b->query_timeout_us);
	assert_int_equal(a->max_queries, b->max_queries);
	assert_int_equal(a->tcp_clients, b->tcp_clients);
	assert_int_equal(a->tcp_idle_timeout_us, b->tcp_idle_timeout_us);
	assert_int_equal(a->edns_size, b->edns_size);
	assert_int_equal(a->answer_cookies, b->answer_cookies);
	assert_int_equal(a->require_cookies, b->require_cookies);
	assert_string_equal(a->cookie_secret_file, b->cookie_secret_file);
	assert_int_equal(a->cache_size, b->cache_size);
	assert_int_equal(a->cache_min_ttl_us, b->cache_min_ttl_us);
	assert_int_equal(a->cache_max_ttl_us, b->cache_max_ttl_us);
	assert_int_equal(a->serve_stale_us, b->serve_stale_us);
	assert_int_equal(a->prefetch, b->prefetch);
	assert_string_equal(a->cache_snapshot, b->cache_snapshot);
	assert_string_equal(a->tls_cert_bundle, b->tls_cert_bundle);
	assert_string_equal(a->tls_priority, b->tls_priority);
	assert_string_equal(a->log_level, b->log_level);
	assert_int_equal(a->log_queries, b->log_queries);
	assert_string_equal(a->log_file, b->log_file);
	assert_int_equal(a->syslog, b->syslog);
	check_same_local(a, b);
	assert_int_equal(lasting_warnings(a), lasting_warnings(b));
}

static inline char *printed(const struct config *c)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	config_print(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What is wrong with addresses. */
#define NEEDS_INTERFACE "a link-local address needs the interface that it is reached by, like \"fe80::1%eth0\""
#define NO_INTERFACE	"behind % stands an interface that this machine has"
#define NOBODY		"no server has such an address: it is multicast, broadcast or unspecified"

/* Printed, it has this line. */
static inline bool prints(const struct config *c, const char *line)
{
	char *text = printed(c);
	bool found = strstr(text, line) != NULL;

	free(text);
	return found;
}

#endif
