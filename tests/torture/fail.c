/*
 * Preloaded before a program (LD_PRELOAD): one of its allocations or system calls fails.
 *
 * A site is a function with the way that led to its call: the return addresses of a few frames.  Without address space
 * randomisation, which the test turns off, it has the same number in each run.
 *
 *   TORTURE_LIST=FILE   writes "SITE FUNCTION" for each site that is come by
 *   TORTURE_SITE=N      the site that fails (hexadecimal), TORTURE_TIMES=K its first K calls
 *   TORTURE_ERRNO=E     with this errno; "short": what is read or written is one octet less than it could be
 *   TORTURE_KIND=K      "memory" or "calls": what is looked at
 *
 * A failing site says so on stderr, with where it was: "torture: FUNCTION failed in LIBRARY SYMBOL, LIBRARY SYMBOL, ...".
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES	  7
#define SITES_MAX 65536u

/* What a function of the C library was before. */
#define REAL(name) ((__typeof__(&name))real(&real_##name, #name))
#define KEEP(name) static void *real_##name

static bool ready, memory, calls, is_short;
static int list_fd = -1, fail_errno = ENOMEM;
static uint64_t fail_site;
static atomic_int fail_times = 1;
static _Thread_local bool inside; /* what we do ourselves does not count */

static _Atomic uint64_t seen[SITES_MAX];

static void *real(void **at, const char *name)
{
	if (!*at)
		*at = dlsym(RTLD_NEXT, name);
	return *at;
}

static bool is_new(uint64_t site)
{
	for (unsigned i = 0; i < SITES_MAX; i++) {
		_Atomic uint64_t *slot = &seen[(site + i) % SITES_MAX];
		uint64_t none = 0;

		if (atomic_load(slot) == site)
			return false;
		if (atomic_compare_exchange_strong(slot, &none, site))
			return true;
		if (none == site)
			return false;
	}
	return false;
}

struct way {
	void *frames[FRAMES + 3];
	int count;
};

static __attribute__((noinline)) uint64_t site_of(const char *name, struct way *w)
{
	uint64_t h = 14695981039346656037u;

	for (const char *c = name; *c; c++)
		h = (h ^ (uint8_t)*c) * 1099511628211u;
	w->count = backtrace(w->frames, FRAMES + 3);
	/* Not our own. */
	for (int i = 3; i < w->count; i++)
		h = (h ^ (uint64_t)(uintptr_t)w->frames[i]) * 1099511628211u;
	return h ? h : 1;
}

static void say(int fd, const char *format, ...)
{
	char line[400];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len > 0)
		syscall(SYS_write, fd, line, (size_t)len);
}

static void tell(const char *name, const struct way *w)
{
	char text[360] = "";
	size_t len = 0;

	for (int i = 3; i < w->count && len < sizeof text; i++) {
		const char *slash;
		Dl_info d;

		if (!dladdr(w->frames[i], &d))
			continue;
		slash = strrchr(d.dli_fname, '/');
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s", len ? ", " : "",
			slash ? slash + 1 : d.dli_fname, d.dli_sname ? d.dli_sname : "?");
	}
	say(STDERR_FILENO, "torture: %s failed in %s\n", name, text);
}

/* Is it this call's turn to fail? */
static __attribute__((noinline)) bool fails(const char *name)
{
	int saved = errno;
	bool mine = false;
	struct way way;
	uint64_t site;

	inside = true;
	site = site_of(name, &way);
	if (list_fd >= 0 && is_new(site))
		say(list_fd, "%016llx %s\n", (unsigned long long)site, name);
	if (site == fail_site && atomic_fetch_sub(&fail_times, 1) > 0) {
		tell(name, &way);
		mine = true;
	}
	inside = false;
	errno = saved;
	return mine;
}

static __attribute__((noinline)) bool call_fails(const char *name)
{
	if (!ready || !calls || inside || !fails(name))
		return false;
	errno = fail_errno;
	return true;
}

static __attribute__((noinline)) bool memory_fails(const char *name)
{
	if (!ready || !memory || inside || !fails(name))
		return false;
	errno = ENOMEM;
	return true;
}

static void begin_memory(void);
/* Of a sanitizer, where there is one. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

static void __attribute__((constructor)) begin(void)
{
	const char *kind = getenv("TORTURE_KIND"), *list = getenv("TORTURE_LIST"), *text;
	void *frames[2];

	begin_memory();
	if (!kind)
		return;
	if (__lsan_disable)
		__lsan_disable();
	backtrace(frames, 2); /* it loads its library now, not in the middle of something; for good */
	if (__lsan_enable)
		__lsan_enable();
	memory = strcmp(kind, "memory") == 0;
	calls = !memory;
	if (list)
		list_fd = fcntl(open(list, O_WRONLY | O_CREAT | O_APPEND, 0600), F_DUPFD_CLOEXEC, 500);
	if ((text = getenv("TORTURE_SITE")))
		fail_site = strtoull(text, NULL, 16);
	if ((text = getenv("TORTURE_TIMES")))
		atomic_store(&fail_times, atoi(text));
	if ((text = getenv("TORTURE_ERRNO"))) {
		is_short = strcmp(text, "short") == 0;
		fail_errno = is_short ? 0 : atoi(text);
	}
	ready = true;
}

/* ------------------------------------------------------------------ memory */

/*
 * Before we are begun (a sanitizer is, by then) not even dlsym() can be called, and then it allocates itself before there
 * is anything to allocate with: from here, and never given back.
 */
static bool begun;
static _Alignas(16) char early[1 << 20];
static size_t early_used;

static void *take_early(size_t size)
{
	void *at = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof early)
		abort();
	return at;
}

static bool is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static _Thread_local bool resolving;
KEEP(malloc);
KEEP(calloc);
KEEP(realloc);
KEEP(reallocarray);
KEEP(free);
KEEP(posix_memalign);

static void begin_memory(void)
{
	begun = true;
}

static void *resolve(void **at, const char *name)
{
	if (!begun)
		return NULL;
	if (!*at && !resolving) {
		resolving = true;
		real(at, name);
		resolving = false;
	}
	return *at;
}

void *malloc(size_t size)
{
	void *(*f)(size_t) = resolve(&real_malloc, "malloc");

	if (!f || resolving)
		return take_early(size);
	return memory_fails("malloc") ? NULL : f(size);
}

void *calloc(size_t count, size_t size)
{
	void *(*f)(size_t, size_t) = resolve(&real_calloc, "calloc");

	if (!f || resolving)
		return take_early(count * size);
	return memory_fails("calloc") ? NULL : f(count, size);
}

void *realloc(void *old, size_t size)
{
	void *(*f)(void *, size_t) = resolve(&real_realloc, "realloc"), *fresh;

	if (is_early(old) || !f || resolving) {
		fresh = malloc(size);
		if (fresh && old)
			memcpy(fresh, old, size < (size_t)(early + sizeof early - (char *)old)
						     ? size
						     : (size_t)(early + sizeof early - (char *)old));
		return fresh;
	}
	return memory_fails("realloc") ? NULL : f(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	void *(*f)(void *, size_t, size_t) = resolve(&real_reallocarray, "reallocarray");

	return memory_fails("reallocarray") ? NULL : f(old, count, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	int (*f)(void **, size_t, size_t) = resolve(&real_posix_memalign, "posix_memalign");

	return memory_fails("posix_memalign") ? ENOMEM : f(ret, alignment, size);
}

void free(void *p)
{
	void (*f)(void *);

	if (!p || is_early(p))
		return;
	f = resolve(&real_free, "free");
	if (f)
		f(p);
}

/* ------------------------------------------------------------------ calls that fail, or do not */

#define CALL(type, name, params, args)                                                             \
	KEEP(name);                                                                                \
	type name params                                                                           \
	{                                                                                          \
		return call_fails(#name) ? (type)-1 : REAL(name) args;                             \
	}

CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(int, bind, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), (fd, addr, len))
CALL(int, listen, (int fd, int backlog), (fd, backlog))
CALL(int, connect, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), (fd, addr, len))
CALL(int, accept4, (int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags), (fd, addr, len, flags))
CALL(int, getsockname, (int fd, __SOCKADDR_ARG addr, socklen_t *len), (fd, addr, len))
CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len), (fd, level, name, value, len))
CALL(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len), (fd, level, name, value, len))
CALL(int, epoll_create1, (int flags), (flags))
CALL(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event), (epoll, op, fd, event))
CALL(int, epoll_wait, (int epoll, struct epoll_event *events, int max, int timeout), (epoll, events, max, timeout))
CALL(int, eventfd, (unsigned count, int flags), (count, flags))
CALL(int, timerfd_create, (clockid_t clock, int flags), (clock, flags))
CALL(int, inotify_init1, (int flags), (flags))
CALL(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask))
CALL(int, socketpair, (int domain, int type, int protocol, int fds[2]), (domain, type, protocol, fds))
CALL(int, pipe2, (int fds[2], int flags), (fds, flags))
CALL(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, unlink, (const char *path), (path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, fstat, (int fd, struct stat *st), (fd, st))
CALL(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *wait),
	(fd, m, count, flags, wait))
CALL(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned count, int flags), (fd, m, count, flags))

/* Those with a mode at the end, where a file is made. */
#define OPEN(name)                                                                                 \
	KEEP(name);                                                                                \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(args, flags);                                                             \
		mode = va_arg(args, mode_t);                                                       \
		va_end(args);                                                                      \
		return call_fails(#name) ? -1 : REAL(name)(path, flags, mode);                     \
	}

OPEN(open)
#ifndef open64
OPEN(open64)
#endif

KEEP(fopen);
FILE *fopen(const char *path, const char *mode)
{
	return call_fails("fopen") ? NULL : REAL(fopen)(path, mode);
}

KEEP(pthread_create);
int pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
	return call_fails("pthread_create") ? errno : REAL(pthread_create)(ret, attributes, run, arg);
}

/* ------------------------------------------------------------------ calls that can do less than they could */

/* len > 1: one octet less is still something. */
#define MOVE(name, params, args, less)                                                             \
	KEEP(name);                                                                                \
	ssize_t name params                                                                        \
	{                                                                                          \
		bool failed = call_fails(#name);                                                   \
                                                                                                   \
		if (failed && !is_short)                                                           \
			return -1;                                                                 \
		return failed && len > 1 ? REAL(name) less : REAL(name) args;                      \
	}

MOVE(read, (int fd, void *buf, size_t len), (fd, buf, len), (fd, buf, len - 1))
MOVE(write, (int fd, const void *buf, size_t len), (fd, buf, len), (fd, buf, len - 1))
MOVE(send, (int fd, const void *buf, size_t len, int flags), (fd, buf, len, flags), (fd, buf, len - 1, flags))
MOVE(recv, (int fd, void *buf, size_t len, int flags), (fd, buf, len, flags), (fd, buf, len - 1, flags))
MOVE(sendto, (int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t tolen),
	(fd, buf, len, flags, to, tolen), (fd, buf, len - 1, flags, to, tolen))
MOVE(recvfrom, (int fd, void *restrict buf, size_t len, int flags, __SOCKADDR_ARG from, socklen_t *restrict fromlen),
	(fd, buf, len, flags, from, fromlen), (fd, buf, len - 1, flags, from, fromlen))

/* Short: the first piece alone, if there are more. */
#define MOVE_PIECES(name, type)                                                                    \
	KEEP(name);                                                                                \
	ssize_t name(int fd, const struct iovec *pieces, int count)                                \
	{                                                                                          \
		bool failed = call_fails(#name);                                                   \
                                                                                                   \
		if (failed && !is_short)                                                           \
			return -1;                                                                 \
		return REAL(name)(fd, pieces, failed ? 1 : count);                                 \
	}

MOVE_PIECES(readv, read)
MOVE_PIECES(writev, write)

CALL(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
CALL(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
