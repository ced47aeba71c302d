/* Memory for a test tool: there is always some, or the program ends. */
#ifndef TESTS_SERVER_MEM_H
#define TESTS_SERVER_MEM_H

#include <stddef.h>

void *mem_new(size_t size); /* zeroed */
void *mem_grow(void *old, size_t size);
void *mem_copy(const void *data, size_t len);
char *mem_text(const char *text);

#endif
