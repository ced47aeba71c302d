/*
 * Pointing a system at dnsfwd: who owns resolv.conf (setup_system), what would have to change
 * (setup_plan), and changing it so that it can be undone to the last byte (setup_store).
 *
 * Every path is one of the system's, "/etc/resolv.conf"; where a root folder is given, it stands before
 * all of them.
 */
#ifndef PROXY_CTL_SETUP_H
#define PROXY_CTL_SETUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

#define SETUP_RESOLV_CONF "/etc/resolv.conf"
/* Stands in every file that was written. */
#define SETUP_MARK	   "by dnsfwdctl setup"
#define SETUP_FILE_MAX	   65536u /* larger files are left alone */
#define SETUP_CHANGES_MAX  4u
#define SETUP_COMMANDS_MAX 4u
#define SETUP_NOTES_MAX	   8u
#define SETUP_NOTE_MAX	   512u
#define SETUP_SERVERS_MAX  8u

enum setup_owner {
	OWNER_FILE = 0, /* nobody: people write it */
	OWNER_RESOLVED,
	OWNER_NETWORKMANAGER,
	OWNER_RESOLVCONF, /* Debian's */
	OWNER_OPENRESOLV,
	OWNER_DHCLIENT,
	OWNER_DNSMASQ, /* answers on this machine, in front of others */
	OWNER_OTHER,   /* a program that we know by name only, or a link that leads elsewhere */
};

enum setup_kind { KIND_ABSENT = 0, KIND_FILE, KIND_LINK, KIND_OTHER };

/* What was found. */
struct setup_system {
	const char *root;   /* borrowed; "" is this system */
	struct addr listen; /* where dnsfwd is expected */
	enum setup_owner owner;
	char other[64];	       /* OWNER_OTHER: who */
	enum setup_kind kind;  /* of resolv.conf itself */
	char target[PATH_MAX]; /* KIND_LINK */
	bool immutable;
	char *text; /* what it says, links followed; NULL: it can't be read; owned */
	size_t len;
	char servers[SETUP_SERVERS_MAX][ADDR_TEXT_MAX];
	size_t server_count;
	bool uplink; /* systemd-resolved: the link leads past its stub */
};

void setup_look(struct setup_system *s, const char *root, const struct addr *listen);
void setup_system_free(struct setup_system *s);
const char *setup_owner_text(const struct setup_system *s);

/* Some program answers at s->listen; and who has that port (program "" where that can't be seen). */
struct setup_answer {
	bool answers;
	bool held;
	int pid;
	char program[17];
	char where[ADDR_TEXT_MAX];
	const char *advice; /* static: how to get it out of the way */
};
void setup_ask(const struct addr *listen, struct setup_answer *ret);

/* One path that is to be another than it is. */
struct setup_change {
	char path[PATH_MAX];
	char *text; /* its content from then on; owned.  NULL: it becomes a link to target */
	char target[PATH_MAX];
};

/* Words with blanks between; static. */
struct setup_commands {
	const char *command[SETUP_COMMANDS_MAX];
	size_t count;
};
/* Adds what has to be run when that file has changed. */
void setup_commands_of(const char *path, struct setup_commands *c);

struct setup_plan {
	struct setup_change change[SETUP_CHANGES_MAX];
	size_t changes;				    /* 0: nothing is to be done */
	struct setup_commands commands;		    /* to be run afterwards */
	char note[SETUP_NOTES_MAX][SETUP_NOTE_MAX]; /* what people should know */
	size_t notes;
	char refusal[SETUP_NOTE_MAX]; /* why it can't be done; "": it can */
	bool no_memory;
};

void setup_make_plan(const struct setup_system *s, struct setup_plan *ret);
void setup_plan_free(struct setup_plan *p);

/* root and path, as one: false where that is too long. */
bool setup_path(const char *root, const char *path, char ret[PATH_MAX]);
/* A whole file of at most SETUP_FILE_MAX, NUL behind it; the caller's.  NULL with errno. */
char *setup_read(const char *root, const char *path, size_t *ret_len);

#endif
