/*
 * What a new configuration changes: which upstreams and zones go on as they are, and which options differ.  Pure;
 * what is read from other files (trust anchors) is for the caller to look at.
 */
#ifndef COMMON_CONFIG_CHANGE_H
#define COMMON_CONFIG_CHANGE_H

#include "common/config/config.h"
#include "common/config/option.h"

#define CHANGE_NONE	   SIZE_MAX
#define CHANGE_OPTIONS_MAX 128u

struct config_change {
	bool first; /* there was nothing before */
	/*
	 * For each of fresh->forward: its number in before->forward, or CHANGE_NONE.  One goes on only within its
	 * group (forward, or the zone of the same name), and if all that is said of it is the same, the zone's
	 * interface and tls-priority included.  Its place in the order does not matter.
	 */
	size_t upstream[CONFIG_ALL_MAX];
	/* For each of fresh->zone: that of the same name in before->zone, or CHANGE_NONE. */
	size_t zone[CONFIG_ZONE_ALL_MAX];
};

/* before NULL: nothing goes on. */
void config_compare(
	const struct config *before, const struct config *fresh, struct config_change *ret);

/*
 * The options of the top level whose values differ and that a reload treats so; static texts, at most
 * CHANGE_OPTIONS_MAX.  How many.
 */
size_t config_changed_options(const struct config *before, const struct config *fresh,
	enum option_reload reload, const char *ret[CHANGE_OPTIONS_MAX]);

#endif
