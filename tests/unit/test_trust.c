/* Loaded when it is needed, freed when it is not, and never half: the trust store of one bundle. */
#include "proxy/upstream/trust.h"

#include "tests/unit/cm.h"
#include "tests/unit/tls_peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dnsfwd-trust-XXXXXX";
static char path[64];

static const char *write_file(const char *name, const char *text, size_t len)
{
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* A bundle of as many authorities. */
static const char *write_bundle(unsigned count)
{
	struct identity ids[4];
	const struct identity *all[4];

	assert_true(count <= COUNT_OF(ids));
	for (unsigned i = 0; i < count; i++) {
		identity_make(&ids[i], &(struct identity_form){ .cn = "CA", .ca = true }, NULL);
		all[i] = &ids[i];
	}
	snprintf(path, sizeof path, "%s/bundle.pem", folder);
	identity_write(path, all, count);
	for (unsigned i = 0; i < count; i++)
		identity_free(&ids[i]);
	return path;
}

static uint64_t now;

static uint64_t clock_us(void)
{
	return now;
}

static struct trust *trust_of(const char *bundle)
{
	struct trust *t = trust_new(bundle);

	assert_non_null(t);
	assert_string_equal(trust_bundle(t), bundle);
	now = 5000000;
	trust_set_clock(t, clock_us);
	return t;
}

/* ------------------------------------------------------------------ what is no bundle */

/* Refused with the file's name and a reason, nothing is kept, and the lock is free again. */
static void assert_refused(const char *bundle, const char *says)
{
	struct trust *t = trust_of(bundle);
	char error[256] = "", again[256] = "";

	expect_int(bundle, trust_load(t, error, sizeof error), -1);
	if (!strstr(error, bundle) || !strstr(error, says))
		fail_msg("\"%s\" does not say \"%s\" of %s", error, says, bundle);
	expect(bundle, !trust_is_loaded(t));
	expect(bundle, !trust_hold(t, again, sizeof again));
	assert_string_equal(again, error);
	expect_int(bundle, trust_anchors(t), 0);
	expect(bundle, trust_sweep(t));
	trust_free(t);
}

static void test_missing(void **state)
{
	char missing[80];

	(void)state;
	snprintf(missing, sizeof missing, "%s/missing.pem", folder);
	assert_refused(missing, "No such file");
}

static void test_folder(void **state)
{
	(void)state;
	assert_refused(folder, "is a folder");
}

static void test_empty(void **state)
{
	(void)state;
	assert_refused(write_file("empty.pem", "", 0), "holds no certificate");
}

static void test_garbage(void **state)
{
	static const char texts[][120] = {
		"this is no certificate\n",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB",
		"\0\0\0\0\0\0",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_refused(write_file("garbage.pem", texts[i], strlen(texts[i]) ?: 6), "");
}

/* One broken certificate among good ones: the whole is refused, not half of it taken. */
static void test_half_good(void **state)
{
	FILE *f = fopen(write_bundle(2), "a");

	(void)state;
	assert_non_null(f);
	fputs("-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n", f);
	assert_int_equal(fclose(f), 0);
	assert_refused(path, ": ");
}

/* ------------------------------------------------------------------ life */

static void test_nothing_is_read_before(void **state)
{
	struct trust *t = trust_of("/nonexistent/bundle.pem");

	(void)state;
	assert_false(trust_is_loaded(t));
	assert_int_equal(trust_anchors(t), 0);
	assert_true(trust_sweep(t));
	trust_free(t);
	trust_free(NULL);
}

static void test_load(void **state)
{
	struct trust *t = trust_of(write_bundle(3));
	char error[256];

	(void)state;
	assert_int_equal(trust_load(t, error, sizeof error), 0);
	assert_true(trust_is_loaded(t));
	assert_int_equal(trust_anchors(t), 3);
	/* It is not read again: the file may be gone. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(trust_load(t, error, sizeof error), 0);
	assert_non_null(trust_hold(t, error, sizeof error));
	trust_release(t);
	trust_free(t);
}

/* Whoever holds it gets it loaded; meanwhile it is nobody else's. */
static void test_hold(void **state)
{
	struct trust *t = trust_of(write_bundle(1));
	char error[256];

	(void)state;
	assert_non_null(trust_hold(t, error, sizeof error));
	assert_false(trust_is_loaded(t));
	trust_release(t);
	assert_true(trust_is_loaded(t));
	assert_int_equal(trust_anchors(t), 1);
	trust_free(t);
}

static void test_sweep_when_idle(void **state)
{
	struct trust *t = trust_of(write_bundle(1));
	char error[256];

	(void)state;
	assert_int_equal(trust_load(t, error, sizeof error), 0);
	now += TRUST_IDLE_US - 1;
	assert_false(trust_sweep(t));
	now += 1;
	assert_true(trust_sweep(t));
	assert_false(trust_is_loaded(t));
	assert_int_equal(trust_anchors(t), 1); /* what it was */
	/* And back again, with what stands in the file by then. */
	write_bundle(2);
	assert_non_null(trust_hold(t, error, sizeof error));
	trust_release(t);
	assert_int_equal(trust_anchors(t), 2);
	trust_free(t);
}

static void use_by_load(struct trust *t)
{
	char error[256];

	assert_int_equal(trust_load(t, error, sizeof error), 0);
}

static void use_by_asking(struct trust *t)
{
	assert_true(trust_is_loaded(t));
}

static void use_by_holding(struct trust *t)
{
	char error[256];

	assert_non_null(trust_hold(t, error, sizeof error));
	trust_release(t);
}

/* Each use keeps it for a minute more. */
static void test_use_defers_the_sweep(void **state)
{
	static void (*const uses[])(
		struct trust *) = { use_by_load, use_by_asking, use_by_holding };
	struct trust *t = trust_of(write_bundle(1));

	(void)state;
	use_by_load(t);
	for (size_t i = 0; i < COUNT_OF(uses); i++) {
		now += TRUST_IDLE_US - 1;
		uses[i](t);
		now += TRUST_IDLE_US - 1;
		assert_false(trust_sweep(t));
	}
	now += 1;
	assert_true(trust_sweep(t));
	trust_free(t);
}

/* The file is gone by the time it is needed again: an error, not a store without anchors. */
static void test_lost_after_the_sweep(void **state)
{
	struct trust *t = trust_of(write_bundle(1));
	char error[256] = "";

	(void)state;
	use_by_load(t);
	now += TRUST_IDLE_US;
	assert_true(trust_sweep(t));
	assert_int_equal(unlink(path), 0);
	assert_null(trust_hold(t, error, sizeof error));
	assert_non_null(strstr(error, "No such file"));
	write_bundle(1);
	assert_non_null(trust_hold(t, error, sizeof error));
	trust_release(t);
	trust_free(t);
}

/* ------------------------------------------------------------------ threads */

static struct trust *shared;

/* What is held stays loaded and the same for as long as it is held, whatever the sweeper does. */
static void *hold_often(void *arg)
{
	char error[256];
	unsigned *bad = arg;

	for (unsigned i = 0; i < 200; i++) {
		gnutls_certificate_credentials_t anchors = trust_hold(shared, error, sizeof error);
		gnutls_x509_trust_list_t list = NULL;
		gnutls_x509_trust_list_iter_t iter = NULL;
		gnutls_x509_crt_t cert = NULL;

		if (!anchors) {
			++*bad;
			continue;
		}
		gnutls_certificate_get_trust_list(anchors, &list);
		if (!list || gnutls_x509_trust_list_iter_get_ca(list, &iter, &cert) != 0)
			++*bad;
		else
			gnutls_x509_crt_deinit(cert);
		if (iter)
			gnutls_x509_trust_list_iter_deinit(iter);
		trust_release(shared);
	}
	return NULL;
}

static uint64_t clock_that_leaps(void)
{
	static uint64_t at;

	return __atomic_add_fetch(&at, TRUST_IDLE_US, __ATOMIC_RELAXED);
}

static void test_two_threads_and_a_sweeper(void **state)
{
	pthread_t threads[2];
	unsigned bad[2] = { 0 }, swept = 0;

	(void)state;
	shared = trust_of(write_bundle(1));
	trust_set_clock(shared, clock_that_leaps);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_often, &bad[i]), 0);
	for (unsigned i = 0; i < 200; i++) {
		swept += trust_sweep(shared);
		trust_is_loaded(shared);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(bad[i], 0);
	}
	assert_true(swept > 0);
	assert_int_equal(trust_anchors(shared), 1);
	trust_free(shared);
}

static void *ask(void *arg)
{
	*(bool *)arg = trust_is_loaded(shared);
	return NULL;
}

/* Somebody else holds it: who asks is not kept waiting (the join below would never come). */
static void test_asking_never_waits(void **state)
{
	char error[256];
	bool loaded = true;
	pthread_t thread;

	(void)state;
	shared = trust_of(write_bundle(1));
	assert_non_null(trust_hold(shared, error, sizeof error));
	assert_int_equal(pthread_create(&thread, NULL, ask, &loaded), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(loaded);
	trust_release(shared);
	trust_free(shared);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "bundle.pem", "empty.pem", "garbage.pem" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct trust *loaded(const char *bundle)
{
	struct trust *t = trust_of(bundle);
	char error[300];

	assert_int_equal(trust_load(t, error, sizeof error), 0);
	return t;
}

/* Two readings of one bundle, at different times: the order means nothing, a certificate does. */
static void test_same_or_changed(void **state)
{
	struct identity ids[2];
	const struct identity *one[] = { &ids[0], &ids[1] }, *other[] = { &ids[1], &ids[0] };
	struct trust *before, *after;
	char error[300];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		identity_make(&ids[i], &(struct identity_form){ .cn = "CA", .ca = true }, NULL);
	snprintf(path, sizeof path, "%s/bundle.pem", folder);
	identity_write(path, one, 2);
	before = loaded(path);
	identity_write(path, other, 2);
	after = loaded(path);
	assert_true(trust_is_same(before, after));
	trust_free(after);
	identity_write(path, one, 1);
	after = loaded(path);
	assert_false(trust_is_same(before, after));
	trust_free(after);

	/* What was in use may have been read again meanwhile: it is another one for good. */
	now += 2 * TRUST_IDLE_US;
	assert_true(trust_sweep(before));
	assert_int_equal(trust_load(before, error, sizeof error), 0);
	identity_write(path, one, 2);
	after = loaded(path);
	assert_false(trust_is_same(before, after));
	trust_free(after);
	trust_free(before);
	for (unsigned i = 0; i < 2; i++)
		identity_free(&ids[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_half_good),
		cmocka_unit_test(test_nothing_is_read_before),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_sweep_when_idle),
		cmocka_unit_test(test_use_defers_the_sweep),
		cmocka_unit_test(test_lost_after_the_sweep),
		cmocka_unit_test(test_two_threads_and_a_sweeper),
		cmocka_unit_test(test_asking_never_waits),
		cmocka_unit_test(test_same_or_changed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
