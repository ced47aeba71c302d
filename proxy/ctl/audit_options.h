/* The command line of "dnsfwdctl audit". */
#ifndef PROXY_CTL_AUDIT_OPTIONS_H
#define PROXY_CTL_AUDIT_OPTIONS_H

#include "proxy/ctl/audit_grade.h"
#include "proxy/ctl/audit_names.h"

struct audit_options {
	const char *file;  /* -c; NULL: not said */
	const char *ca;	   /* --ca; NULL: the system's store */
	const char *limit; /* --time, as it was written; NULL: not said */
	bool long_wait;
	bool has_floor; /* --fail-below */
	enum audit_grade floor;
	struct audit_names names;
	const char *const *upstreams;
	size_t upstream_count;
};

/* An exit code (enum ctl_exit); other than CTL_OK: it was told why. */
int audit_options_parse(struct audit_options *o, int argc, char **argv);

/* Tells what is wrong with the command line; returns CTL_USAGE. */
int audit_complain(const char *what);

#endif
