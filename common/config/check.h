/* What can be wrong with an upstream although each of its values is fine. */
#ifndef COMMON_CONFIG_CHECK_H
#define COMMON_CONFIG_CHECK_H

#include "common/config/load.h"

/*
 * The entry of `forward` that was appended last, written as `text`.  Complains of one that is gone,
 * listed already, of another profile than the first, without means to be looked up, or dnsfwd itself;
 * warns of one that is no regular service, opportunistic, or undoes the filter of another.  Sets its filter.
 */
void config_check_forward(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

/*
 * What is wrong with a text that is to be an address; NULL: nothing.  `parsed`: it could be read, into
 * addr; wanted: what is to be said where it could not.  Static, or wanted.
 */
const char *config_address_fault(
	const char *text, bool parsed, const struct addr *addr, const char *wanted);

/* An address that is to be asked; false: it is gone or dnsfwd itself, and a complaint. */
bool config_check_address(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct addr *addr);

#endif
