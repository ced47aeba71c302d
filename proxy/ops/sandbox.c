#include "proxy/ops/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/capabilities.h"
#include "proxy/ops/landlock.h"
#include "proxy/ops/sandbox_calls.h"
#include "proxy/ops/sandbox_paths.h"
#include "proxy/ops/user.h"

/* Of this process, as what it has given up is. */
static struct {
	bool files_limited;
	bool binds_devices; /* sockets can be bound to an interface */
	struct sandbox_paths paths;
} in_force = { .binds_devices = true };

/* What is told at the end. */
struct report {
	char there[512], missing[512];
};

static void __attribute__((format(printf, 2, 3))) say(char text[512], const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len > 0)
		len += (size_t)snprintf(text + len, 512 - len, ", ");
	if (len >= 512)
		return;
	va_start(args, format);
	vsnprintf(text + len, 512 - len, format, args);
	va_end(args);
}

/* ------------------------------------------------------------------ capabilities */

static bool has_interface(const struct config *c)
{
	for (size_t i = 0; i < c->zone_count; i++)
		if (*c->zone[i].interface)
			return true;
	return false;
}

/* Since 5.7 a socket that is bound to no interface yet can be bound to one by anybody. */
static bool kernel_binds_devices(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 7));
}

/* A reload may want to listen elsewhere, or to bind to an interface; nothing else needs any. */
static uint64_t wanted(const struct sandbox_setup *s)
{
	uint64_t keep = s->passed_sockets ? 0 : CAPABILITY(CAP_NET_BIND_SERVICE);

	if (has_interface(s->config) && !kernel_binds_devices())
		keep |= CAPABILITY(CAP_NET_RAW);
	return keep;
}

static void limit_capabilities(uint64_t keep, struct report *r)
{
	uint64_t has = 0;
	int err = capabilities_limit(keep);

	if (err == 0)
		err = capabilities_effective(&has);
	if (err < 0) {
		say(r->missing, "capabilities (%s)", strerror(-err));
		return;
	}
	in_force.binds_devices = has & CAPABILITY(CAP_NET_RAW) || kernel_binds_devices();
	if (has == 0)
		say(r->there, "no capabilities");
	if (has & CAPABILITY(CAP_NET_BIND_SERVICE))
		say(r->there, "CAP_NET_BIND_SERVICE");
	if (has & CAPABILITY(CAP_NET_RAW))
		say(r->there, "CAP_NET_RAW");
}

/* ------------------------------------------------------------------ the user */

/* u NULL: for whom we are. */
static void give_folders(const struct config *c, const struct user *u)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(c->control, '/');

	if (*c->state_dir)
		user_give_folder(u, c->state_dir, 0700);
	if (!c->control_is_default || !slash || slash - c->control >= PATH_MAX)
		return;
	memcpy(folder, c->control, (size_t)(slash - c->control));
	folder[slash - c->control] = '\0';
	user_give_folder(u, folder, 0755);
}

int sandbox_prepare(
	const struct config *config, bool check_only, gid_t *ret_group, char *error, size_t size)
{
	bool wanted = *config->user;
	struct user u = { .groups = NULL };
	int err = wanted ? user_find(config->user, &u, error, size) : 0;

	if (err == 0)
		*ret_group = wanted ? u.gid : (gid_t)-1;
	if (err == 0 && !check_only)
		give_folders(config, wanted ? &u : NULL);
	user_deinit(&u);
	return err;
}

static int become(const struct config *c, struct report *r, char *error, size_t size)
{
	struct user u;
	int err;

	if (!*c->user) {
		say(r->there, "user %u%s", (unsigned)geteuid(), geteuid() == 0 ? " (root)" : "");
		return 0;
	}
	err = user_find(c->user, &u, error, size);
	if (err == 0)
		err = user_become(&u, error, size);
	if (err == 0)
		say(r->there, "user %.80s", u.name);
	user_deinit(&u);
	return err;
}

/* ------------------------------------------------------------------ calls and files */

/*
 * Keys of sessions and what clients ask for are in our memory.  The limit says so once more, where
 * it may be set: a filter around us may forbid that.
 */
static void leave_no_core(struct report *r)
{
	static const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		say(r->there, "no core");
	else
		say(r->missing, "no core (%s)", strerror(errno));
}

static bool forbid_privileges(struct report *r)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		say(r->there, "no new privileges");
		return true;
	}
	say(r->missing, "no new privileges (%s)", strerror(errno));
	return false;
}

/* A service manager behind an abstract socket has to be reached. */
static bool is_lone(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return !name || *name != '@';
}

static void limit_files(struct report *r)
{
	int err;

	if (!WITH_LANDLOCK) {
		say(r->missing, "limit of files (built without Landlock)");
		return;
	}
	err = landlock_enter(in_force.paths.path, in_force.paths.count, is_lone());
	in_force.files_limited = err == 0;
	if (err == 0)
		say(r->there, "files limited (Landlock %d)", landlock_version());
	else if (err == -ENOSYS || err == -EOPNOTSUPP)
		say(r->missing, "limit of files (this kernel has no Landlock)");
	else
		say(r->missing, "limit of files (Landlock: %s)", strerror(-err));
}

static void limit_calls(struct report *r)
{
	int err = sandbox_calls_enter();

	if (err == 0)
		say(r->there, "system calls filtered%s",
			sandbox_calls_wide() ? " (wider, for sanitizers)" : "");
	else
		say(r->missing, "filter of system calls (%s)",
			err == -ENOSYS ? "built without libseccomp" : strerror(-err));
}

static void shut(const struct sandbox_setup *s, struct report *r)
{
	limit_capabilities(wanted(s), r);
	leave_no_core(r);
	if (forbid_privileges(r)) {
		limit_files(r);
		limit_calls(r);
	}
}

/* Whoever debugs wants cores, which a change of user has taken away. */
static void open_up(const struct sandbox_setup *s, struct report *r)
{
	if (*s->config->user)
		limit_capabilities(wanted(s), r);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int sandbox_enter(const struct sandbox_setup *setup, char *error, size_t size)
{
	struct report r = { "", "" };
	bool wanted_all = setup->config->sandbox;
	int err;

	if (wanted_all)
		capabilities_drop_bounding();
	err = become(setup->config, &r, error, size);
	if (err < 0)
		return err;
	err = WITH_LANDLOCK && wanted_all ? sandbox_paths_init(&in_force.paths, setup->config) : 0;
	if (err < 0) {
		snprintf(error, size, "out of memory");
		return err;
	}
	if (wanted_all)
		shut(setup, &r);
	else
		open_up(setup, &r);
	log_info("sandbox: %s%s%s", r.there, *r.missing ? "; not in force: " : "", r.missing);
	if (!wanted_all)
		log_warning("sandbox = false: system calls and files are not limited");
	return 0;
}

/* ------------------------------------------------------------------ asking */

bool sandbox_allows_path(const char *path, bool write)
{
	return !WITH_LANDLOCK || !in_force.files_limited || sandbox_paths_allow(&in_force.paths, path, write);
}

struct question {
	char *error;
	size_t size;
};

static bool allows(void *arg, const char *path, bool write)
{
	const struct question *q = arg;

	if (sandbox_allows_path(path, write))
		return true;
	snprintf(q->error, q->size, "needs a restart: %s is in a folder that the sandbox was not told of", path);
	return false;
}

bool sandbox_allows(const struct config *config, char *error, size_t size)
{
	struct question q = { error, size };

	if (has_interface(config) && !in_force.binds_devices) {
		snprintf(error, size, "needs a restart: interface of a zone");
		return false;
	}
	return !WITH_LANDLOCK || sandbox_paths_each(config, allows, &q);
}

void sandbox_leave(void)
{
	if (WITH_LANDLOCK)
		sandbox_paths_deinit(&in_force.paths);
}
