/*
 * The secrets of the cookies that clients get, as main keeps them: read from cookie-secret-file, or our own,
 * made anew once a day.  Workers have copies, which come in mail.
 */
#ifndef PROXY_SECRETS_H
#define PROXY_SECRETS_H

#include <stddef.h>

#include "common/config/config.h"
#include "common/dns/cookie_server.h"

struct event_base;
struct secrets;
struct worker;

/*
 * The configuration is borrowed.  No secrets yet, but where both this and what was before (borrowed for the call, NULL:
 * nothing) make their own: then the same, with the rest of their time, so that clients' cookies stay good.  NULL: out
 * of memory.
 */
struct secrets *secrets_new(const struct config *config, const struct secrets *before);
/* Wipes them. */
void secrets_free(struct secrets *s);

/*
 * Reads the file, or makes the first secret of our own; nothing with answer-cookies = false.  0, or -1
 * with one sentence: then the secrets are what they were.
 */
int secrets_load(struct secrets *s, char *error, size_t size);

/* None (count 0) where clients get no cookies. */
const struct cookie_secrets *secrets_get(const struct secrets *s);

/* Begins to rotate our own, from the loop of main's thread.  0 or -ENOMEM. */
int secrets_start(struct secrets *s, struct event_base *base, struct worker *const *workers,
	size_t worker_count);

/* Rotates them no more: others are in use. */
void secrets_stop(struct secrets *s);

#endif
