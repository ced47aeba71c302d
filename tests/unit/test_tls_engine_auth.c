/* Who is taken for the server that was configured, and what is said of all others (threats A60, A64). */
#include "proxy/upstream/verify_chain.h"
#include "tests/unit/dtls_case.h"

/* Certificates that only this file needs. */
static struct identity other_ca, other_leaf, wrong_name, cn_only, cn_right, address_as_name,
	expired, early, client_only, no_names, sha1, staple, false_ca, below_false_ca, tight_ca,
	below_tight_ca, below_both, narrow_ca, outside, inside, self_signed, wildcard, old_ca,
	below_old_ca;

static void make_leaf(
	struct identity *id, const char *dns, const char *cn, const struct identity *issuer)
{
	identity_make(id, &(struct identity_form){ .dns = dns, .cn = cn }, issuer);
}

static void make_odd_leaves(void)
{
	time_t now = time(NULL);
	struct identity_form f = { .dns = "resolver.test" };

	make_leaf(&wrong_name, "other.test", NULL, &ca);
	make_leaf(&cn_only, NULL, "resolver.test", &ca);
	make_leaf(&cn_right, "other.test", "resolver.test", &ca);
	make_leaf(&address_as_name, "192.0.2.1", NULL, &ca);
	make_leaf(&wildcard, "*.test", NULL, &ca);
	make_leaf(&no_names, NULL, NULL, &ca);
	f.from = now - 3 * PEER_DAY;
	f.until = now - PEER_DAY;
	identity_make(&expired, &f, &ca);
	f.from = now + PEER_DAY;
	f.until = now + 3 * PEER_DAY;
	identity_make(&early, &f, &ca);
	f = (struct identity_form){ .dns = "resolver.test", .purpose = GNUTLS_KP_TLS_WWW_CLIENT };
	identity_make(&client_only, &f, &ca);
	f = (struct identity_form){ .dns = "resolver.test", .weak = true };
	identity_make(&sha1, &f, &ca);
	f = (struct identity_form){ .dns = "resolver.test", .must_staple = true };
	identity_make(&staple, &f, &ca);
}

static void make_odd_authorities(void)
{
	time_t now = time(NULL);
	struct identity_form f = { .cn = "other CA", .ca = true };

	identity_make(&other_ca, &f, NULL);
	make_leaf(&other_leaf, "resolver.test", NULL, &other_ca);
	make_leaf(&self_signed, "resolver.test", NULL, NULL);
	make_leaf(&false_ca, "resolver.test", "no CA", &ca);
	make_leaf(&below_false_ca, "resolver.test", NULL, &false_ca);
	f = (struct identity_form){ .cn = "tight CA", .ca = true, .path_len = 1 };
	identity_make(&tight_ca, &f, &ca);
	f = (struct identity_form){ .cn = "one too many", .ca = true };
	identity_make(&below_tight_ca, &f, &tight_ca);
	make_leaf(&below_both, "resolver.test", NULL, &below_tight_ca);
	f = (struct identity_form){ .cn = "narrow CA", .ca = true, .permitted = "inside.test" };
	identity_make(&narrow_ca, &f, &ca);
	make_leaf(&outside, "resolver.test", NULL, &narrow_ca);
	make_leaf(&inside, "resolver.inside.test", NULL, &narrow_ca);
	f = (struct identity_form){ .cn = "old CA", .ca = true, .from = now - 3 * PEER_DAY };
	f.until = now - PEER_DAY;
	identity_make(&old_ca, &f, &ca);
	make_leaf(&below_old_ca, "resolver.test", NULL, &old_ca);
}

static struct identity *const made_here[] = { &other_ca, &other_leaf, &wrong_name, &cn_only,
	&cn_right, &address_as_name, &expired, &early, &client_only, &no_names, &sha1, &staple,
	&false_ca, &below_false_ca, &tight_ca, &below_tight_ca, &below_both, &narrow_ca, &outside,
	&inside, &self_signed, &wildcard, &old_ca, &below_old_ca };

static int make_all(void **state)
{
	if (make_identities(state) != 0)
		return -1;
	make_odd_leaves();
	make_odd_authorities();
	return 0;
}

static int free_all(void **state)
{
	for (size_t i = 0; i < COUNT_OF(made_here); i++)
		identity_free(made_here[i]);
	return free_identities(state);
}

/* ------------------------------------------------------------------ the table */

static const struct {
	const char *title;
	const struct identity *chain[5];
	struct policy_form policy;
	const char *refused; /* part of the reason; NULL: authenticated */
	const char *addr;
} rows[] = {
	{ "name", { &leaf }, { .auth_name = "resolver.test" }, NULL, NULL },
	{ "name in other case", { &leaf }, { .auth_name = "Resolver.TEST" }, NULL, NULL },
	{ "name, whole chain", { &leaf_below, &between, &ca }, { .auth_name = "resolver.test" },
		NULL, NULL },
	{ "chain in disorder", { &leaf_below, &ca, &between }, { .auth_name = "resolver.test" },
		NULL, NULL },
	{ "wildcard", { &wildcard }, { .auth_name = "resolver.test" }, NULL, NULL },
	{ "wildcard too deep", { &wildcard }, { .auth_name = "a.resolver.test" },
		"it is for *.test, expected a.resolver.test", NULL },
	{ "address", { &leaf }, { 0 }, NULL, NULL },
	{ "another address", { &leaf }, { 0 },
		"it is for resolver.test, 192.0.2.1, expected 192.0.2.2", "192.0.2.2" },
	{ "address of the other family", { &leaf }, { 0 }, "expected ::ffff:192.0.2.1",
		"::ffff:192.0.2.1" },
	{ "address as a DNS name", { &address_as_name }, { 0 },
		"it is for 192.0.2.1, expected 192.0.2.1", NULL },
	{ "permitted by the issuer", { &inside, &narrow_ca },
		{ .auth_name = "resolver.inside.test" }, NULL, NULL },

	{ "wrong name", { &wrong_name }, { .auth_name = "resolver.test" },
		"certificate refused: it is for other.test, expected resolver.test", NULL },
	{ "name wrong, address right", { &leaf }, { .auth_name = "other.test" },
		"it is for resolver.test, 192.0.2.1, expected other.test", NULL },
	{ "CN only", { &cn_only }, { .auth_name = "resolver.test" },
		"it is for no name at all, expected resolver.test", NULL },
	{ "CN right, name wrong", { &cn_right }, { .auth_name = "resolver.test" },
		"it is for other.test", NULL },
	{ "no names", { &no_names }, { 0 }, "it is for no name at all", NULL },
	{ "expired", { &expired }, { .auth_name = "resolver.test" }, "refused: expired on ", NULL },
	{ "not yet valid", { &early }, { .auth_name = "resolver.test" },
		"refused: not valid before ", NULL },
	{ "expired issuer", { &below_old_ca, &old_ca }, { .auth_name = "resolver.test" },
		"an issuer's certificate expired on ", NULL },
	{ "other CA", { &other_leaf }, { .auth_name = "resolver.test" },
		"unknown issuer \"CN=other CA\"", NULL },
	{ "other CA, sent along", { &other_leaf, &other_ca }, { .auth_name = "resolver.test" },
		"unknown issuer \"CN=other CA\" (self-signed)", NULL },
	{ "our CA sent along with another's leaf", { &other_leaf, &ca },
		{ .auth_name = "resolver.test" }, "unknown issuer \"CN=other CA\"", NULL },
	{ "self-signed", { &self_signed }, { .auth_name = "resolver.test" },
		"unknown issuer \"CN=test\" (self-signed)", NULL },
	{ "issuer missing", { &leaf_below }, { .auth_name = "resolver.test" },
		"unknown issuer \"CN=between\"", NULL },
	{ "issuer is no CA", { &below_false_ca, &false_ca }, { .auth_name = "resolver.test" },
		"its issuer is not a CA", NULL },
	{ "path too long", { &below_both, &below_tight_ca, &tight_ca },
		{ .auth_name = "resolver.test" }, "outside the constraints of an issuer", NULL },
	{ "outside what the issuer may name", { &outside, &narrow_ca },
		{ .auth_name = "resolver.test" }, "outside the constraints of an issuer", NULL },
	{ "for clients only", { &client_only }, { .auth_name = "resolver.test" },
		"not for servers (extended key usage)", NULL },
	{ "SHA-1", { &sha1 }, { .auth_name = "resolver.test" }, "weak: ", NULL },
	{ "OCSP response missing", { &staple }, { .auth_name = "resolver.test" },
		"no OCSP response, which the certificate demands", NULL },

	{ "name, leaf pinned", { &leaf }, { .auth_name = "resolver.test", .pinned = { &leaf } },
		NULL, NULL },
	{ "name, one of two pins", { &leaf },
		{ .auth_name = "resolver.test", .pinned = { &other_leaf, &leaf } }, NULL, NULL },
	{ "name, issuer pinned", { &leaf_below, &between },
		{ .auth_name = "resolver.test", .pinned = { &between } }, NULL, NULL },
	{ "name, root pinned and sent", { &leaf_below, &between, &ca },
		{ .auth_name = "resolver.test", .pinned = { &ca } }, NULL, NULL },
	{ "name, root pinned and not sent", { &leaf_below, &between },
		{ .auth_name = "resolver.test", .pinned = { &ca } }, NULL, NULL },
	{ "name, another pin", { &leaf },
		{ .auth_name = "resolver.test", .pinned = { &other_leaf } },
		"pin mismatch: the server's key is ", NULL },
	{ "name, two other pins", { &leaf_below, &between },
		{ .auth_name = "resolver.test", .pinned = { &other_leaf, &other_ca } },
		"expected one of the 2 of pin-sha256", NULL },
	{ "unrelated pinned certificate sent along", { &leaf, &other_ca },
		{ .auth_name = "resolver.test", .pinned = { &other_ca } },
		"certificate refused: ", NULL },
	{ "unrelated pinned leaf sent along", { &leaf, &other_leaf },
		{ .auth_name = "resolver.test", .pinned = { &other_leaf } },
		"certificate refused: ", NULL },
	{ "pin right, name wrong", { &wrong_name },
		{ .auth_name = "resolver.test", .pinned = { &wrong_name } }, "it is for other.test",
		NULL },
	{ "pin right, expired", { &expired },
		{ .auth_name = "resolver.test", .pinned = { &expired } }, "expired on ", NULL },
	{ "pin right, other CA", { &other_leaf },
		{ .auth_name = "resolver.test", .pinned = { &other_leaf } }, "unknown issuer",
		NULL },

	{ "pin alone", { &other_leaf }, { .pinned = { &other_leaf } }, NULL, NULL },
	{ "pin alone, self-signed", { &self_signed }, { .pinned = { &self_signed } }, NULL, NULL },
	{ "pin alone, whatever the name", { &wrong_name }, { .pinned = { &wrong_name } }, NULL,
		NULL },
	{ "pin alone, of the issuer", { &other_leaf, &other_ca }, { .pinned = { &other_ca } }, NULL,
		NULL },
	{ "pin alone, of the one between", { &leaf_below, &between }, { .pinned = { &between } },
		NULL, NULL },
	{ "pin alone, of another", { &leaf }, { .pinned = { &other_leaf } },
		"pin mismatch: the server's key is ", NULL },
	{ "pin alone, issuer not sent", { &other_leaf }, { .pinned = { &other_ca } },
		"pin mismatch: ", NULL },
	{ "pin alone, unrelated one sent along", { &leaf, &other_leaf },
		{ .pinned = { &other_leaf } }, "certificate refused: ", NULL },
	{ "pin alone, unrelated CA sent along", { &leaf, &other_ca }, { .pinned = { &other_ca } },
		"certificate refused: ", NULL },
	{ "pin alone, expired", { &expired }, { .pinned = { &expired } }, "expired on ", NULL },
	{ "pin alone, not yet valid", { &early }, { .pinned = { &early } }, "not valid before ",
		NULL },
	{ "pin alone, for clients only", { &client_only }, { .pinned = { &client_only } },
		"not for servers", NULL },
	{ "pin alone, of an issuer that is no CA", { &below_false_ca, &false_ca },
		{ .pinned = { &false_ca } }, "its issuer is not a CA", NULL },
};

static void open_row(struct link *l, size_t i, const char *priority, bool opportunistic)
{
	struct policy_form policy = rows[i].policy;
	struct peer_form peer = { .priority = priority };

	memcpy(peer.chain, rows[i].chain, sizeof rows[i].chain);
	policy.opportunistic = opportunistic;
	link_open_at(l, &policy, &peer, NULL, rows[i].addr ? rows[i].addr : LINK_ADDR);
}

static void expect_says(const char *title, const char *text, const char *says)
{
	if (!strstr(text, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", title, text, says);
}

static void check_strict(size_t i, const char *priority)
{
	const char *title = rows[i].title;
	struct link l;
	enum tls_progress progress;

	open_row(&l, i, priority, false);
	progress = link_shake_all(&l);
	if (!rows[i].refused) {
		if (progress != TLS_PROGRESS_DONE)
			fail_msg("%s: %s", title, l.end.text);
		expect(title, l.engine.verdict.authenticated && l.engine.judged);
		expect(title, !l.engine.reason[0]);
	} else {
		expect_int(title, progress, TLS_PROGRESS_END);
		expect_int(title, l.end.stage, STAGE_AUTH);
		expect_int(title, l.end.fault, FAULT_PROTOCOL);
		expect_says(title, l.end.text, rows[i].refused);
		expect(title, !l.engine.ready && !l.engine.verdict.authenticated);
		expect(title, !l.peer.ready); /* it got an alert, not a Finished */
	}
	link_close(&l);
}

/* Who is judged over DTLS is judged by the same code; here it is seen to be called. */
static void check_dtls(size_t i, bool opportunistic)
{
	const char *title = rows[i].title;
	struct policy_form policy = rows[i].policy;
	struct peer_form peer = { 0 };
	struct dlink l;

	memcpy(peer.chain, rows[i].chain, sizeof rows[i].chain);
	policy.opportunistic = opportunistic;
	dlink_open_at(&l, &policy, &peer, NULL, true, rows[i].addr ? rows[i].addr : LINK_ADDR);
	dlink_shake(&l, 0);
	if (!rows[i].refused || opportunistic) {
		expect_int(title, l.progress, TLS_PROGRESS_DONE);
		expect(title, l.engine.tls.judged && l.peer.tls.ready);
		expect_int(title, l.engine.tls.verdict.authenticated, !rows[i].refused);
	} else {
		expect_int(title, l.progress, TLS_PROGRESS_END);
		expect_int(title, l.end.stage, STAGE_AUTH);
		expect_int(title, l.end.fault, FAULT_PROTOCOL);
		expect_says(title, l.end.text, rows[i].refused);
		expect(title, !l.engine.tls.ready && !l.peer.tls.ready);
	}
	dlink_close(&l);
}

static void test_dtls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_dtls(i, false);
		check_dtls(i, true);
	}
}

static void test_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(both); k++)
			check_strict(i, both[k]);
}

/* Encrypted all the same, but known for what it is. */
static void test_opportunistic(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *title = rows[i].title;
		struct link l;

		open_row(&l, i, both[i % COUNT_OF(both)], true);
		expect_int(title, link_shake_all(&l), TLS_PROGRESS_DONE);
		expect(title, l.engine.judged && l.peer.ready);
		expect_int(title, l.engine.verdict.authenticated, !rows[i].refused);
		if (rows[i].refused)
			expect_says(title, l.engine.reason, rows[i].refused);
		else
			expect(title, !l.engine.reason[0]);
		link_close(&l);
	}
}

/* ------------------------------------------------------------------ more of it */

/* Its certificate is right, its key is not: that is no matter of opinion. */
static void test_foreign_key(void **state)
{
	struct policy_form policy = { .auth_name = "resolver.test" };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(both); i++) {
		struct peer_form peer = {
			.priority = both[i / 2], .chain = { &leaf }, .foreign_key = true
		};
		struct link l;

		policy.opportunistic = i % 2;
		link_open(&l, &policy, &peer);
		assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
		assert_false(l.engine.ready);
		link_close(&l);
	}
}

static void test_chain_too_large(void **state)
{
	struct policy_form policy = { .auth_name = "resolver.test" };
	struct peer_form peer = { .chain = { &leaf } };
	struct link l;

	(void)state;
	for (unsigned i = 1; i < CHAIN_MAX + 1; i++)
		peer.chain[i] = &between;
	link_open(&l, &policy, &peer);
	assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
	expect_says("too large", l.end.text, "is too large");
	assert_int_equal(l.end.stage, STAGE_AUTH);
	link_close(&l);
}

/* Octets beyond the bound of a handshake message: ended before anybody reads them. */
static void test_message_too_large(void **state)
{
	struct policy_form policy = { .auth_name = "resolver.test", .opportunistic = true };
	struct peer_form peer = { 0 };
	struct identity fat;
	struct link l;

	(void)state;
	identity_make(&fat,
		&(struct identity_form){ .dns = "resolver.test", .bulk = TLS_HANDSHAKE_MAX / 4 },
		&ca);
	for (unsigned fits = 2; fits-- > 0;) {
		memset(&peer, 0, sizeof peer);
		for (unsigned i = 0; i < (fits ? 3 : 4); i++)
			peer.chain[i] = &fat;
		link_open(&l, &policy, &peer);
		assert_int_equal(link_shake_all(&l), fits ? TLS_PROGRESS_DONE : TLS_PROGRESS_END);
		if (!fits)
			assert_int_equal(l.end.stage, STAGE_TLS);
		link_close(&l);
	}
	identity_free(&fat);
}

/* Ours to mend, so it never counts against the server. */
static void test_trust_store_lost(void **state)
{
	struct config_upstream u = { .profile = PROFILE_STRICT, .auth_name = "resolver.test" };
	struct trust *missing = trust_new("/nonexistent/bundle.pem");
	struct tls_policy *begun_with; /* the session has its parameters from it */
	char error[256];
	struct link l;

	(void)state;
	link_open(&l, &(struct policy_form){ .auth_name = "resolver.test" },
		&(struct peer_form){ .chain = { &leaf } });
	begun_with = l.policy.policy;
	l.policy.policy = tls_policy_new(&u, "", missing, error, sizeof error);
	assert_non_null(l.policy.policy);
	l.engine.policy = l.policy.policy;
	assert_int_equal(link_shake_all(&l), TLS_PROGRESS_END);
	assert_int_equal(l.end.stage, STAGE_AUTH);
	assert_int_equal(l.end.fault, FAULT_LOCAL);
	expect_says("lost", l.end.text, "/nonexistent/bundle.pem");
	link_close(&l);
	tls_policy_free(begun_with);
	trust_free(missing);
}

/* When it ends is kept for the tickets. */
static void test_not_after(void **state)
{
	struct link l;

	(void)state;
	link_ready(&l, &(struct policy_form){ .auth_name = "resolver.test" },
		&(struct peer_form){ .chain = { &leaf } });
	assert_true(l.engine.verdict.not_after == gnutls_x509_crt_get_expiration_time(leaf.cert));
	assert_true(l.engine.verdict.policy == l.policy.policy->id);
	link_close(&l);
}

/* ------------------------------------------------------------------ the policy's identity */

/* Two that differ in anything never share a ticket. */
static void test_policies_have_identities(void **state)
{
	static const struct policy_form forms[] = { { 0 }, { .auth_name = "resolver.test" },
		{ .auth_name = "resolver.tes" },
		{ .auth_name = "resolver.test", .opportunistic = true },
		{ .auth_name = "resolver.test", .no_tickets = true },
		{ .auth_name = "resolver.test", .priority = "NORMAL" },
		{ .auth_name = "resolver.test", .pinned = { &leaf } },
		{ .auth_name = "resolver.test", .pinned = { &ca } },
		{ .auth_name = "resolver.test", .pinned = { &leaf, &ca } }, { .pinned = { &leaf } },
		{ .pinned = { &leaf }, .opportunistic = true } };
	struct policy_case cases[COUNT_OF(forms)], again;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		make_policy(&cases[i], &forms[i]);
		make_policy(&again, &forms[i]);
		assert_true(cases[i].policy->id == again.policy->id);
		tls_policy_free(again.policy);
		for (size_t k = 0; k < i; k++)
			assert_true(cases[k].policy->id != cases[i].policy->id);
	}
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		tls_policy_free(cases[i].policy);
}

static void test_policy_text(void **state)
{
	static const struct {
		struct policy_form form;
		const char *text;
	} texts[] = {
		{ { .auth_name = "resolver.test" }, "resolver.test" },
		{ { 0 }, "its address" },
		{ { .auth_name = "resolver.test", .pinned = { &leaf } },
			"resolver.test and 1 pin" },
		{ { .pinned = { &leaf, &ca } }, "2 pins" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct policy_case c;
		char text[128];

		make_policy(&c, &texts[i].form);
		assert_string_equal(tls_policy_text(c.policy, text, sizeof text), texts[i].text);
		tls_policy_free(c.policy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_dtls),
		cmocka_unit_test(test_opportunistic),
		cmocka_unit_test(test_foreign_key),
		cmocka_unit_test(test_chain_too_large),
		cmocka_unit_test(test_message_too_large),
		cmocka_unit_test(test_trust_store_lost),
		cmocka_unit_test(test_not_after),
		cmocka_unit_test(test_policies_have_identities),
		cmocka_unit_test(test_policy_text),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
