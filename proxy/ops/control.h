/*
 * The control socket (design 9, threats A55): a Unix stream socket on which dnsfwdctl, or any other
 * program, sends one request line and gets one line of JSON, or several where a command says so, and then
 * the end of the stream.  What goes wrong is {"error":"..."}.
 *
 * Rights go by SO_PEERCRED: root and the uid that dnsfwd runs as may do all; whoever else the mode of
 * the socket lets in (its group) may look.  Bounds: clients, octets and time of a request, time of a
 * command, octets and time of an answer; none of them touches the answering of queries.
 *
 * All on main's loop.
 */
#ifndef PROXY_OPS_CONTROL_H
#define PROXY_OPS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/json.h"

struct added_zones;
struct app;
struct cache;
struct config;
struct control;
struct event_base;
struct gatherer;
struct portal_keeper;
struct surroundings;

/* Connections at a time; of these, of such as may only look. */
#define CONTROL_CLIENTS_MAX 32u
#define CONTROL_LOOKERS_MAX 24u
/* A request has to be there, and a part of an answer to be taken, within so long. */
#define CONTROL_WAIT_US 5000000u
/* A command that has not answered by then is told to be late; those that stream are not. */
#define CONTROL_RUN_US 30000000u
/* Octets of answers that wait to be taken; a line that is longer is an error. */
#define CONTROL_OUTPUT_MAX (2u * 1024 * 1024)
/* Queries of our own under way at a time. */
#define CONTROL_EXPLAIN_MAX 8u

enum control_right {
	CONTROL_LOOK,	/* whoever the socket lets in */
	CONTROL_CHANGE, /* root, and the uid that we run as */
};

/* One request under way. */
struct control_call;

/* A row of the table (control_commands.h). */
struct control_command {
	const char *name;
	enum control_right right;
	unsigned min_words, max_words; /* behind the name */
	const char *usage;	       /* all of it: "flush [NAME | --zone NAME | --all]" */
	/*
	 * Main's thread.  Ends the call exactly once, now or later, with control_end or
	 * control_fail, unless it is told that the client has gone.
	 */
	void (*run)(struct control_call *c);
};

/* What commands work on; main's thread may change it between turns of its loop. */
struct control_context {
	struct app *app;
	struct gatherer *gatherer;
	struct cache *cache; /* NULL: none */
	const struct config *config;
	const struct surroundings *around;
	struct added_zones *zones; /* beside those of the configuration */
	struct portal_keeper *portals;
	struct event_base *base;
	unsigned explaining; /* queries of explain under way */
	/*
	 * Reads the configuration again, as SIGHUP does.  0, or negative errno with what is wrong with it, a
	 * line each: then the old one stays.
	 */
	int (*reload)(struct app *app, char *error, size_t size);
};

struct control_setup {
	struct event_base *base;
	const char *path;		 /* borrowed */
	bool is_default;		 /* nobody wrote it: that it can't be made is no error */
	gid_t group;			 /* (gid_t)-1: our own */
	struct control_context *context; /* borrowed */
};

/*
 * 0 with *ret, which is NULL where the path is "", or is_default and can't be made (which is logged);
 * negative errno with one sentence.  Before other threads are started.
 */
int control_new(const struct control_setup *setup, struct control **ret, char *error, size_t size);
/* Ends all calls, and removes the socket.  NULL is fine. */
void control_free(struct control *c);

/* Bound hit: connections refused or closed because there were too many. */
uint64_t control_refused(const struct control_call *c);

/* ------------------------------------------------------------------ for commands */

struct control_context *control_context(const struct control_call *c);
/* Words behind the name; NULL beyond the last. */
const char *control_word(const struct control_call *c, size_t i);
uid_t control_uid(const struct control_call *c);

/* The line to be written next: empty at first, and after control_send. */
struct json *control_json(struct control_call *c);

/*
 * Sends that line; more come.  From the first on there is no limit to the time of the command.  False: the
 * client takes nothing any more, or has too much to take yet; the call is ended soon.
 */
bool control_send(struct control_call *c);
/* Sends that line, unless it is empty, as the last one; the call is not to be used any more. */
void control_end(struct control_call *c);
/* Instead: {"error": one sentence}. */
void control_fail(struct control_call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with lines, each what is wrong: {"error": the first, "errors": [all of them]}. */
void control_refuse(struct control_call *c, const char *lines);

/*
 * For what answers later: gone(arg) is called when the client has gone, or the time is over, before the
 * call was ended: it is not to be used any more.  At most one; NULL takes it back.
 */
void control_on_gone(struct control_call *c, void (*gone)(void *arg), void *arg);

#endif
