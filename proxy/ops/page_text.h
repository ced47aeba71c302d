/* The status page as it was put together from page/ when dnsfwd was built, with "@NONCE@" in it; ends in a NUL. */
#ifndef PROXY_OPS_PAGE_TEXT_H
#define PROXY_OPS_PAGE_TEXT_H

extern const unsigned char page_text[];

#endif
