/*
 * dnsfwdctl: one table of commands (commands.c).  Most are sent to the control socket of a running dnsfwd
 * (proxy/ops/control.h), and what comes back is shown to people, or as it is with --json; some do their
 * work here.
 */
#ifndef PROXY_CTL_CTL_H
#define PROXY_CTL_CTL_H

#include <signal.h>
#include <stdbool.h>

struct json_object;

#define CTL_SOCKET "/run/dnsfwd/control.sock"

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,	     /* refused, or it did not work */
	CTL_USAGE = 2,	     /* the command line */
	CTL_UNREACHABLE = 3, /* dnsfwd is not running, or its socket is not for us */
	CTL_UNHEALTHY = 4,   /* status: it runs, and something is amiss */
};

struct ctl_options {
	const char *socket; /* path of the control socket */
	bool json;	    /* for programs */
	bool quiet;	    /* nothing is said of errors */
	const volatile sig_atomic_t *ended; /* set by a signal: nothing is waited for; or NULL */
};

struct ctl_command {
	const char *name;
	const char *arguments; /* "[NAME | --zone NAME | --all]", "" */
	const char *summary;   /* one line */
	const char *help;      /* lines behind the usage, each ended by LF */
	/*
	 * Works here: as main(), argv[0] is the name; --json, --help and --socket have been taken out.
	 * NULL: sent to dnsfwd, word by word.
	 */
	int (*local)(int argc, char **argv, const struct ctl_options *o);
	/* Shows one line of the answer, which is no error, to people.  NULL: there is nothing to say. */
	void (*show)(struct json_object *answer);
	/* The exit code that follows from it.  NULL: CTL_OK. */
	int (*judge)(struct json_object *answer);
};

/* Ended by a row without name. */
extern const struct ctl_command ctl_commands[];

/*
 * Sends the words as one request, and hands each line of the answer to show(arg, line, its text, which
 * has no LF) until it returns another code than CTL_OK, or the answer ends.  Errors are told on stderr (with
 * --json on stdout, as they came).  Returns an exit code.
 */
int ctl_ask(const struct ctl_options *o, int count, char *const *words,
	int (*show)(void *arg, struct json_object *line, const char *text), void *arg);

int ctl_portal(int argc, char **argv, const struct ctl_options *o);
int ctl_top(int argc, char **argv, const struct ctl_options *o);

/* Commands in files of their own: what they show. */
void ctl_show_status(struct json_object *answer);
int ctl_judge_status(struct json_object *answer);
void ctl_show_stats(struct json_object *answer);
void ctl_show_query(struct json_object *answer);
void ctl_show_explain(struct json_object *answer);
void ctl_show_upstreams(struct json_object *answer);

#endif
