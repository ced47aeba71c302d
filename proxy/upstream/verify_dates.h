/*
 * The time that certificates are judged at (design 9, Clock).  A clock before the day this program was built
 * is not set: many a router begins in 1970.  Then, and only then, it is taken to be the later of that day
 * and the last time that was proven; so a certificate that was issued since is refused until the clock is set, and
 * one that has expired by then stays refused.  Any other clock is believed.
 *
 * A time is proven by a full handshake whose certificate was authenticated while the clock was believed.
 *
 * The library that checks certificates knows one clock for the whole program, so that this does, too.  From any
 * thread, but for verify_dates_init.
 */
#ifndef PROXY_UPSTREAM_VERIFY_DATES_H
#define PROXY_UPSTREAM_VERIFY_DATES_H

#include <stdbool.h>
#include <time.h>

/* A time is proven anew after so long. */
#define VERIFY_DATES_FRESH_S 86400

/*
 * Before other threads.  built: seconds since 1970; 0: not known, any clock is believed.  proved is called from
 * the thread of a handshake when verify_dates_proven has news; NULL: nobody.
 */
void verify_dates_init(time_t built, void (*proved)(void *arg), void *arg);

/* As a file or a handshake says: never goes back. */
void verify_dates_remember(time_t proven);
time_t verify_dates_proven(void);

/* The clock is believed. */
bool verify_dates_believed(void);
/* What certificates are judged at now. */
time_t verify_dates_now(void);

/* A handshake as above has succeeded just now. */
void verify_dates_prove(void);

#endif
