/*
 * Block lists, each line in the syntax of its own:
 *
 *   0.0.0.0 ads.example.com     hosts(5): this name (any address; names that hosts files have of
 *                               themselves, like localhost, are left out)
 *   ads.example.com             the name and all below it; so are *.ads.example.com, .ads.example.com
 *                               and ||ads.example.com^
 *   ads.example.com CNAME .     RPZ: this name; with *. in front all below it.  "CNAME *." is the same
 *                               (no data); "CNAME rpz-passthru." is an exception.  $ lines, SOA and NS are
 *                               skipped, other actions and triggers are not understood.
 *
 * "#", ";" and "!" begin comments.
 */
#ifndef COMMON_LOCAL_BLOCKLIST_H
#define COMMON_LOCAL_BLOCKLIST_H

#include "common/local/nameset.h"
#include "common/local/text.h"

/* What of a list outlives its lines; zeroed at first. */
struct blocklist {
	unsigned list;		      /* its number */
	uint8_t origin[DNS_NAME_MAX]; /* of $ORIGIN: no part of what is blocked */
	size_t origin_len;
	bool in_soa; /* an SOA over several lines */
};

void blocklist_parse(
	struct text *t, struct blocklist *b, struct nameset *set, const char *part, size_t len);

#endif
