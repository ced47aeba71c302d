/*
 * The status page: one file with all that it needs, and a policy under which nothing else is loaded and
 * no script runs but its own.
 */
#ifndef PROXY_OPS_PAGE_H
#define PROXY_OPS_PAGE_H

#define PAGE_POLICY_MAX 400u

struct evbuffer;

/*
 * Appends the page and fills in the Content-Security-Policy that belongs to this very copy: its nonce is
 * new each time.  0 or -ENOMEM.
 */
int page_write(struct evbuffer *out, char policy[PAGE_POLICY_MAX]);

#endif
