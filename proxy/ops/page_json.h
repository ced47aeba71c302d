/* What the status page is drawn from: figures, what is amiss, and the last hour, as one JSON object. */
#ifndef PROXY_OPS_PAGE_JSON_H
#define PROXY_OPS_PAGE_JSON_H

#include <stdint.h>

struct figures;
struct hour;
struct json;
struct surroundings;

struct page_figures {
	const struct figures *figures;
	const struct surroundings *around;
	const struct hour *hour;
	uint64_t rss; /* octets; 0: not known */
	uint64_t http_waits;
};

void page_json(struct json *j, const struct page_figures *p);
/* Of it: the array of upstreams. */
void page_json_upstreams(struct json *j, const struct figures *f);

#endif
