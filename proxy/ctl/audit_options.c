#include "proxy/ctl/audit_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/config_text.h"
#include "proxy/ctl/config_file.h"
#include "proxy/ctl/ctl.h"

int audit_complain(const char *what)
{
	fprintf(stderr, "dnsfwdctl: audit: %s\nTry dnsfwdctl audit --help\n", what);
	return CTL_USAGE;
}

static int read_names(struct audit_options *o, const char *file)
{
	struct config_errors errors = { 0 };
	size_t len;
	char *text = config_text_read(file, &len);
	bool ok;

	if (!text) {
		fprintf(stderr, "dnsfwdctl: cannot read %s: %m\n", file);
		return CTL_FAILED;
	}
	ok = audit_names_load(&o->names, text, len, file, &errors);
	free(text);
	config_file_print_errors(&errors);
	config_errors_free(&errors);
	return ok ? CTL_OK : CTL_FAILED;
}

static int set_name(struct audit_options *o, const char *text)
{
	char error[512];

	return audit_names_set(&o->names, text, error, sizeof error) ? CTL_OK
								     : audit_complain(error);
}

static int set_floor(struct audit_options *o, const char *text)
{
	o->has_floor = audit_grade_parse(text, &o->floor);
	return o->has_floor ? CTL_OK
			    : audit_complain("--fail-below wants a grade: A+, A, B, C, D, E or F");
}

static int take(struct audit_options *o, int option)
{
	switch (option) {
	case 'c':
		o->file = optarg;
		return CTL_OK;
	case 'a':
		o->ca = optarg;
		return CTL_OK;
	case 'l':
		o->long_wait = true;
		return CTL_OK;
	case 'f':
		return set_floor(o, optarg);
	case 't':
		o->limit = optarg;
		return CTL_OK;
	case 'n':
		return read_names(o, optarg);
	case 'N':
		return set_name(o, optarg);
	default: /* getopt has said what is wrong */
		fputs("Try dnsfwdctl audit --help\n", stderr);
		return CTL_USAGE;
	}
}

int audit_options_parse(struct audit_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "ca", required_argument, NULL, 'a' },
		{ "fail-below", required_argument, NULL, 'f' },
		{ "long", no_argument, NULL, 'l' },
		{ "time", required_argument, NULL, 't' },
		{ "test-names", required_argument, NULL, 'n' },
		{ "test-name", required_argument, NULL, 'N' },
		{ 0 },
	};
	static char name[] = "dnsfwdctl: audit"; /* for getopt's own complaints */
	int option, code = CTL_OK;

	argv[0] = name;
	*o = (struct audit_options){ .file = NULL };
	audit_names_defaults(&o->names);
	optind = 1;
	while (code == CTL_OK && (option = getopt_long(argc, argv, "c:", options, NULL)) >= 0)
		code = take(o, option);
	o->upstreams = (const char *const *)argv + optind;
	o->upstream_count = (size_t)(argc - optind);
	if (code == CTL_OK && o->ca && (o->file || o->upstream_count == 0))
		code = audit_complain("--ca goes with an UPSTREAM and without -c");
	return code;
}
