/*
 * Writes JSON (RFC 8259) into memory of its own, bounded: what does not fit, or gets no memory, makes
 * the whole text void.  Commas are set here; texts come out as valid UTF-8 whatever octets they hold.
 * One text is one line: nothing in it is a line break.
 */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct json {
	struct bytes text; /* owned */
	size_t max;	   /* octets at most */
	bool comma;	   /* something stands before the next value at this depth */
	bool failed;	   /* too long, or no memory */
};

/* Empty; nothing is allocated yet. */
void json_init(struct json *j, size_t max);
void json_free(struct json *j);
/* Empty again, its memory is kept. */
void json_clear(struct json *j);

/* key: the name of a member of an object; NULL in arrays and for the outermost value. */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);

/* NULL is null. */
void json_text(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, uint64_t number);
void json_signed(struct json *j, const char *key, int64_t number);
/* With so many digits behind the point, 0 to 6; what is no number is null. */
void json_decimal(struct json *j, const char *key, double number, unsigned digits);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* What was written, not terminated; NULL after a failure.  Until the next call. */
const char *json_get(const struct json *j, size_t *ret_len);

#endif
