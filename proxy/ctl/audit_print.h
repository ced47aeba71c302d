/* A report for people, and one for programs. */
#ifndef PROXY_CTL_AUDIT_PRINT_H
#define PROXY_CTL_AUDIT_PRINT_H

#include <stdio.h>

#include "proxy/ctl/audit_grade.h"

struct json_object;

/* name: the upstream as it was written. */
void audit_print(
	const char *name, const struct audit_facts *f, const struct audit_report *r, FILE *out);

/* An object with the same; the caller's.  NULL: no memory. */
struct json_object *audit_json(
	const char *name, const struct audit_facts *f, const struct audit_report *r);

#endif
