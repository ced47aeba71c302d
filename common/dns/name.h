/*
 * Domain names in wire form: length bytes, labels, the root's zero byte; at most 255 octets and
 * 127 labels besides the root, labels of 1 to 63 octets (RFC 1035 2.3.4, 3.1).  A label may hold
 * any octet (RFC 2181 11): names are never C strings.  Case folds in ASCII only (RFC 4343).
 */
#ifndef COMMON_DNS_NAME_H
#define COMMON_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/wire.h"

#define DNS_NAME_MAX	255u
#define DNS_LABEL_MAX	63u
#define DNS_NAME_LABELS 127u
/* Text form: four characters for each octet at worst, dots, NUL. */
#define DNS_NAME_TEXT_MAX 1025u

/*
 * Pointer steps that one message may cost in all (threats A20, A21): an honest 64 KiB answer needs
 * one or two a record; a chain or a name built to waste time needs hundreds.
 */
#define DNS_POINTER_BUDGET 8192u

/*
 * Reads the name at r->pos past its end, following compression pointers (RFC 1035 4.1.4): a pointer
 * must lead to an offset of 12 or more, strictly before the run of labels that it ends, and to
 * labels that end before that run too (what stands behind a record is no part of it).  Each pointer
 * followed takes one from *budget, and a name with pointers one more for every 16 labels.
 * Afterwards r->pos is behind the name where it stands.  With ret_name (room for DNS_NAME_MAX) the
 * expanded name is written there.  Returns the expanded length, or 0 with r->bad set.
 */
size_t name_read(struct wire_reader *r, unsigned *budget, uint8_t *ret_name);

/* As name_read, but a pointer is malformed (question section, and names of our own). */
size_t name_read_plain(struct wire_reader *r);

/* Length of a plain, well-formed name held in memory, the root's byte included. */
size_t name_len(const uint8_t *name);

/* Equal but for ASCII case; plain names of the same length len. */
bool name_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* Copies len octets of a plain name; with _fold, A-Z to a-z. */
void name_copy(uint8_t *dst, const uint8_t *src, size_t len);
void name_fold(uint8_t *dst, const uint8_t *src, size_t len);

/*
 * Presentation form with a final dot, NUL-terminated, printable ASCII only: other octets as \DDD,
 * and \. \\ \" etc. escaped (RFC 1035 5.1), so that it can stand in a log line (threats A54).
 * text has room for size >= DNS_NAME_TEXT_MAX.  Returns text.
 */
const char *name_text(const uint8_t *name, char *text, size_t size);

/*
 * Wire form of a name in text (final dot optional, \DDD and \X understood) into ret_name (room for
 * DNS_NAME_MAX).  Returns its length, 0 if it is not a name.
 */
size_t name_from_text(const char *text, uint8_t *ret_name);

#endif
