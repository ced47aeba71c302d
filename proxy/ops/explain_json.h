/* What became of a query (explain.h), as one object of JSON. */
#ifndef PROXY_OPS_EXPLAIN_JSON_H
#define PROXY_OPS_EXPLAIN_JSON_H

struct config;
struct explain;
struct json;

/* config: that of the worker it ran on. */
void explain_write(struct json *j, const struct explain *x, const struct config *config);

#endif
