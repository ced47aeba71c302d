#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/config/option.h"
#include "proxy/config_text.h"
#include "proxy/ctl/audit_lookup.h"
#include "proxy/ctl/audit_options.h"
#include "proxy/ctl/audit_print.h"
#include "proxy/ctl/audit_probe.h"
#include "proxy/ctl/commands_local.h"
#include "proxy/ctl/config_file.h"
#include "proxy/ctl/ctl.h"

#define TIME_LEAST_US 1000000u
#define TIME_MOST_US  600000000u

const char ctl_audit_help[] =
	"Measures what encrypted resolvers really do, and grades them from A+ to F.  dnsfwd need "
	"not run.\n"
	"A resolver is asked some 25 test names, and nothing else, within 20 s.\n"
	"\n"
	"  UPSTREAM              quad9, tls://dns.quad9.net, 9.9.9.9@853#dns.quad9.net, or the "
	"name of one\n"
	"                        in FILE; without any, all encrypted ones of FILE\n"
	"  -c, --config FILE     read FILE (the usual one by default; none when an UPSTREAM is "
	"given)\n"
	"      --ca FILE         trust the CAs in FILE, not the system's\n"
	"      --fail-below G    exit code 4 if a grade is below G: A+, A, B, C, D, E\n"
	"      --long            wait also until the server closes an idle session, 90 s at most\n"
	"      --time DURATION   for each resolver, such as 8s\n"
	"      --test-names FILE ask for the names in FILE: good = \"www.example.com\", a line "
	"each\n"
	"      --test-name K=N   ask for N instead; without N, what it is for is not measured.  K "
	"is good\n"
	"                        (signed, has an A), bogus (its signature is broken), nxdomain, "
	"slow,\n"
	"                        qname-minimisation (a TXT that has in it what stands in\n"
	"                        qname-minimisation-says), client-subnet (with "
	"client-subnet-says).\n"
	"                        * in a name is random\n"
	"\n"
	"Exit code: 1 one was not reached.\n";

/* What one run is made of. */
struct command {
	struct audit_options options;
	struct audit_limits limits;
	bool json;
};

/* ------------------------------------------------------------------ the configuration */

/* A configuration that says nothing but whom to trust. */
static char *ca_text(const char *ca, size_t *ret_len)
{
	char *text = NULL;

	if (access(ca, R_OK) < 0)
		return NULL;
	errno = EINVAL;
	if (strpbrk(ca, "\"\\\n"))
		return NULL;
	*ret_len = 0;
	if (asprintf(&text, "tls-cert-bundle = \"%s\"\n", ca) < 0)
		return NULL;
	*ret_len = strlen(text);
	return text;
}

static struct config *load(const struct audit_options *c)
{
	struct config_overrides overrides = { .forward = c->upstreams,
		.forward_count = c->upstream_count };
	const char *file = c->file ? c->file : c->upstream_count ? NULL : config_file_default;
	struct config_errors errors = { 0 };
	struct config *config;
	size_t len = 0;
	char *text = c->ca ? ca_text(c->ca, &len) : file ? config_text_read(file, &len) : NULL;

	if ((file || c->ca) && !text) {
		fprintf(stderr, "dnsfwdctl: cannot read %s: %m%s\n", c->ca ? c->ca : file,
			c->file || c->ca ? "" : "; name a file with -c, or an UPSTREAM");
		return NULL;
	}
	config = config_load(text, len, c->ca ? "--ca" : file, &overrides, &errors);
	free(text);
	config_file_print_errors(&errors);
	config_errors_free(&errors);
	return config;
}

/* ------------------------------------------------------------------ auditing */

static void audit_one(const struct command *c, const struct config *config,
	const struct config_upstream *u, struct audit_facts *facts)
{
	struct addr found[AUDIT_ADDRESSES_MAX];
	struct audit_target target = { .upstream = u,
		.tls_priority = config->tls_priority,
		.addrs = u->address,
		.count = u->address_count };
	char error[TRANSPORT_TEXT_MAX] = "";

	if (u->host) {
		target.addrs = found;
		target.count = audit_lookup(config, u, found, error, sizeof error);
	}
	if (target.count > 0) {
		audit_probe(&target, &c->options.names, &c->limits, facts);
		return;
	}
	*facts = (struct audit_facts){ .stage = STAGE_ROUTE };
	snprintf(facts->failure, sizeof facts->failure, "%s", error);
}

/* A line for each. */
static void show_json(
	const char *name, const struct audit_facts *facts, const struct audit_report *report)
{
	struct json_object *o = audit_json(name, facts, report);

	if (o)
		puts(json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static int show(const struct command *c, const char *name, const struct audit_facts *facts)
{
	const struct audit_options *o = &c->options;
	struct audit_report report;

	audit_judge(facts, &report);
	if (c->json)
		show_json(name, facts, &report);
	else
		audit_print(name, facts, &report, stdout);
	fflush(stdout);
	if (report.grade == GRADE_NONE)
		return CTL_FAILED;
	return o->has_floor && report.grade < o->floor ? CTL_UNHEALTHY : CTL_OK;
}

static int audit_all(const struct command *c, const struct config *config)
{
	struct audit_facts facts;
	int code = CTL_OK, one;
	size_t count = 0;

	for (size_t i = 0; i < config->upstream_count; i++) {
		const struct config_upstream *u = &config->forward[i];

		if (config_is_plain(u->transport))
			continue;
		if (count++ > 0 && !c->json)
			putchar('\n');
		audit_one(c, config, u, &facts);
		one = show(c, u->name, &facts);
		code = one > code ? one : code;
	}
	if (count > 0)
		return code;
	fputs("dnsfwdctl: audit: there is no encrypted upstream\n", stderr);
	return CTL_FAILED;
}

/* ------------------------------------------------------------------ the command */

static int set_limits(struct command *c)
{
	const char *text = c->options.limit;
	uint64_t us = c->options.long_wait ? AUDIT_LONG_US : AUDIT_TIME_US;

	if (text && (!duration_parse(text, &us) || us < TIME_LEAST_US || us > TIME_MOST_US))
		return audit_complain("--time wants a duration from 1s to 10m");
	c->limits = (struct audit_limits){ .time_us = us, .wait_idle = c->options.long_wait };
	return CTL_OK;
}

static int run(struct command *c)
{
	struct config *config = load(&c->options);
	int code;

	if (!config)
		return CTL_FAILED;
	code = audit_all(c, config);
	config_unref(config);
	return code;
}

int ctl_audit(int argc, char **argv, const struct ctl_options *o)
{
	struct command c = { .json = o->json };
	int code = audit_options_parse(&c.options, argc, argv);

	if (code == CTL_OK)
		code = set_limits(&c);
	return code == CTL_OK ? run(&c) : code;
}
