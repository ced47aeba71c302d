/*
 * The trust anchors of one bundle: a PEM file, or the system's store.  Loaded when a certificate has
 * to be judged, freed when none had to be for a while, because the 144 of Debian cost 4 MB (design 5).
 * Shared by all threads; every call locks.
 */
#ifndef PROXY_UPSTREAM_TRUST_H
#define PROXY_UPSTREAM_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not used for so long: freed by the next sweep. */
#define TRUST_IDLE_US (60ull * 1000000)

struct trust;
struct gnutls_certificate_credentials_st;

/* bundle "": the system's store.  Nothing is read yet.  One reference; NULL: out of memory. */
struct trust *trust_new(const char *bundle);
/* From any thread. */
struct trust *trust_ref(struct trust *t);
void trust_free(struct trust *t); /* lets go of a reference; NULL is fine */

/* For tests, before other threads know of t: another clock than CLOCK_MONOTONIC. */
void trust_set_clock(struct trust *t, uint64_t (*clock_us)(void));

const char *trust_bundle(const struct trust *t);

/*
 * Reads the bundle unless that was done, whole and checked: missing, unreadable, empty and garbage
 * are errors.  May take tens of milliseconds: a worker leaves it to main where it can wait.
 * 0, or -1 with one sentence in error.
 */
int trust_load(struct trust *t, char *error, size_t size);
/* Never waits: false also while another thread reads or uses them. */
bool trust_is_loaded(struct trust *t);

/* How many anchors the bundle had when it was last read; 0: never read. */
unsigned trust_anchors(struct trust *t);

/*
 * Whether both hold the same certificates of the same bundle, and each always has: b was read later, to see.
 */
bool trust_is_same(struct trust *a, struct trust *b);

/*
 * Borrows the anchors, loaded now if they are not: locked until trust_release, so for a check and
 * nothing else.  NULL with one sentence in error.
 */
struct gnutls_certificate_credentials_st *trust_hold(struct trust *t, char *error, size_t size);
void trust_release(struct trust *t);

/*
 * Frees the anchors if they were idle long enough; false: they are loaded still, sweep again.
 */
bool trust_sweep(struct trust *t);

#endif
