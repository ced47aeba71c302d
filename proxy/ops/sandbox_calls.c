#include "proxy/ops/sandbox_calls.h"

#include <errno.h>
#include <unistd.h>

bool sandbox_calls_wide(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
	return true;
#endif
#endif
	return false;
}

#ifdef HAVE_SECCOMP

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/*
 * Found by tracing whole runs, and what stands for the same on other architectures and in other C
 * libraries.  A name that a machine does not have is passed over.
 */
static const char *const allowed[] = {
	/* descriptors */
	"read", "readv", "pread64", "write", "writev", "pwrite64", "close", "close_range", "dup", "dup2",
	"dup3", "pipe", "pipe2", "lseek", "_llseek", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_ctl_old", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64",
	"select", "_newselect", "pselect6", "pselect6_time64", "eventfd", "eventfd2", "timerfd_create",
	"timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "signalfd4",
	"inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* sockets */
	"accept", "accept4", "bind", "connect", "listen", "getsockname", "getpeername", "getsockopt",
	"recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "send", "sendto", "sendmsg",
	"sendmmsg", "shutdown", "socketpair",
	/* files; which of them is Landlock's matter */
	"open", "openat", "openat2", "access", "faccessat", "faccessat2", "stat", "stat64", "lstat",
	"lstat64", "fstat", "fstat64", "fstatat64", "newfstatat", "statx", "statfs", "statfs64", "fstatfs",
	"fstatfs64", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "rename", "renameat",
	"renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "fchmodat2",
	"chown", "chown32", "lchown", "lchown32", "fchown", "fchown32", "fchownat", "umask", "ftruncate",
	"ftruncate64", "fsync", "fdatasync", "fadvise64", "fadvise64_64", "arm_fadvise64_64", "flock",
	"utimensat", "utimensat_time64",
	/* memory */
	"brk", "munmap", "mremap", "madvise", "mlock", "munlock", "mincore",
	/* threads */
	"exit", "exit_group", "futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list",
	"set_tid_address", "set_tls", "set_thread_area", "get_thread_area", "rseq", "membarrier",
	"sched_yield", "sched_getaffinity", "getcpu", "gettid", "cacheflush", "riscv_flush_icache",
	/* signals */
	"rt_sigaction", "sigaction", "rt_sigprocmask", "sigprocmask", "rt_sigreturn", "sigreturn",
	"rt_sigpending", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_sigsuspend", "sigaltstack",
	"pause", "restart_syscall",
	/* time and random numbers */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
	"clock_nanosleep_time64", "nanosleep", "gettimeofday", "time", "getrandom",
	/* who and where we are */
	"getpid", "getppid", "getpgrp", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32",
	"getegid", "getegid32", "getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups",
	"getgroups32", "uname", "sysinfo", "getrusage", "times", "getrlimit", "ugetrlimit", "capget",
};

/* What a sanitizer does beside, at the end of the program above all. */
static const char *const allowed_wide[] = {
	"ptrace", "wait4", "waitpid", "waitid", "clone", "prctl", "personality", "prlimit64", "setrlimit",
	"msync", "tkill", "kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "process_vm_readv",
	"mmap", "mmap2", "mprotect", "fcntl", "fcntl64", "ioctl",
};

/* Nobody calls these by mistake. */
static const char *const hostile[] = {
	/* other programs, other processes */
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
	"process_madvise", "process_mrelease", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo",
	/* other privileges */
	"setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32", "setregid", "setregid32",
	"setresuid", "setresuid32", "setresgid", "setresgid32", "setfsuid", "setfsuid32", "setfsgid",
	"setfsgid32", "setgroups", "setgroups32", "capset", "unshare", "setns", "keyctl", "add_key",
	"request_key", "personality",
	/* another file system */
	"mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree", "fsopen", "fsconfig",
	"fsmount", "fspick", "pivot_root", "chroot", "mknod", "mknodat", "name_to_handle_at",
	"open_by_handle_at", "quotactl", "quotactl_fd", "fanotify_init", "fanotify_mark", "swapon",
	"swapoff", "acct",
	/* the kernel */
	"bpf", "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
	"kexec_file_load", "reboot", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "syslog", "iopl", "ioperm", "modify_ldt", "vm86", "vm86old", "lookup_dcookie",
	"_sysctl", "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
	"adjtimex", "stime", "sethostname", "setdomainname", "vhangup", "nfsservctl", "uselib",
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct builder {
	scmp_filter_ctx filter;
	uint32_t kill;
	uint32_t architecture;
	bool wide;
	int err; /* of the first rule that was not taken */
};

/* ------------------------------------------------------------------ rules */

static bool is_wide(const struct builder *b, const char *name)
{
	for (size_t i = 0; b->wide && i < COUNT(allowed_wide); i++)
		if (strcmp(allowed_wide[i], name) == 0)
			return true;
	return false;
}

static void add(struct builder *b, uint32_t action, const char *name, unsigned count,
	const struct scmp_arg_cmp *compare)
{
	/* In this machine's numbers, whatever it is made for; negative where it only exists elsewhere. */
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR || b->err < 0)
		return;
	b->err = seccomp_rule_add_array(b->filter, action, number, count, compare);
	/* Two names for one call, on some machine. */
	if (b->err == -EEXIST)
		b->err = 0;
}

/* Of a call that is looked at more closely, unless anything goes. */
static void add_if(struct builder *b, uint32_t action, const char *name, unsigned count,
	const struct scmp_arg_cmp *compare)
{
	if (!is_wide(b, name))
		add(b, action, name, count, compare);
}

static void add_all(struct builder *b, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (action == SCMP_ACT_ALLOW || !is_wide(b, names[i]))
			add(b, action, names[i], 0, NULL);
}

/* Allows the call with each of these values of an argument. */
static void add_values(struct builder *b, const char *name, unsigned argument, const uint64_t *values,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_if(b, SCMP_ACT_ALLOW, name, 1, &SCMP_CMP64(argument, SCMP_CMP_EQ, values[i]));
}

/*
 * Where all calls about sockets can come as one, socketcall(2), whose arguments a filter does not
 * see, they are all allowed; what must not be had is left to capabilities there.
 */
static bool has_socketcall(uint32_t architecture)
{
	return seccomp_syscall_resolve_name_arch(architecture, "socket") < 0;
}

static bool is_s390(uint32_t architecture)
{
	return architecture == SCMP_ARCH_S390 || architecture == SCMP_ARCH_S390X;
}

/* ------------------------------------------------------------------ calls that are looked at more closely */

/* Threads, and no processes.  clone3(2) is not allowed, as a filter can't see what it asks for. */
static void threads(struct builder *b)
{
	unsigned flags = is_s390(b->architecture) ? 1 : 0;

	add_if(b, SCMP_ACT_ALLOW, "clone", 1,
		&SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	add_if(b, b->kill, "clone", 1, &SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static void signals(struct builder *b, uint32_t self)
{
	static const char *const names[] = { "kill", "tgkill" };

	for (size_t i = 0; i < COUNT(names); i++) {
		add_if(b, SCMP_ACT_ALLOW, names[i], 1, &SCMP_CMP64(0, SCMP_CMP_EQ, self));
		add_if(b, b->kill, names[i], 1, &SCMP_CMP64(0, SCMP_CMP_NE, self));
	}
}

/* IPv4, IPv6, Unix; the kernel's routes; nothing else, and nothing raw. */
static void sockets(struct builder *b)
{
	static const uint64_t inet[] = { AF_INET, AF_INET6 }, types[] = { SOCK_STREAM, SOCK_DGRAM };

	if (has_socketcall(b->architecture)) {
		add(b, SCMP_ACT_ALLOW, "socket", 0, NULL);
		return;
	}
	for (size_t f = 0; f < COUNT(inet); f++) {
		for (size_t t = 0; t < COUNT(types); t++)
			add(b, SCMP_ACT_ALLOW, "socket", 2,
				(struct scmp_arg_cmp[]){ SCMP_CMP64(0, SCMP_CMP_EQ, inet[f]),
					SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, 0xf, types[t]) });
		add(b, b->kill, "socket", 2,
			(struct scmp_arg_cmp[]){ SCMP_CMP64(0, SCMP_CMP_EQ, inet[f]),
				SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_RAW) });
	}
	add(b, SCMP_ACT_ALLOW, "socket", 1, &SCMP_CMP64(0, SCMP_CMP_EQ, AF_UNIX));
	add(b, SCMP_ACT_ALLOW, "socket", 2,
		(struct scmp_arg_cmp[]){ SCMP_CMP64(0, SCMP_CMP_EQ, AF_NETLINK),
			SCMP_CMP64(2, SCMP_CMP_EQ, NETLINK_ROUTE) });
	add(b, b->kill, "socket", 1, &SCMP_CMP64(0, SCMP_CMP_EQ, AF_PACKET));
	/* A library asks whether the kernel has some (AF_ALG): it has none. */
	add(b, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &SCMP_CMP64(0, SCMP_CMP_GT, AF_PACKET));
}

/* Not programs for the kernel to run (SO_ATTACH_FILTER and its kin), and not its packet filter. */
static void socket_options(struct builder *b)
{
	static const uint64_t general[] = { SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE,
		SO_REUSEADDR, SO_REUSEPORT, SO_BINDTODEVICE, SO_TIMESTAMP, SO_KEEPALIVE, SO_LINGER,
		SO_BROADCAST, SO_PASSCRED, SO_PRIORITY, SO_RCVTIMEO, SO_SNDTIMEO },
			      levels[] = { IPPROTO_TCP, IPPROTO_UDP, SOL_NETLINK },
			      ip[] = { IPPROTO_IP, IPPROTO_IPV6 };

	if (has_socketcall(b->architecture)) {
		add(b, SCMP_ACT_ALLOW, "setsockopt", 0, NULL);
		return;
	}
	for (size_t i = 0; i < COUNT(general); i++)
		add(b, SCMP_ACT_ALLOW, "setsockopt", 2,
			(struct scmp_arg_cmp[]){ SCMP_CMP64(1, SCMP_CMP_EQ, SOL_SOCKET),
				SCMP_CMP64(2, SCMP_CMP_EQ, general[i]) });
	add_values(b, "setsockopt", 1, levels, COUNT(levels));
	for (size_t i = 0; i < COUNT(ip); i++)
		add(b, SCMP_ACT_ALLOW, "setsockopt", 2,
			(struct scmp_arg_cmp[]){ SCMP_CMP64(1, SCMP_CMP_EQ, ip[i]),
				SCMP_CMP64(2, SCMP_CMP_LT, 64) });
}

/*
 * Memory is written or executed, not both.  A library that is loaded late is mapped as it is.  On
 * MIPS the stacks of threads may have to be executable.
 */
static void memory(struct builder *b)
{
	static const char *const maps[] = { "mmap", "mmap2" },
				 *const changes[] = { "mprotect", "pkey_mprotect" };
	static const uint64_t fine[] = { 0, PROT_WRITE, PROT_EXEC };

	for (size_t i = 0; i < COUNT(maps); i++) {
#ifdef __mips__
		add(b, SCMP_ACT_ALLOW, maps[i], 0, NULL);
		add(b, SCMP_ACT_ALLOW, changes[i], 0, NULL);
		continue;
#endif
		if (is_s390(b->architecture)) /* the arguments stand in memory */
			add_if(b, SCMP_ACT_ALLOW, maps[i], 0, NULL);
		for (size_t k = 0; k < COUNT(fine) && !is_s390(b->architecture); k++)
			add_if(b, SCMP_ACT_ALLOW, maps[i], 1,
				&SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, fine[k]));
		add_if(b, SCMP_ACT_ALLOW, changes[i], 1,
			&SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		add_if(b, SCMP_ACT_ERRNO(EPERM), changes[i], 1,
			&SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	}
}

static void controls(struct builder *b)
{
	static const uint64_t processes[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE,
		PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_CAPBSET_READ },
			      files[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC,
				      F_GETLK, F_SETLK, F_SETLKW },
			      devices[] = { FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ, SIOCGIFINDEX,
				      SIOCGIFNAME, SIOCGIFFLAGS };

	add_values(b, "prctl", 0, processes, COUNT(processes));
	add_values(b, "fcntl", 1, files, COUNT(files));
	add_values(b, "fcntl64", 1, files, COUNT(files));
	add_values(b, "ioctl", 1, devices, COUNT(devices));
	/* Limits are looked at, our own; none is set. */
	add_if(b, SCMP_ACT_ALLOW, "prlimit64", 2,
		(struct scmp_arg_cmp[]){
			SCMP_CMP64(0, SCMP_CMP_EQ, 0), SCMP_CMP64(2, SCMP_CMP_EQ, 0) });
}

/* ------------------------------------------------------------------ filters */

static int set_up(struct builder *b)
{
	uint32_t native = seccomp_arch_native();
	int err = 0;

	if (b->architecture != native) {
		/* In this order: one filter can't be for both orders of octets. */
		err = seccomp_arch_remove(b->filter, native);
		if (err == 0)
			err = seccomp_arch_add(b->filter, b->architecture);
	}
	if (err == 0)
		err = seccomp_attr_set(b->filter, SCMP_FLTATR_ACT_BADARCH, b->kill);
	/* For threads that run already; there are none yet, and an old kernel can't. */
	if (err == 0)
		seccomp_attr_set(b->filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* A search tree: older libraries have none, and the rules are looked at in turn. */
	if (err == 0)
		seccomp_attr_set(b->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return err;
}

static int fill(struct builder *b, uint32_t self)
{
	add_all(b, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (b->wide)
		add_all(b, SCMP_ACT_ALLOW, allowed_wide, COUNT(allowed_wide));
	if (has_socketcall(b->architecture))
		add(b, SCMP_ACT_ALLOW, "socketcall", 0, NULL);
	threads(b);
	signals(b, self);
	sockets(b);
	socket_options(b);
	memory(b);
	controls(b);
	add_all(b, b->kill, hostile, COUNT(hostile));
	return b->err;
}

int sandbox_calls_build(const struct sandbox_calls *what, void **ret)
{
	struct builder b = { .architecture = what->architecture ? what->architecture
								: seccomp_arch_native(),
		.wide = what->wide,
		/* A thread alone is all that a kernel before 4.14 ends. */
		.kill = seccomp_api_get() >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL };
	int err;

	b.filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!b.filter)
		return -ENOMEM;
	err = set_up(&b);
	if (err == 0)
		err = fill(&b, what->self);
	if (err < 0)
		seccomp_release(b.filter);
	else
		*ret = b.filter;
	return err;
}

void sandbox_calls_free(void *filter)
{
	seccomp_release(filter);
}

int sandbox_calls_enter(void)
{
	struct sandbox_calls what = { .self = (uint32_t)getpid(), .wide = sandbox_calls_wide() };
	void *filter;
	int err = sandbox_calls_build(&what, &filter);

	if (err < 0)
		return err;
	err = seccomp_load(filter);
	sandbox_calls_free(filter);
	return err;
}

#else

int sandbox_calls_build(const struct sandbox_calls *what, void **ret)
{
	(void)what;
	(void)ret;
	return -ENOSYS;
}

void sandbox_calls_free(void *filter)
{
	(void)filter;
}

int sandbox_calls_enter(void)
{
	return -ENOSYS;
}

#endif
