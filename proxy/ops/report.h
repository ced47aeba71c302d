/* Statistics on request: the figures of all workers go to the log. */
#ifndef PROXY_OPS_REPORT_H
#define PROXY_OPS_REPORT_H

struct gatherer;

/* From main's thread; the lines come later. */
void report_request(struct gatherer *g);

#endif
