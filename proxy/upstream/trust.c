#include "proxy/upstream/trust.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "proxy/upstream/memory.h"

/* SHA-256 */
#define DIGEST_LEN 32u

struct trust {
	atomic_uint references;
	char *bundle;
	uint64_t (*clock_us)(void);
	pthread_mutex_t lock;			  /* of all below */
	gnutls_certificate_credentials_t anchors; /* NULL: not loaded */
	unsigned count;
	uint8_t digest[DIGEST_LEN]; /* of all certificates, as they were read first */
	bool has_digest;
	bool changed; /* they were others later */
	uint64_t used_us;
};

static uint64_t monotonic_us(void)
{
	return clock_monotonic_us();
}

/* ------------------------------------------------------------------ reading */

static int read_bundle(gnutls_certificate_credentials_t anchors, const char *bundle)
{
	if (*bundle)
		return gnutls_certificate_set_x509_trust_file(anchors, bundle, GNUTLS_X509_FMT_PEM);
	return gnutls_certificate_set_x509_system_trust(anchors);
}

/* The library's words for an unreadable file are poor; the system's say what to do. */
static void explain(const char *bundle, int err, char *error, size_t size)
{
	const char *what = *bundle ? bundle : "the system's trust store";
	FILE *f = *bundle ? fopen(bundle, "r") : NULL;
	struct stat st;

	if (*bundle && !f)
		snprintf(error, size, "tls-cert-bundle %.300s: %m%s", what,
			errno == ENOENT ? "; name a file of CA certificates, or leave the option out to trust those "
					  "of the system"
					: "");
	else if (f && fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(error, size, "tls-cert-bundle %s: is a folder, a file is wanted", what);
	else if (err < 0)
		snprintf(error, size, "tls-cert-bundle %s: %s", what, gnutls_strerror(err));
	else
		snprintf(error, size, "%s%s holds no certificate%s",
			*bundle ? "tls-cert-bundle " : "", what,
			*bundle ? "; CA certificates in PEM are wanted"
				: "; install ca-certificates or set tls-cert-bundle");
	if (f)
		fclose(f);
}

/* Of each certificate, whatever their order; one that can't be digested makes it another store. */
static void digest(gnutls_certificate_credentials_t anchors, uint8_t ret[DIGEST_LEN])
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_trust_list_t list;
	gnutls_x509_crt_t crt;

	memset(ret, 0, DIGEST_LEN);
	gnutls_certificate_get_trust_list(anchors, &list);
	while (gnutls_x509_trust_list_iter_get_ca(list, &iter, &crt) == 0) {
		uint8_t one[DIGEST_LEN] = { 0 };
		size_t len = sizeof one;

		gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, one, &len);
		for (size_t i = 0; i < DIGEST_LEN; i++)
			ret[i] ^= one[i];
		gnutls_x509_crt_deinit(crt);
	}
}

static void note_digest(struct trust *t)
{
	uint8_t now[DIGEST_LEN];

	digest(t->anchors, now);
	if (t->has_digest)
		t->changed |= memcmp(t->digest, now, DIGEST_LEN) != 0;
	else
		memcpy(t->digest, now, DIGEST_LEN);
	t->has_digest = true;
}

static int load(struct trust *t, char *error, size_t size)
{
	gnutls_certificate_credentials_t anchors;
	int n;

	if (t->anchors)
		return 0;
	if (!memory_is_left(MEMORY_OF_TRUST) ||
		gnutls_certificate_allocate_credentials(&anchors) < 0) {
		snprintf(error, size, "out of memory");
		return -1;
	}
	n = read_bundle(anchors, t->bundle);
	if (n <= 0) {
		explain(t->bundle, n, error, size);
		gnutls_certificate_free_credentials(anchors);
		return -1;
	}
	t->anchors = anchors;
	t->count = (unsigned)n;
	note_digest(t);
	log_debug("%u trust anchors loaded from %s", t->count,
		*t->bundle ? t->bundle : "the system's store");
	return 0;
}

/* ------------------------------------------------------------------ the interface */

struct trust *trust_new(const char *bundle)
{
	struct trust *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->bundle = strdup(bundle);
	if (!t->bundle) {
		free(t);
		return NULL;
	}
	atomic_init(&t->references, 1);
	t->clock_us = monotonic_us;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void trust_set_clock(struct trust *t, uint64_t (*clock_us)(void))
{
	t->clock_us = clock_us;
}

static void drop(struct trust *t)
{
	gnutls_certificate_free_credentials(t->anchors);
	t->anchors = NULL;
}

struct trust *trust_ref(struct trust *t)
{
	atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
	return t;
}

void trust_free(struct trust *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) > 1)
		return;
	if (t->anchors) {
		drop(t);
		memory_give_back();
	}
	pthread_mutex_destroy(&t->lock);
	free(t->bundle);
	free(t);
}

const char *trust_bundle(const struct trust *t)
{
	return t->bundle;
}

int trust_load(struct trust *t, char *error, size_t size)
{
	int err;

	pthread_mutex_lock(&t->lock);
	err = load(t, error, size);
	t->used_us = t->clock_us();
	pthread_mutex_unlock(&t->lock);
	return err;
}

bool trust_is_loaded(struct trust *t)
{
	bool is;

	/* Whoever holds it may be reading the bundle, which lasts. */
	if (pthread_mutex_trylock(&t->lock) != 0)
		return false;
	is = t->anchors;
	if (is)
		t->used_us = t->clock_us(); /* whoever asks is about to use them */
	pthread_mutex_unlock(&t->lock);
	return is;
}

unsigned trust_anchors(struct trust *t)
{
	unsigned n;

	pthread_mutex_lock(&t->lock);
	n = t->count;
	pthread_mutex_unlock(&t->lock);
	return n;
}

gnutls_certificate_credentials_t trust_hold(struct trust *t, char *error, size_t size)
{
	pthread_mutex_lock(&t->lock);
	if (load(t, error, size) == 0)
		return t->anchors;
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

void trust_release(struct trust *t)
{
	t->used_us = t->clock_us();
	pthread_mutex_unlock(&t->lock);
}

bool trust_is_same(struct trust *a, struct trust *b)
{
	bool same = strcmp(a->bundle, b->bundle) == 0;
	uint8_t seen[DIGEST_LEN];
	bool has;

	/* One after the other: two threads may compare both ways. */
	pthread_mutex_lock(&a->lock);
	same &= !a->changed;
	has = a->has_digest;
	memcpy(seen, a->digest, DIGEST_LEN);
	pthread_mutex_unlock(&a->lock);
	pthread_mutex_lock(&b->lock);
	same &= !b->changed && b->has_digest == has && memcmp(b->digest, seen, DIGEST_LEN) == 0;
	pthread_mutex_unlock(&b->lock);
	return same;
}

bool trust_sweep(struct trust *t)
{
	bool freed = false, gone;

	pthread_mutex_lock(&t->lock);
	if (t->anchors && t->clock_us() - t->used_us >= TRUST_IDLE_US) {
		drop(t);
		freed = true;
	}
	gone = !t->anchors;
	pthread_mutex_unlock(&t->lock);
	if (freed) {
		memory_give_back(); /* handshakes need not wait for it */
		log_debug("trust anchors of %s freed: not needed for a minute",
			*t->bundle ? t->bundle : "the system's store");
	}
	return gone;
}
