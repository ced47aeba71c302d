#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "common/base/log_recent.h"
#include "common/config/presets.h"
#include "proxy/app.h"
#include "proxy/config_file.h"
#include "proxy/features.h"
#include "proxy/import/import.h"
#include "proxy/ops/log_target.h"
#include "proxy/ops/preflight.h"
#include "proxy/upstream/bootstrap_channel.h"
#include "proxy/version.h"

/* What the command line asks for. */
struct command {
	struct config_file file; /* its texts are argv's, and the array below */
	bool check, print, version, list_presets, json;
	const char *import, *import_kind; /* NULL: not asked for */
	const char *listen[CONFIG_LISTEN_MAX];
};

/* What is not built in is not in the help. */
#if WITH_DESK
#define DESK(text) text
#else
#define DESK(text) ""
#endif
#if WITH_IMPORT
#define IMPORT(text) text
#else
#define IMPORT(text) ""
#endif

static const char usage[] =
	"usage: dnsfwd [-c FILE] [-t]" DESK(" [-T]") " [-v] [-V] [-h] [--listen ADDR]... [UPSTREAM...]\n"
	"       dnsfwd --list-presets" DESK(" [--json]") "\n"
	IMPORT("       dnsfwd --import FILE [--import-kind KIND] [UPSTREAM...]\n")
	"\n"
	"  -c, --config FILE  read FILE (default: " CONFIG_FILE
	"; none when an UPSTREAM is given)\n"
	"  -t, --check        check configuration and trust store, then exit\n"
	DESK("  -T, --print        print the effective configuration, then exit\n")
	"  -v, --verbose      log more (debug)\n"
	"  -V, --version      print versions, then exit\n"
	"      --listen ADDR  listen on ADDR instead: IP, IP@port, IPv4:port, [IPv6]:port\n"
	"      --list-presets list the public resolvers that are known by name, then exit\n"
	DESK("      --json         list them for programs\n")
	IMPORT("      --import FILE  print the configuration that stubby.yml, resolved.conf or unbound.conf\n"
	       "                     comes to, then exit; UPSTREAM: for a FILE that names none\n"
	       "      --import-kind K  FILE is of stubby, resolved or unbound; else that is guessed\n")
	"  UPSTREAM           forward there instead: quad9, tls://dns.quad9.net,\n"
	"                     tls://9.9.9.9#dns.quad9.net, 9.9.9.9@853#dns.quad9.net,\n"
	"                     [2620:fe::fe]:853#dns.quad9.net\n"
	"\n"
	"Try: dnsfwd --listen 127.0.0.1:5300 quad9\n"
	"     dig @127.0.0.1 -p 5300 example.com\n";

static void print_version(void)
{
	printf("dnsfwd %s\nGnuTLS %s, libevent %s, c-ares %s, libconfig %d.%d.%d\nbuilt with %s\n",
		dnsfwd_version, gnutls_check_version(NULL), event_get_version(),
		bootstrap_channel_library(), LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
		LIBCONFIG_VER_REVISION, features_text);
}

/* ------------------------------------------------------------------ the command line */

static void add_listen(struct command *c, const char *text)
{
	if (c->file.overrides.listen_count == CONFIG_LISTEN_MAX) {
		fprintf(stderr, "dnsfwd: more than %u --listen\n", CONFIG_LISTEN_MAX);
		exit(EXIT_CONFIG);
	}
	c->listen[c->file.overrides.listen_count++] = text;
}

static void __attribute__((noreturn)) refuse_line(const char *what, const char *which)
{
	fprintf(stderr, "dnsfwd: %s%s\nTry dnsfwd --help\n", what, which);
	exit(EXIT_CONFIG);
}

/* The name of a file: nobody could say which of two is meant. */
static void take_once(const char **name, const char *option)
{
	if (*name)
		refuse_line("there is more than one ", option);
	if (!*optarg)
		refuse_line("the name of a file is wanted behind ", option);
	*name = optarg;
}

static void parse_option(struct command *c, int option)
{
	switch (option) {
	case 'c':
		take_once(&c->file.name, "-c");
		break;
	case 't':
		c->check = true;
		break;
	case 'T':
		c->print = true;
		break;
	case 'v':
		c->file.verbose++;
		break;
	case 'V':
		c->version = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_OK);
	case 'l':
		add_listen(c, optarg);
		break;
	case 'p':
		c->list_presets = true;
		break;
	case 'i':
		take_once(&c->import, "--import");
		break;
	case 'k':
		c->import_kind = optarg;
		break;
	case 'j':
		c->json = true;
		break;
	default: /* getopt has said what is wrong */
		fputs("Try dnsfwd --help\n", stderr);
		exit(EXIT_CONFIG);
	}
}

/* They are known all the same, so that it can be told. */
static void check_desk(const struct command *c)
{
	if (WITH_DESK || (!c->print && !c->json))
		return;
	fprintf(stderr, "dnsfwd: %s: this dnsfwd was built without it (make DESK=1)\n", c->print ? "-T" : "--json");
	exit(EXIT_CONFIG);
}

/* What the options ask for is one thing, with all that is written used for it.  word: the first that is no option. */
static void check_kinds(const struct command *c, const char *word)
{
	bool of_configuration = c->file.name || c->file.overrides.listen_count > 0 || c->file.verbose;

	if ((c->list_presets || c->version) && word)
		refuse_line(c->version ? "nothing may stand behind -V: " : "nothing may stand behind --list-presets: ",
			word);
	if (c->check + c->print + c->version + c->list_presets + (c->import != NULL) > 1)
		refuse_line("one of -t, -T, -V, --list-presets and --import at a time", "");
	if ((c->list_presets || c->import) && of_configuration)
		refuse_line("--list-presets and --import read no configuration: leave out -c, --listen and -v", "");
}

static void parse_command(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 't' },
		{ "print", no_argument, NULL, 'T' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ "listen", required_argument, NULL, 'l' },
		{ "list-presets", no_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "import", required_argument, NULL, 'i' },
		{ "import-kind", required_argument, NULL, 'k' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:tTvVh", options, NULL)) >= 0)
		parse_option(c, option);
	if (c->import_kind && !c->import)
		refuse_line("--import-kind goes with --import", "");
	if (c->json && !c->list_presets)
		refuse_line("--json goes with --list-presets", "");
	check_kinds(c, argc > optind ? argv[optind] : NULL);
	check_desk(c);
	c->file.overrides.listen = c->listen;
	c->file.overrides.forward = (const char *const *)argv + optind;
	c->file.overrides.forward_count = (size_t)(argc - optind);
}

/* ------------------------------------------------------------------ the configuration */

static void print_errors(const struct config_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		fprintf(stderr, "dnsfwd: %s\n", e->text[i]);
	if (e->dropped)
		fprintf(stderr, "dnsfwd: ... and %zu more\n", e->dropped);
}

static void list_presets(bool json)
{
	struct presets *presets = presets_load();

	if (!presets) {
		fputs("dnsfwd: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	if (WITH_DESK && json)
		presets_print_json(presets, stdout);
	else
		presets_print(presets, stdout);
	presets_free(presets);
}

/* They are for whoever looks at the configuration, or else for the log. */
static void tell_warnings(const struct config *config, bool to_log)
{
	for (size_t i = 0; i < config->warnings.count; i++) {
		if (to_log)
			log_warning("%s", config->warnings.text[i]);
		else
			fprintf(stderr, "dnsfwd: warning: %s\n", config->warnings.text[i]);
	}
}

static const char *file_of(const struct command *c)
{
	if (c->file.name)
		return c->file.name;
	return c->file.overrides.forward_count == 0 ? CONFIG_FILE : "command line";
}

static void tell_warning(void *arg, const char *text)
{
	fprintf(stderr, "dnsfwd: warning: %s: %s\n", file_of(arg), text);
}

static struct config *load(const struct command *c)
{
	struct config_errors errors = { 0 };
	bool unreadable;
	struct config *config = config_file_load(&c->file, &errors, &unreadable);

	print_errors(&errors);
	config_errors_free(&errors);
	if (!config)
		exit(unreadable ? EXIT_FILES : EXIT_CONFIG);
	return config;
}

/* ------------------------------------------------------------------ the process */

/* One descriptor a TCP client; the default of 1024 is soon gone with several workers. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static enum exit_code run(const struct command *c, struct config *config)
{
	char error[512];
	enum exit_code code;
	struct app *app = app_new(config, &c->file, c->check, &code, error, sizeof error);

	if (!c->check)
		tell_warnings(config, true); /* where the log goes is settled */
	if (!app) {
		if (c->check)
			fprintf(stderr, "dnsfwd: %s: %s\n", file_of(c), error);
		else
			log_error("%s", error);
		return code;
	}
	if (!c->check) {
		log_info("dnsfwd %s, GnuTLS %s, libevent %s", dnsfwd_version,
			gnutls_check_version(NULL), event_get_version());
		code = app_run(app);
	}
	app_free(app);
	return code;
}

int main(int argc, char **argv)
{
	struct command command = { 0 };
	struct config *config;
	enum exit_code code = EXIT_OK;

	parse_command(&command, argc, argv);
	if (command.version) {
		print_version();
		return EXIT_OK;
	}
	if (command.list_presets) {
		list_presets(command.json);
		return EXIT_OK;
	}
	if (command.import)
		return import_command(command.import, command.import_kind,
			command.file.overrides.forward, command.file.overrides.forward_count);
	config = load(&command);
	log_open(STDERR_FILENO, config_file_level(&command.file, config),
		log_target_is_journal(STDERR_FILENO));
	if (command.check || command.print)
		tell_warnings(config, false);
	if (WITH_DESK && command.check)
		preflight(config, tell_warning, &command);
	raise_descriptors();
	if (!command.check && !command.print)
		log_recent_begin(); /* without memory for it there is none */
	if (WITH_DESK && command.print)
		config_print(config, stdout);
	else
		code = run(&command, config);
	if (command.check && code == EXIT_OK)
		puts("the configuration is good");
	if (code != EXIT_OK && !log_target_is_stderr())
		fputs("dnsfwd: ended with an error; the log says why\n", stderr);
	log_target_end();
	config_unref(config);
	log_recent_end();
	return (int)code;
}
