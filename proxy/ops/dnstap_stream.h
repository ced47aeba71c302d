/* The socket under libfstrm: as its own, but that no reader can hold up the end of the program. */
#ifndef PROXY_OPS_DNSTAP_STREAM_H
#define PROXY_OPS_DNSTAP_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/log_limit.h"

struct fstrm_rdwr;

/* A reader that takes nothing for so long is left. */
#define DNSTAP_PATIENCE_S 1

struct dnstap_stream {
	const char *path; /* borrowed */
	int fd;
	bool accepted;		/* its reader has answered our hello */
	struct log_limit limit; /* readers come and go */
	/* Somebody reads: read by workers. */
	atomic_bool connected;
};

/* Borrows s, which outlives it.  NULL: out of memory. */
struct fstrm_rdwr *dnstap_stream_new(struct dnstap_stream *s);

#endif
