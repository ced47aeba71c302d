/*
 * Opens and closes captive portals (dnsfwdctl portal): the resolver comes into the configuration as an upstream in clear
 * (reload.h), its names into the table of the workers (resolve/portal.h).  One ends with its time, on another network,
 * when an upstream is reached, by hand, or with the program; beginning and end are logged with all their names.  The
 * end takes effect where it is noticed (epochs.h: as soon as the kernel tells of a change, nothing goes out any more); it is
 * told, and the upstream taken out of the configuration, up to 200 ms later.
 *
 * On main's thread.
 */
#ifndef PROXY_PORTAL_KEEPER_H
#define PROXY_PORTAL_KEEPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/addr.h"
#include "common/dns/name.h"
#include "proxy/resolve/portal.h"

#define PORTAL_SECONDS_MIN 60u
#define PORTAL_SECONDS_MAX 3600u

struct config_file;
struct event_base;
struct portal_keeper;
struct reload;

struct portal_request {
	struct addr resolver; /* with port */
	uint32_t seconds;     /* PORTAL_SECONDS_MIN to PORTAL_SECONDS_MAX */
	size_t count;
	uint8_t name[PORTAL_NAMES_MAX][DNS_NAME_MAX];
	uid_t uid; /* who wants it */
};

struct portal_keeper_setup {
	struct event_base *base;
	struct config_file *file; /* its overrides are filled in */
	struct reload *reload;
	struct portal *portal;
};

/* All of the setup is borrowed and outlives it.  NULL: out of memory. */
struct portal_keeper *portal_keeper_new(const struct portal_keeper_setup *setup);
void portal_keeper_free(struct portal_keeper *k); /* NULL is fine */

/* One that is open is closed first.  0, or negative errno with one sentence: then none is open. */
int portal_keeper_open(
	struct portal_keeper *k, const struct portal_request *r, char *error, size_t size);
/* More names for the one that is open.  0, -ENOENT (none is), -ENOBUFS, with one sentence. */
int portal_keeper_add(
	struct portal_keeper *k, const struct portal_request *r, char *error, size_t size);
/* By hand; nothing happens where none is open. */
void portal_keeper_close(struct portal_keeper *k, uid_t uid);

struct portal *portal_keeper_portal(struct portal_keeper *k);

#endif
