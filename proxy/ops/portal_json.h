/* What there is to tell of a captive portal. */
#ifndef PROXY_OPS_PORTAL_JSON_H
#define PROXY_OPS_PORTAL_JSON_H

struct json;
struct portal;

/* One object; key: NULL where it stands alone.  Main's thread. */
void portal_write(struct json *j, const char *key, struct portal *p);

#endif
