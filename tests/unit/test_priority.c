/* Whatever a user writes: what is offered stays above the floor, and what can't be is said. */
#include "proxy/upstream/priority.h"

#include "tests/unit/cm.h"

#include <gnutls/gnutls.h>
#include <string.h>

/* ------------------------------------------------------------------ what is never offered */

static bool is_version_allowed(unsigned v)
{
	return v == GNUTLS_TLS1_3 || v == GNUTLS_TLS1_2 || v == GNUTLS_DTLS1_2;
}

static bool is_cipher_allowed(unsigned c)
{
	const char *name = gnutls_cipher_get_name(c);

	return strstr(name, "GCM") || strstr(name, "CCM") || strstr(name, "CHACHA20-POLY1305");
}

static bool is_kx_allowed(unsigned kx)
{
	return kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_ECDHE_ECDSA;
}

static bool is_mac_allowed(unsigned mac)
{
	return mac == GNUTLS_MAC_AEAD;
}

static bool is_signature_allowed(unsigned sign)
{
	const char *name = gnutls_sign_get_name(sign);

	return !strstr(name, "SHA1") && !strstr(name, "MD5");
}

static const struct {
	const char *name;
	int (*list)(gnutls_priority_t p, const unsigned **ret);
	bool (*is_allowed)(unsigned item);
} lists[] = {
	{ "versions", gnutls_priority_protocol_list, is_version_allowed },
	{ "ciphers", gnutls_priority_cipher_list, is_cipher_allowed },
	{ "key exchanges", gnutls_priority_kx_list, is_kx_allowed },
	{ "MACs", gnutls_priority_mac_list, is_mac_allowed },
	{ "signatures", gnutls_priority_sign_list, is_signature_allowed },
};

/* Key exchanges: TLS 1.2 asks for one, TLS 1.3 alone has none in its list. */
static void assert_above_the_floor(const char *wanted, gnutls_priority_t p)
{
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		const unsigned *items;
		int n = lists[i].list(p, &items);

		for (int k = 0; k < n; k++)
			if (!lists[i].is_allowed(items[k]))
				fail_msg("\"%s\": %s has %u", wanted, lists[i].name, items[k]);
	}
}

/* All suites that would stand in a ClientHello. */
static unsigned assert_suites(const char *wanted, gnutls_priority_t p)
{
	unsigned count = 0, index;

	for (unsigned i = 0;; i++) {
		unsigned char id[2];
		const char *name;
		int err = gnutls_priority_get_cipher_suite_index(p, i, &index);

		if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return count;
		if (err == GNUTLS_E_UNKNOWN_CIPHER_SUITE)
			continue;
		name = gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, NULL);
		expect(wanted, name != NULL);
		if (strstr(name, "CBC") || strstr(name, "NULL") || strstr(name, "ARCFOUR") ||
			(id[0] != 0x13 && !strstr(name, "_ECDHE_")))
			fail_msg("\"%s\" offers %s", wanted, name);
		count++;
	}
}

/* What a server sees: the priorities in a session, and a ClientHello that can be made of them. */
static void assert_makes_a_hello(const char *wanted, gnutls_priority_t p)
{
	gnutls_session_t s;

	assert_int_equal(gnutls_init(&s, GNUTLS_CLIENT), 0);
	expect_int(wanted, gnutls_priority_set(s, p), 0);
	gnutls_deinit(s);
}

static void assert_good(const char *wanted)
{
	char error[256] = "";
	gnutls_priority_t p = priority_new(wanted, false, error, sizeof error);

	if (!p)
		fail_msg("\"%s\": %s", wanted, error);
	assert_above_the_floor(wanted, p);
	expect(wanted, assert_suites(wanted, p) > 0);
	assert_makes_a_hello(wanted, p);
	gnutls_priority_deinit(p);
}

static const char *const good[] = {
	"",
	"NORMAL",
	"PERFORMANCE",
	"LEGACY",
	"PFS",
	"SECURE128",
	"SECURE192",
	"SECURE256",
	"SUITEB128",
	"NORMAL:-VERS-TLS1.3",
	"NORMAL:-VERS-ALL:+VERS-TLS1.3",
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:%PROFILE_HIGH",
	"LEGACY:+VERS-ALL:+CIPHER-ALL:+MAC-ALL:+KX-ALL:+SIGN-ALL:+GROUP-ALL",
	"NORMAL:+VERS-SSL3.0:+VERS-TLS1.0:+VERS-TLS1.1:+RSA:+ANON-ECDH:+NULL:+MD5:+SHA1",
	"NORMAL:%DUMBFW:%SERVER_PRECEDENCE",
	"NONE:+VERS-TLS1.2:+ECDHE-ECDSA:+AES-128-GCM:+AEAD:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1",
};

static void test_nothing_below_the_floor(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_good(good[i]);
}

/* ------------------------------------------------------------------ ours */

static void test_ours_in_order(void **state)
{
	static const gnutls_cipher_algorithm_t ciphers[] = { GNUTLS_CIPHER_AES_128_GCM,
		GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_AES_256_GCM };
	static const gnutls_protocol_t versions[] = { GNUTLS_TLS1_3, GNUTLS_TLS1_2 };
	char error[256];
	gnutls_priority_t p = priority_new("", true, error, sizeof error);
	const unsigned *list;

	(void)state;
	assert_non_null(p);
	assert_int_equal(gnutls_priority_cipher_list(p, &list), COUNT_OF(ciphers));
	for (size_t i = 0; i < COUNT_OF(ciphers); i++)
		assert_int_equal(list[i], ciphers[i]);
	assert_int_equal(gnutls_priority_protocol_list(p, &list), COUNT_OF(versions));
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		assert_int_equal(list[i], versions[i]);
	assert_true(gnutls_priority_group_list(p, &list) > 0);
	assert_int_equal(list[0], GNUTLS_GROUP_X25519);
	gnutls_priority_deinit(p);
}

/* A user's own choice is what is offered: nothing of ours is put in. */
static void test_a_choice_is_kept(void **state)
{
	char error[256];
	gnutls_priority_t p =
		priority_new("SECURE192:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM", false,
			error, sizeof error);
	const unsigned *list;

	(void)state;
	assert_non_null(p);
	assert_int_equal(gnutls_priority_protocol_list(p, &list), 1);
	assert_int_equal(list[0], GNUTLS_TLS1_3);
	assert_int_equal(gnutls_priority_cipher_list(p, &list), 1);
	assert_int_equal(list[0], GNUTLS_CIPHER_AES_256_GCM);
	gnutls_priority_deinit(p);
}

/* ------------------------------------------------------------------ refused */

static const struct {
	const char *wanted, *says;
} bad[] = {
	/* the place */
	{ "NORMAL:+NONSENSE:+AES-128-GCM", "does not understand it from \"+NONSENSE" },
	{ "NORMALITY", "does not understand it from \"NORMALITY" },
	{ "NORMAL:", "does not understand it from \":\"" },
	{ "NORMAL::+AES-128-GCM", "does not understand it from \":+AES" },
	{ "NORMAL:%NONSENSE", "does not understand it from \"%NONSENSE" },
	/* what would take a check away, in any case of letters */
	{ "NORMAL:%UNSAFE_RENEGOTIATION", "\"%UNSAFE_RENEGOTIATION\" would weaken" },
	{ "NORMAL:%PARTIAL_RENEGOTIATION", "\"%PARTIAL_RENEGOTIATION\" would weaken" },
	{ "NORMAL:%DISABLE_SAFE_RENEGOTIATION", "\"%DISABLE_SAFE_RENEGOTIATION\" would weaken" },
	{ "NORMAL:%NO_SESSION_HASH", "\"%NO_SESSION_HASH\" would weaken" },
	{ "NORMAL:%NO_EXTENSIONS", "\"%NO_EXTENSIONS\" would weaken" },
	{ "NORMAL:%VERIFY_ALLOW_SIGN_WITH_SHA1", "\"%VERIFY_ALLOW_\" would weaken" },
	{ "NORMAL:%VERIFY_ALLOW_BROKEN", "\"%VERIFY_ALLOW_\" would weaken" },
	{ "NORMAL:%VERIFY_DISABLE_CRL_CHECKS", "\"%VERIFY_DISABLE_\" would weaken" },
	{ "NORMAL:%PROFILE_LOW", "\"%PROFILE_LOW\" would weaken" },
	{ "NORMAL:%PROFILE_LEGACY", "\"%PROFILE_LEGACY\" would weaken" },
	{ "NORMAL:%COMPAT", "\"%COMPAT\" would weaken" },
	{ "NORMAL:%NO_STATUS_REQUEST", "\"%NO_STATUS_REQUEST\" would weaken" },
	{ "NORMAL:%PROFILE_VERY_WEAK", "\"%PROFILE_VERY_WEAK\" would weaken" },
	{ "NORMAL:%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS", "\"%DEBUG_ALLOW_\" would weaken" },
	{ "NORMAL:%ALLOW_SMALL_RECORDS", "\"%ALLOW_\" would weaken" },
	{ "NORMAL:%profile_low", "would weaken" },
	/* nothing left */
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.1", "it leaves no " },
	{ "NORMAL:-VERS-ALL:+VERS-DTLS1.0", "it leaves no " },
	{ "NORMAL:-CIPHER-ALL:+AES-128-CBC", "it leaves no " },
	{ "NORMAL:-CIPHER-ALL:+NULL", "it leaves no " },
	{ "NORMAL:-VERS-TLS1.3:-KX-ALL:+RSA", "it leaves no " },
	{ "NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH", "it leaves no " },
	{ "NORMAL:-GROUP-ALL", "it leaves no " },
	{ "NORMAL:-SIGN-ALL", "it leaves no " },
	{ "NORMAL:-SIGN-ALL:+SIGN-RSA-SHA1", "it leaves no " },
	{ "NONE", "it leaves no " },
	{ "+AES-128-GCM", "it leaves no " },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char error[256] = "";
		gnutls_priority_t p = priority_new(bad[i].wanted, true, error, sizeof error);

		expect(bad[i].wanted, !p);
		if (!strstr(error, bad[i].says) || !strstr(error, "\"tls-priority\""))
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad[i].wanted, error,
				bad[i].says);
	}
}

/* However long the text and small the room: it ends with a NUL. */
static void test_long_texts(void **state)
{
	char wanted[4096], error[32];

	(void)state;
	memset(wanted, 'x', sizeof wanted);
	memcpy(wanted, "NORMAL:+", 8);
	wanted[sizeof wanted - 1] = '\0';
	memset(error, 'y', sizeof error);
	assert_null(priority_new(wanted, false, error, sizeof error));
	assert_non_null(memchr(error, '\0', sizeof error));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_below_the_floor),
		cmocka_unit_test(test_ours_in_order),
		cmocka_unit_test(test_a_choice_is_kept),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
