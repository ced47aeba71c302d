/* What of an answer is shown to people: members that may be missing, and figures with units. */
#ifndef PROXY_CTL_TEXT_H
#define PROXY_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

#define TEXT_MAX 64u

/* A member of an object: NULL, 0, false where it is missing or of another kind. */
struct json_object *member(struct json_object *o, const char *key);
const char *member_text(struct json_object *o, const char *key); /* borrowed */
uint64_t member_number(struct json_object *o, const char *key);
double member_decimal(struct json_object *o, const char *key);
bool member_true(struct json_object *o, const char *key);
bool member_is(struct json_object *o, const char *key); /* it is there and not null */

/* "" for NULL */
const char *or_nothing(const char *text);

/* 0 where it is no array */
size_t list_length(struct json_object *list);

/* "3 h 12 min", "12.3 s" */
const char *text_duration(double seconds, char text[TEXT_MAX]);
/* "16.0 MiB" */
const char *text_octets(uint64_t octets, char text[TEXT_MAX]);
/* "1,234,567" */
const char *text_count(uint64_t number, char text[TEXT_MAX]);

/* To stdout; '?' for what a terminal would obey.  Returns the columns taken. */
size_t put_clean(const char *text);
/* The same, filled up with spaces to so many columns; at least one space follows. */
void put_column(const char *text, size_t width);

/* Bold, red and so on; "" where stdout is no terminal, or NO_COLOR is set. */
enum ink { INK_NONE, INK_BOLD, INK_DIM, INK_GOOD, INK_WARN, INK_BAD };
const char *ink(enum ink i);

#endif
