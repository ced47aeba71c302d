/*
 * Special-use names: what is answered here so that the world does not learn of it (RFC 6761, 6303, 7686,
 * 8375, 9462, 7793), and the domain of one's own, if there is one.
 */
#ifndef COMMON_LOCAL_SPECIAL_H
#define COMMON_LOCAL_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/local/suffix.h"

struct local_reply;

#define SPECIAL_MAX 128u

enum special_kind {
	SPECIAL_LOCALHOST, /* the loopback addresses, for all names */
	SPECIAL_NOTHING,   /* NXDOMAIN, for the name itself too */
	SPECIAL_ZONE,	   /* an empty zone (RFC 6303 3) */
	SPECIAL_NODATA,	   /* the names are there and have nothing (resolver.arpa) */
	SPECIAL_OWN,	   /* the empty zone of one's own domain, whose names come and go */
};

struct special_name {
	enum special_kind kind;
	bool forced; /* there is no way to have it forwarded */
	uint8_t labels;
	uint8_t len;
	uint8_t name[DNS_NAME_MAX]; /* wire form, folded */
};

/* The names in force. */
struct special {
	struct special_name *names; /* owned; what is not below arpa first */
	size_t count;
	size_t arpa; /* where those below arpa begin */
};

struct special_options {
	bool enabled;		   /* else only what is forced */
	const char *const *except; /* names in text that are not answered here */
	size_t except_count;
	const char *domain; /* of one's own, in text; "" or NULL: none */
	bool no_firefox;    /* canaries of programs that would pass us by are answered "no" */
	bool no_private_relay;
};

/* 0, -ENOMEM. */
int special_init(struct special *s, const struct special_options *options);
void special_deinit(struct special *s);

/* Whether the name, in text, is one of the table, and whether it may be excepted. */
bool special_known(const char *text, bool *ret_forced);

/* The name of the table that this one is, or is below; NULL: none. */
const struct special_name *special_find(const struct special *s, const struct suffixes *name);

/*
 * Its answer.  has_children: local records stand below the name, so it exists.  has_records: there are local
 * records, so what is not there may come soon.  False: the true answer is wanted (DS at the apex of a zone,
 * RFC 8375 4).
 */
bool special_answer(const struct special_name *found, const struct suffixes *name, uint16_t type,
	bool has_children, bool has_records, struct local_reply *ret);

#endif
