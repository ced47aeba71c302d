/* Files of other programs, whole, cut at every octet and with octets exchanged: nothing of it may crash. */
#include "proxy/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cm.h"

static const char stubby[] = "tls_authentication: GETDNS_AUTHENTICATION_NONE\n"
			     "tls_query_padding_blocksize: 256\n"
			     "timeout: 5000\n"
			     "listen_addresses: [ 127.0.0.1@53, ::1 ]\n"
			     "upstream_recursive_servers:\n"
			     "  - address_data: 192.0.2.1\n"
			     "    tls_auth_name: &n \"a.test\"\n"
			     "    tls_pubkey_pinset:\n"
			     "      - digest: \"sha256\"\n"
			     "        value: AAAA\n"
			     "  - { address_data: 2001:db8::1, tls_auth_name: *n, tls_port: 8853 }\n";
static const char resolved[] = "[Resolve]\nDNS=9.9.9.9#dns.quad9.net [2001:db8::1]:853%eth0#a\n"
			       "FallbackDNS=1.1.1.1\nDomains=lan ~.\nDNSOverTLS=opportunistic\n"
			       "Cache=no\nStaleRetentionSec=1h\n";
static const char unbound[] = "server: interface: 127.0.0.1@5300\n access-control: ::1/128 allow\n"
			      " msg-cache-size: 4m\n local-data: \"a.lan A 192.0.2.1\"\n"
			      "forward-zone:\n name: \".\"\n forward-tls-upstream: yes\n"
			      " forward-addr: 9.9.9.9@853#dns.quad9.net\n"
			      "stub-zone:\n name: 'b.test'\n stub-addr: ::1@53\n";

static const struct {
	enum import_kind kind;
	const char *text;
} files[] = { { IMPORT_STUBBY, stubby }, { IMPORT_RESOLVED, resolved }, { IMPORT_UNBOUND, unbound } };

/* The configuration that it makes is the caller's. */
static char *import(enum import_kind kind, const char *text, size_t *ret_notes)
{
	struct draft d = { .file = "file" };
	char error[256] = "", *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	if (kind == IMPORT_STUBBY)
		import_stubby(&d, text, strlen(text), error, sizeof error);
	else if (kind == IMPORT_RESOLVED)
		import_resolved(&d, text);
	else
		import_unbound(&d, text);
	draft_print(&d, "file", NULL, 0, f);
	fclose(f);
	*ret_notes = d.notes.count;
	assert_false(d.no_memory);
	draft_free(&d);
	return out;
}

/* Whether it loads is not asked: what it says was cut off, too. */
static void load(const char *text)
{
	const struct config_overrides none = { 0 };
	struct config_errors errors = { 0 };

	config_unref(config_load(text, strlen(text), "made", &none, &errors));
	config_errors_free(&errors);
}

static void check(enum import_kind kind, const char *text)
{
	size_t notes;
	char *out = import(kind, text, &notes);

	load(out);
	free(out);
}

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		for (size_t len = 0; len <= strlen(files[i].text); len++) {
			char *text = strndup(files[i].text, len);

			check(files[i].kind, text);
			free(text);
		}
}

static void test_exchanged(void **state)
{
	static const char octets[] = "\n\t \"'#:=[]{}*&@%/\\\x01\xff-.0a";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		for (size_t at = 0; at < strlen(files[i].text); at++) {
			char *text = strdup(files[i].text);

			text[at] = octets[at % (sizeof octets - 1)];
			check(files[i].kind, text);
			free(text);
		}
}

/* Whatever is written there stays a text of ours: nothing in it becomes a setting. */
static void test_quotes(void **state)
{
	static const char text[] = "server:\n tls-cert-bundle: '/x\"; port = 1; y = \"\\'\n"
				   "forward-zone:\n name: \".\"\n forward-tls-upstream: yes\n"
				   " forward-addr: 9.9.9.9#dns.quad9.net\n";
	struct config_errors errors = { 0 };
	const struct config_overrides none = { 0 };
	size_t notes;
	char *out = import(IMPORT_UNBOUND, text, &notes);
	struct config *c = config_load(out, strlen(out), "made", &none, &errors);

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->port, 53);
	assert_string_equal(c->tls_cert_bundle, "/x\"; port = 1; y = \"\\");
	config_unref(c);
	config_errors_free(&errors);
	free(out);
}

static void test_bounds(void **state)
{
	char *text = NULL;
	size_t len, notes;
	FILE *f = open_memstream(&text, &len);
	char *out;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, "forward-zone:\n name: \"z%u.test\"\n forward-addr: 10.0.0.%u\n", i, i);
	fprintf(f, "forward-zone:\n name: \".\"\n forward-tls-upstream: yes\n");
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, " forward-addr: 192.0.2.%u#n%u.test\n", i, i);
	fclose(f);
	out = import(IMPORT_UNBOUND, text, &notes);
	assert_true(notes >= CONFIG_ERRORS_MAX);
	load(out);
	free(out);
	free(text);
}

static void test_guess(void **state)
{
	static const struct {
		const char *name, *text;
		enum import_kind kind;
	} rows[] = {
		{ "x", stubby, IMPORT_STUBBY },
		{ "x", resolved, IMPORT_RESOLVED },
		{ "x", unbound, IMPORT_UNBOUND },
		{ "/etc/stubby/stubby.yml", "", IMPORT_STUBBY },
		{ "/etc/systemd/resolved.conf", "#", IMPORT_RESOLVED },
		{ "/etc/unbound/unbound.conf", "", IMPORT_UNBOUND },
		{ "/etc/unbound/other.conf", "", IMPORT_UNKNOWN },
		{ "x", "", IMPORT_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].name, import_kind_guess(rows[i].name, rows[i].text),
			rows[i].kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
