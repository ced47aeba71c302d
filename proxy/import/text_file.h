/* A file of settings as text. */
#ifndef PROXY_IMPORT_TEXT_FILE_H
#define PROXY_IMPORT_TEXT_FILE_H

#define TEXT_FILE_MAX (1024u * 1024u)

/* The caller's.  NULL with errno: EFBIG for what is too large, EINVAL for what is no text. */
char *text_file_read(const char *path);

#endif
