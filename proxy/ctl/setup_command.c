#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/ctl/commands_local.h"
#include "proxy/ctl/ctl.h"
#include "proxy/ctl/setup_listen.h"
#include "proxy/ctl/setup_print.h"
#include "proxy/ctl/setup_store.h"

#define WORDS_MAX 8u

extern char **environ;

const char ctl_setup_help[] =
	"Finds out who owns /etc/resolv.conf, asks whether dnsfwd answers, and tells what it would "
	"change.\n"
	"\n"
	"      --apply        change it, and keep what was there in " SETUP_STATE "\n"
	"      --undo         bring back what was there, to the last byte\n"
	"      --force        although dnsfwd does not answer; undo: although something was "
	"changed since\n"
	"  -c, --config FILE  where dnsfwd listens stands in FILE (the usual one by default)\n"
	"      --listen ADDR  it listens on ADDR\n"
	"      --root DIR     of a system below DIR; no command is run\n"
	"\n"
	"Exit code: 1 something is in the way.\n";

struct command {
	bool apply, undo, force, json;
	const char *root, *file, *listen;
};

static int complain(const char *what)
{
	fprintf(stderr, "dnsfwdctl: setup: %s\nTry dnsfwdctl setup --help\n", what);
	return CTL_USAGE;
}

static int fail(const char *what)
{
	fprintf(stderr, "dnsfwdctl: setup: %s\n", what);
	return CTL_FAILED;
}

/* ------------------------------------------------------------------ those who have to hear of it */

static int spawn(char **words)
{
	pid_t pid;
	int status, error = posix_spawnp(&pid, words[0], NULL, NULL, words, environ);

	if (error) {
		errno = error;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	errno = 0;
	return status == 0 ? 0 : -1;
}

static void run(const char *command)
{
	char text[128], *words[WORDS_MAX + 1] = { NULL }, *rest = text;

	snprintf(text, sizeof text, "%s", command);
	for (size_t i = 0; i < WORDS_MAX && rest; i++)
		words[i] = strsep(&rest, " ");
	if (spawn(words) < 0)
		fprintf(stderr, "dnsfwdctl: setup: \"%s\" did not work%s%s; run it by hand\n",
			command, errno ? ": " : "", errno ? strerror(errno) : "");
}

/* Of another root nobody runs here. */
static void run_all(const struct command *c, const struct setup_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		if (!*c->root)
			run(commands->command[i]);
		else if (!c->json)
			printf("not run, because of --root: %s\n", commands->command[i]);
}

/* ------------------------------------------------------------------ applying, undoing */

static bool is_dnsfwd(const struct setup_answer *a)
{
	/* A socket unit's is systemd's until the service has started. */
	return a->answers && (a->pid == 0 || strncmp(a->program, "dnsfwd", 6) == 0 ||
				     strcmp(a->program, "systemd") == 0);
}

/* NULL: nothing. */
static const char *find_obstacle(
	const struct command *c, const struct setup_report *r, char *text, size_t size)
{
	if (*r->plan->refusal)
		return r->plan->refusal;
	if (r->plan->changes == 0)
		return NULL;
	if (setup_is_applied(c->root))
		return "an earlier setup is not undone yet: dnsfwdctl setup --undo";
	if (c->force || is_dnsfwd(r->answer))
		return NULL;
	setup_answer_text(r->system, r->answer, text, size);
	if (r->answer->answers)
		snprintf(text + strlen(text), size - strlen(text), ", and that is not dnsfwd");
	else
		snprintf(text + strlen(text), size - strlen(text),
			": start dnsfwd first, or no name would be found any more (--force does it "
			"all the same)");
	return text;
}

static int set_up(const struct command *c, const struct addr *listen)
{
	struct setup_system system;
	struct setup_answer answer;
	struct setup_plan plan;
	struct setup_report r = { .system = &system, .answer = &answer, .plan = &plan };
	char text[512], error[PATH_MAX + 128];

	setup_look(&system, c->root, listen);
	setup_ask(listen, &answer);
	setup_make_plan(&system, &plan);
	r.obstacle = find_obstacle(c, &r, text, sizeof text);
	if (c->apply && plan.changes > 0 && !r.obstacle) {
		r.applied = setup_apply(c->root, &plan, error, sizeof error);
		r.obstacle = r.applied ? NULL : error;
	}
	(c->json ? setup_print_json : setup_print)(&r, stdout);
	fflush(stdout);
	if (r.applied)
		run_all(c, &plan.commands);
	setup_plan_free(&plan);
	setup_system_free(&system);
	return r.obstacle ? CTL_FAILED : CTL_OK;
}

struct undoing {
	const struct command *command;
	struct setup_commands commands;
};

static void on_undone(void *arg, const char *path)
{
	struct undoing *u = arg;

	setup_commands_of(path, &u->commands);
	if (!u->command->json)
		printf("%s is as it was\n", path);
}

static int undo(const struct command *c)
{
	struct undoing u = { .command = c };
	char error[PATH_MAX + 256];

	if (!setup_undo(c->root, c->force, on_undone, &u, error, sizeof error))
		return fail(error);
	if (c->json)
		puts("{ \"undone\": true }");
	fflush(stdout);
	run_all(c, &u.commands);
	return CTL_OK;
}

/* ------------------------------------------------------------------ the command line */

static bool take(struct command *c, int option)
{
	switch (option) {
	case 'a':
		c->apply = true;
		return true;
	case 'u':
		c->undo = true;
		return true;
	case 'f':
		c->force = true;
		return true;
	case 'r':
		c->root = strcmp(optarg, "/") == 0 ? "" : optarg;
		return true;
	case 'c':
		c->file = optarg;
		return true;
	case 'l':
		c->listen = optarg;
		return true;
	default: /* getopt has said what is wrong */
		fputs("Try dnsfwdctl setup --help\n", stderr);
		return false;
	}
}

int ctl_setup(int argc, char **argv, const struct ctl_options *o)
{
	static const struct option options[] = {
		{ "apply", no_argument, NULL, 'a' },
		{ "undo", no_argument, NULL, 'u' },
		{ "force", no_argument, NULL, 'f' },
		{ "root", required_argument, NULL, 'r' },
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ 0 },
	};
	static char name[] = "dnsfwdctl: setup"; /* for getopt's own complaints */
	struct command c = { .root = "", .json = o->json };
	struct addr listen;
	char error[PATH_MAX + 128];
	int option;

	argv[0] = name;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) >= 0)
		if (!take(&c, option))
			return CTL_USAGE;
	if (optind < argc)
		return complain("it takes no further words");
	if (*c.root && access(c.root, X_OK) < 0) {
		snprintf(error, sizeof error, "--root %s: %s", c.root, strerror(errno));
		return fail(error);
	}
	if (c.apply && c.undo)
		return complain("--apply or --undo, not both");
	if (c.undo)
		return undo(&c);
	if (!setup_listen(c.root, c.file, c.listen, &listen, error, sizeof error))
		return fail(error);
	return set_up(&c, &listen);
}
