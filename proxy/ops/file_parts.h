/* Reading a file of lines, however long it is, in little memory. */
#ifndef PROXY_OPS_FILE_PARTS_H
#define PROXY_OPS_FILE_PARTS_H

#include <stddef.h>

/* A part that ends behind a newline (but for the last one, and for lines that are absurdly long). */
typedef void file_part(void *arg, const char *part, size_t len);

/* Only regular files are read.  0 or negative errno; part may have been called before an error. */
int file_parts_read(const char *path, file_part *part, void *arg);

#endif
