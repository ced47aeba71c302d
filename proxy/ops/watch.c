#include "proxy/ops/watch.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* What replaces a file, and what writes it. */
#define REPLACED (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE)
#define FOLDER	 (REPLACED | IN_MODIFY | IN_ONLYDIR)

/* A place where the file is found: its path, and what it is a link to. */
struct place {
	char *folder; /* owned; NULL: not used */
	char *name;   /* owned */
	int wd;	      /* -1: the folder is not there */
};

struct watched {
	size_t file;
	const char *path;
	bool in_place;
	bool dirty;
	struct place places[2];
};

struct watch {
	int fd;
	struct event *readable, *settle, *retry;
	struct watched *files; /* owned */
	size_t count;
	void (*changed)(void *arg, size_t file);
	void *arg;
};

/* ------------------------------------------------------------------ places */

static void clear_place(struct place *p)
{
	free(p->folder);
	free(p->name);
	*p = (struct place){ .wd = -1 };
}

static bool set_place(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	clear_place(p);
	p->folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	p->name = strdup(slash ? slash + 1 : path);
	if (p->folder && p->name)
		return true;
	clear_place(p);
	return false;
}

static void begin_to_retry(struct watch *w)
{
	static const struct timeval later = { .tv_sec = 5 };

	if (!event_pending(w->retry, EV_TIMEOUT, NULL))
		event_add(w->retry, &later);
}

static void watch_place(struct watch *w, struct place *p)
{
	if (!p->folder || p->wd >= 0)
		return;
	p->wd = inotify_add_watch(w->fd, p->folder, FOLDER);
	if (p->wd < 0)
		begin_to_retry(w);
}

/* Where a link leads to may have changed, too. */
static void look_behind(struct watch *w, struct watched *f)
{
	char real[PATH_MAX];

	if (!realpath(f->path, real))
		return;
	if (!f->places[1].folder || strcmp(real, f->path) != 0) {
		clear_place(&f->places[1]);
		if (strcmp(real, f->path) != 0)
			set_place(&f->places[1], real);
	}
	watch_place(w, &f->places[1]);
}

/* ------------------------------------------------------------------ events */

static void note(struct watch *w, struct watched *f)
{
	static const struct timeval soon = { .tv_usec = 100000 };

	f->dirty = true;
	if (!event_pending(w->settle, EV_TIMEOUT, NULL))
		event_add(w->settle, &soon);
}

static void place_event(
	struct watch *w, struct watched *f, struct place *p, const struct inotify_event *e)
{
	if (p->wd != e->wd)
		return;
	if (e->mask & IN_IGNORED) { /* the folder has gone */
		p->wd = -1;
		begin_to_retry(w);
		note(w, f);
	} else if (e->len > 0 && strcmp(e->name, p->name) == 0 &&
		   (e->mask & REPLACED || f->in_place)) {
		note(w, f);
	}
}

static void take_event(struct watch *w, const struct inotify_event *e)
{
	for (size_t i = 0; i < w->count; i++) {
		if (e->mask & IN_Q_OVERFLOW)
			note(w, &w->files[i]);
		for (size_t k = 0; k < 2; k++)
			place_event(w, &w->files[i], &w->files[i].places[k], e);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	_Alignas(struct inotify_event) char buffer[8192];
	struct watch *w = arg;
	ssize_t len = read(fd, buffer, sizeof buffer);

	(void)what;
	for (const char *at = buffer; len > 0 && at < buffer + len;) {
		const struct inotify_event *e = (const void *)at;

		take_event(w, e);
		at += sizeof *e + e->len;
	}
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *f = &w->files[i];

		if (!f->dirty)
			continue;
		f->dirty = false;
		look_behind(w, f);
		w->changed(w->arg, f->file);
	}
}

/* A folder that comes late may bring the file along. */
static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *f = &w->files[i];
		bool missing = f->places[0].wd < 0;

		watch_place(w, &f->places[0]);
		if (missing && f->places[0].wd >= 0)
			note(w, f);
	}
}

/* ------------------------------------------------------------------ life */

struct watch *watch_new(struct event_base *base, void (*changed)(void *arg, size_t file), void *arg)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->changed = changed;
	w->arg = arg;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd >= 0)
		w->readable = event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	w->settle = event_new(base, -1, 0, on_settled, w);
	w->retry = event_new(base, -1, 0, on_retry, w);
	if (w->readable && w->settle && w->retry && event_add(w->readable, NULL) == 0)
		return w;
	watch_free(w);
	return NULL;
}

int watch_add(struct watch *w, size_t file, const char *path, bool in_place)
{
	struct watched *list = reallocarray(w->files, w->count + 1, sizeof *list), *f;

	if (!list)
		return -ENOMEM;
	w->files = list;
	f = &list[w->count];
	*f = (struct watched){ .file = file,
		.path = path,
		.in_place = in_place,
		.places = { { .wd = -1 }, { .wd = -1 } } };
	if (!set_place(&f->places[0], path))
		return -ENOMEM;
	w->count++;
	watch_place(w, &f->places[0]);
	look_behind(w, f);
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		for (size_t k = 0; k < 2; k++)
			clear_place(&w->files[i].places[k]);
	free(w->files);
	if (w->readable)
		event_free(w->readable);
	if (w->settle)
		event_free(w->settle);
	if (w->retry)
		event_free(w->retry);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
