#include <stdio.h>
#include <string.h>

#include "proxy/ctl/ctl.h"
#include "proxy/version.h"

static const char usage[] =
	"usage: dnsfwdctl [-s SOCKET] [--json] COMMAND [ARGUMENT]...\n"
	"       dnsfwdctl COMMAND --help\n"
	"\n"
	"Looks into a running dnsfwd, and tells it what to do.\n"
	"\n"
	"  -s, --socket SOCKET  its control socket (default: " CTL_SOCKET ")\n"
	"      --json           print what it answers, a line of JSON each, for programs\n"
	"  -V, --version        print the version, then exit\n"
	"  -h, --help           this help; of a command, behind its name\n"
	"\n"
	"commands:\n";

static const char exit_codes[] =
	"\n"
	"exit code: 0 done; 1 refused, or it did not work; 2 the command line is wrong; 3 dnsfwd is not\n"
	"running, or its socket is not for you; 4 dnsfwd runs and is not healthy (status)\n";

/* ------------------------------------------------------------------ help */

static void print_help(void)
{
	fputs(usage, stdout);
	for (const struct ctl_command *k = ctl_commands; k->name; k++)
		printf("  %-10s %s\n", k->name, k->summary);
	fputs(exit_codes, stdout);
}

static void print_command_help(const struct ctl_command *k)
{
	printf("usage: dnsfwdctl %s%s%s\n\n%s: %s.\n%s", k->name, *k->arguments ? " " : "",
		k->arguments, k->name, k->summary, k->help);
}

static const struct ctl_command *find_command(const char *name)
{
	for (const struct ctl_command *k = ctl_commands; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

/* ------------------------------------------------------------------ the command line */

struct line {
	struct ctl_options options;
	bool help, version;
	const char *wrong; /* what can't be understood; NULL */
	const char *lacks; /* an option without its value; NULL */
};

/* The value of "-s X", "-sX", "--socket X" or "--socket=X"; how many arguments it takes, 0: it is none. */
static int socket_option(int argc, char **argv, const char **ret)
{
	static const char name[] = "--socket=";

	if (strcmp(argv[0], "-s") == 0 || strcmp(argv[0], "--socket") == 0) {
		*ret = argc > 1 ? argv[1] : NULL;
		return argc > 1 ? 2 : 1;
	}
	if (strncmp(argv[0], name, sizeof name - 1) == 0)
		*ret = argv[0] + sizeof name - 1;
	else if (strncmp(argv[0], "-s", 2) == 0)
		*ret = argv[0] + 2;
	else
		return 0;
	return 1;
}

/* As many arguments as it has taken; 0: it is none of those that are understood everywhere. */
static int common_option(struct line *l, int argc, char **argv)
{
	const char *value = NULL;
	int taken = socket_option(argc, argv, &value);

	if (taken > 0) {
		l->options.socket = value;
		if (!value)
			l->lacks = argv[0];
		return taken;
	}
	if (strcmp(argv[0], "--json") == 0)
		l->options.json = true;
	else if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
		l->help = true;
	else
		return 0;
	return 1;
}

/* Takes these out wherever they stand; returns how many words are left. */
static int take_options(struct line *l, int argc, char **argv)
{
	int left = 0;

	for (int i = 0; i < argc;) {
		int taken = common_option(l, argc - i, argv + i);

		if (taken == 0 && left == 0 &&
			(strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)) {
			l->version = true;
			taken = 1;
		}
		if (taken == 0 && left == 0 && argv[i][0] == '-')
			l->wrong = argv[i];
		if (taken == 0)
			argv[left++] = argv[i++];
		else
			i += taken;
	}
	argv[left] = NULL;
	return left;
}

static int complain(const char *what, const char *about)
{
	fprintf(stderr, "dnsfwdctl: %s%s%s\nTry dnsfwdctl --help\n", about ? about : "",
		about ? ": " : "", what);
	return CTL_USAGE;
}

/* ------------------------------------------------------------------ doing it */

struct showing {
	const struct ctl_command *command;
	const struct ctl_options *options;
};

static int show_line(void *arg, struct json_object *line, const char *text)
{
	const struct showing *s = arg;

	if (s->options->json)
		puts(text);
	else if (s->command->show)
		s->command->show(line);
	return s->command->judge ? s->command->judge(line) : CTL_OK;
}

static int run(const struct line *l, int argc, char **argv)
{
	const struct ctl_command *k = find_command(argv[0]);
	struct showing s = { .command = k, .options = &l->options };

	if (!k)
		return complain("there is no such command", argv[0]);
	if (l->help) {
		print_command_help(k);
		return CTL_OK;
	}
	return k->local ? k->local(argc, argv, &l->options)
			: ctl_ask(&l->options, argc, argv, show_line, &s);
}

int main(int argc, char **argv)
{
	struct line l = { .options = { .socket = CTL_SOCKET } };
	int code = CTL_OK;

	argc = take_options(&l, argc - 1, argv + 1);
	argv++;
	if (l.lacks)
		return complain("the path of a socket is wanted behind it", l.lacks);
	if (l.wrong)
		return complain("this is not understood", l.wrong);
	if (l.version && argc > 0)
		return complain("nothing may stand behind --version", argv[0]);
	if (l.version)
		printf("dnsfwdctl %s\n", dnsfwd_version);
	else if (argc == 0 && !l.help)
		return complain("a command is wanted", NULL);
	else if (argc == 0)
		print_help();
	else
		code = run(&l, argc, argv);
	if (fflush(stdout) != 0 && code == CTL_OK)
		code = CTL_FAILED;
	return code;
}
