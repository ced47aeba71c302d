/*
 * Moving records inside a message: what a compression pointer leads to moves too (RFC 1035 4.1.4),
 * so pointers are written anew.  Needed only where records stand behind an OPT, or where the
 * question section changes its length; both are rare.
 */
#ifndef COMMON_DNS_RELOCATE_H
#define COMMON_DNS_RELOCATE_H

#include <stdbool.h>

#include "common/dns/message.h"
#include "common/dns/wire.h"

/*
 * Appends the records of the sections before `until`, but for the OPT, of a message that parsed.  w
 * stands behind the new question; question_kept says that it ends as the old one does: it is the old
 * one, or one for a name below (type and class do not matter, no name of a record may lead there).
 * False where w is too small or a name would not survive: a pointer into the OPT, into a question
 * that is not kept, beyond 14 bits, or through octets that are no name.
 */
bool relocate_records(const struct dns_message *from, bool question_kept, enum dns_section until,
	struct wire_writer *w);

#endif
