#include "proxy/ops/control_path.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

#define BACKLOG 128
/* For whoever starts beside us. */
#define LOCK_WAIT_MS 1000u
#define LOCK_STEP_MS 20u

/* Where the socket is to stand. */
struct place {
	struct sockaddr_un address;
	char name[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* in the folder */
	int folder;
};

static int fail(char *error, size_t size, int err, const char *what)
{
	snprintf(error, size, "%s: %s", what, strerror(err));
	return -err;
}

static int refuse(char *error, size_t size, int err, const char *why)
{
	snprintf(error, size, "%s", why);
	return -err;
}

/* ------------------------------------------------------------------ the folder */

/*
 * Whoever can write there can put a socket of his own in place of ours, and tell dnsfwdctl what he likes.  He gets
 * nothing of dnsfwd by that, so it is no reason not to resolve.
 */
static int check_folder(int folder, const char *path, char *error, size_t size)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return fail(error, size, errno, "its folder");
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		log_warning("control socket %s: anybody can write to its folder, and put a socket of his own "
			    "there; choose one that only its owner can write to",
			path);
	return 0;
}

static int open_folder(
	struct place *p, const char *path, bool make, char *error, size_t size)
{
	char copy[PATH_MAX], *folder;

	snprintf(copy, sizeof copy, "%s", path);
	folder = dirname(copy);
	if (make)
		mkdir(folder, 0755); /* what is wrong is told by open */
	p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->folder < 0)
		return fail(error, size, errno, "its folder");
	return check_folder(p->folder, path, error, size);
}

static int find_place(
	struct place *p, const char *path, bool make, char *error, size_t size)
{
	const char *name = strrchr(path, '/');

	*p = (struct place){ .folder = -1, .address = { .sun_family = AF_UNIX } };
	name = name ? name + 1 : path;
	if (strlen(path) >= sizeof p->address.sun_path)
		return refuse(error, size, ENAMETOOLONG,
			"the path of a socket has at most 107 octets");
	if (*name == '\0')
		return refuse(error, size, EISDIR, "it is a folder");
	snprintf(p->address.sun_path, sizeof p->address.sun_path, "%s", path);
	snprintf(p->name, sizeof p->name, "%s", name);
	return open_folder(p, path, make, error, size);
}

/* ------------------------------------------------------------------ what stands there */

/* 0: nobody listens; else negative errno. */
static int ask_if_alive(const struct place *p, char *error, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof peer;
	int err = 0;

	if (fd < 0)
		return fail(error, size, errno, "socket");
	if (connect(fd, (const struct sockaddr *)&p->address, sizeof p->address) < 0)
		err = errno;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	close(fd);
	if (err == ECONNREFUSED || err == ENOENT)
		return 0;
	if (err != 0 && err != EAGAIN)
		return fail(error, size, err, "there is a socket");
	snprintf(error, size,
		"another process (pid %ld) listens there; end it, or choose another path",
		(long)peer.pid);
	return -EADDRINUSE;
}

static int clear_place(const struct place *p, char *error, size_t size)
{
	struct stat st;
	int err;

	if (fstatat(p->folder, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(error, size, errno, "what is there");
	if (!S_ISSOCK(st.st_mode))
		return refuse(error, size, EEXIST,
			"something that is no socket stands there; move it away");
	err = ask_if_alive(p, error, size);
	if (err < 0)
		return err;
	if (unlinkat(p->folder, p->name, 0) < 0 && errno != ENOENT)
		return fail(error, size, errno, "the socket that a dead process has left");
	return 0;
}

/* ------------------------------------------------------------------ making it */

/*
 * The folder may be that of the user that we will become: what he puts in its place meanwhile, a second name of some
 * file of root's, is not given to his group.
 */
static int give_group(const struct control_path *c, const struct place *p, gid_t group)
{
	int fd = openat(p->folder, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = -1;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == c->device &&
		st.st_ino == c->inode)
		err = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH);
	else
		errno = EEXIST;
	close(fd);
	return err;
}

/* bind() follows no link at the end of the path, and never replaces anything. */
static int bind_there(
	struct control_path *c, const struct place *p, gid_t group, char *error, size_t size)
{
	mode_t mask = umask(0117);
	struct stat st;
	int bound = bind(c->fd, (const struct sockaddr *)&p->address, sizeof p->address);
	int err = errno;

	umask(mask);
	if (bound < 0)
		return fail(error, size, err, "bind");
	if (fstatat(p->folder, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(error, size, errno, "the new socket");
	c->device = st.st_dev;
	c->inode = st.st_ino;
	if (group != (gid_t)-1 && give_group(c, p, group) < 0)
		return fail(error, size, errno, "its group");
	return listen(c->fd, BACKLOG) < 0 ? fail(error, size, errno, "listen") : 0;
}

/*
 * Two that start at once must not take each other's for a dead one: one at a time in a folder.  Anybody who can read
 * it can lock it, too, and for ever: nobody is to keep us from starting, so after a while it goes on without.
 */
static void lock_folder(int folder)
{
	static const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000 };

	for (unsigned ms = 0; flock(folder, LOCK_EX | LOCK_NB) < 0 && ms < LOCK_WAIT_MS;
		ms += LOCK_STEP_MS)
		nanosleep(&step, NULL);
}

static int make(struct control_path *c, const struct place *p, gid_t group, char *error, size_t size)
{
	int err;

	lock_folder(p->folder);
	err = clear_place(p, error, size);
	if (err < 0)
		return err;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return c->fd < 0 ? fail(error, size, errno, "socket")
			 : bind_there(c, p, group, error, size);
}

int control_path_open(struct control_path *c, const char *path, gid_t group, int make_folder,
	char *error, size_t size)
{
	struct place p;
	int err;

	*c = (struct control_path){ .fd = -1 };
	err = find_place(&p, path, make_folder, error, size);
	if (err == 0)
		err = make(c, &p, group, error, size);
	if (p.folder >= 0)
		close(p.folder);
	if (err < 0)
		control_path_close(c, path);
	return err;
}

void control_path_close(struct control_path *c, const char *path)
{
	struct stat st;

	if (c->fd < 0)
		return;
	if (c->inode && lstat(path, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode)
		unlink(path);
	close(c->fd);
	*c = (struct control_path){ .fd = -1 };
}
