/* The sandbox, entered for good by a child for each row, which then tries what it must not be able to do. */
#include "proxy/ops/sandbox.h"

#include "tests/unit/cm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/capabilities.h"
#include "proxy/ops/landlock.h"
#include "proxy/ops/sandbox_calls.h"

/* What a child says: it did it; it could not, by this errno; or it was killed. */
#define KILLED	(-SIGSYS)
#define DONE	0
#define NOT_SO	250 /* without errno */

static char folder[] = "/tmp/dnsfwd-test-sandbox-XXXXXX";
static pid_t parent;

/* ------------------------------------------------------------------ children */

static struct config *make_config(const char *more)
{
	char text[2048], file[128];
	struct config_errors errors = { 0 };
	struct config *c;

	snprintf(file, sizeof file, "%s/conf/dnsfwd.conf", folder);
	snprintf(text, sizeof text,
		"forward = [ \"tls://127.0.0.1#a.test\" ]\nhosts = [ \"%s/lists/hosts\" ]\n"
		"state-dir = \"%s/state\"\ntls-cert-bundle = \"%s/ca.pem\"\ncontrol = \"\"\n%s",
		folder, folder, folder, more);
	c = config_load(text, strlen(text), file, NULL, &errors);
	if (!c)
		fail_msg("%s", errors.count ? errors.text[0] : "no configuration");
	config_errors_free(&errors);
	return c;
}

static void enter(const char *more, bool passed)
{
	struct sandbox_setup s = { make_config(more), passed };
	char error[256];
	gid_t group;

	log_set_level(LOG_LEVEL_ERROR);
	if (sandbox_prepare(s.config, false, &group, error, sizeof error) < 0 ||
		sandbox_enter(&s, error, sizeof error) < 0) {
		fprintf(stderr, "%s\n", error);
		_exit(254);
	}
	config_unref((struct config *)(uintptr_t)s.config);
}

/* The exit status, or minus the signal that ended it. */
static int outcome(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Its attempt gives 0 (done) or -1 with errno. */
static int attempt_in(const char *more, bool passed, long (*attempt)(void))
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		enter(more, passed);
		errno = 0;
		if (attempt() >= 0)
			_exit(DONE);
		_exit(errno ? errno : NOT_SO);
	}
	return outcome(child);
}

/* ------------------------------------------------------------------ what must not be possible */

#define CALL(name, ...)                                                                            \
	static long try_##name(void)                                                               \
	{                                                                                          \
		return syscall(__VA_ARGS__);                                                       \
	}

static const char *const nothing[] = { NULL };

#ifndef SYS_mmap /* 32-bit ARM has the second one alone */
#define SYS_mmap SYS_mmap2
#endif

CALL(execve, SYS_execve, "/bin/true", nothing, nothing)
CALL(execveat, SYS_execveat, AT_FDCWD, "/bin/true", nothing, nothing, 0)
CALL(ptrace, SYS_ptrace, 16 /* attach */, parent, 0, 0)
CALL(vm_read, SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0)
CALL(vm_write, SYS_process_vm_writev, parent, NULL, 0, NULL, 0, 0)
CALL(process, SYS_clone, SIGCHLD, 0, 0, 0, 0)
CALL(packet, SYS_socket, AF_PACKET, SOCK_RAW, 0)
CALL(raw, SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP)
CALL(vsock, SYS_socket, 40, SOCK_STREAM, 0)
CALL(crypto, SYS_socket, 38 /* AF_ALG */, SOCK_SEQPACKET, 0)
CALL(audit, SYS_socket, 16 /* AF_NETLINK */, SOCK_RAW, 9)
CALL(mount, SYS_mount, "none", "/mnt", "tmpfs", 0, NULL)
CALL(umount, SYS_umount2, "/proc", MNT_DETACH)
CALL(chroot, SYS_chroot, "/tmp")
CALL(pivot_root, SYS_pivot_root, "/", "/")
CALL(bpf, SYS_bpf, 0, NULL, 0)
CALL(init_module, SYS_init_module, NULL, 0, "")
CALL(finit_module, SYS_finit_module, -1, "", 0)
CALL(delete_module, SYS_delete_module, "x", 0)
CALL(kexec, SYS_kexec_load, 0, 0, NULL, 0)
CALL(reboot, SYS_reboot, 0, 0, 0, NULL)
CALL(setuid, SYS_setuid, 0)
CALL(setgid, SYS_setgid, 0)
CALL(setresuid, SYS_setresuid, 0, 0, 0)
CALL(setgroups, SYS_setgroups, 0, NULL)
CALL(capset, SYS_capset, NULL, NULL)
CALL(unshare, SYS_unshare, CLONE_NEWUSER)
CALL(setns, SYS_setns, -1, 0)
CALL(keyctl, SYS_keyctl, 0, 0, 0, 0, 0)
CALL(perf, SYS_perf_event_open, NULL, 0, 0, 0, 0)
CALL(userfaultfd, SYS_userfaultfd, 0)
CALL(io_uring, SYS_io_uring_setup, 1, NULL)
CALL(mknod, SYS_mknodat, AT_FDCWD, "/tmp/x", S_IFCHR, 0)
CALL(by_handle, SYS_open_by_handle_at, -1, NULL, 0)
CALL(swapon, SYS_swapon, "/dev/zero", 0)
CALL(settime, SYS_clock_settime, CLOCK_REALTIME, NULL)
CALL(hostname, SYS_sethostname, "x", 1)
CALL(syslog, SYS_syslog, 2, NULL, 0)
CALL(kill_parent, SYS_kill, parent, 0)
CALL(kill_all, SYS_kill, -1, 0)
CALL(kill_init, SYS_tgkill, 1, 1, 0)
CALL(clone3, SYS_clone3, NULL, 0)
CALL(executable, SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
CALL(dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)
CALL(setsid, SYS_setsid)
CALL(link, SYS_linkat, AT_FDCWD, "/etc/shadow", AT_FDCWD, "/tmp/x", 0)
CALL(shadow, SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY)
CALL(root_folder, SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY)
CALL(memory, SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR)
CALL(init_maps, SYS_openat, AT_FDCWD, "/proc/1/environ", O_RDONLY)
CALL(make_file, SYS_openat, AT_FDCWD, "/tmp/dnsfwd-test-sandbox-made", O_WRONLY | O_CREAT, 0600)
CALL(make_folder, SYS_mkdirat, AT_FDCWD, "/tmp/dnsfwd-test-sandbox-made", 0700)

static long try_attach_filter(void)
{
	struct {
		unsigned short len;
		void *filter;
	} program = { 0, NULL };

	return setsockopt(STDIN_FILENO, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static long try_make_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_core(void)
{
	static const struct rlimit r = { 1, 1 };

	return setrlimit(RLIMIT_CORE, &r);
}

/* As the configuration's folder is only read. */
static long try_write_config(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/conf/x", folder);
	return open(path, O_WRONLY | O_CREAT, 0600);
}

static const struct {
	const char *name;
	long (*attempt)(void);
	int expected; /* KILLED, or an errno */
	bool by_files; /* Landlock's matter */
	bool not_wide; /* sanitizers do that */
} rows[] = {
	{ "execve", try_execve, KILLED, false, false },
	{ "execveat", try_execveat, KILLED, false, false },
	{ "ptrace", try_ptrace, KILLED, false, true },
	{ "process_vm_readv", try_vm_read, KILLED, false, true },
	{ "process_vm_writev", try_vm_write, KILLED, false, false },
	{ "clone of a process", try_process, KILLED, false, true },
	{ "socket(AF_PACKET)", try_packet, KILLED, false, false },
	{ "socket(SOCK_RAW)", try_raw, KILLED, false, false },
	{ "socket(AF_VSOCK)", try_vsock, EAFNOSUPPORT, false, false },
	{ "socket(AF_ALG)", try_crypto, EAFNOSUPPORT, false, false },
	{ "socket(NETLINK_AUDIT)", try_audit, ENOSYS, false, false },
	{ "mount", try_mount, KILLED, false, false },
	{ "umount2", try_umount, KILLED, false, false },
	{ "chroot", try_chroot, KILLED, false, false },
	{ "pivot_root", try_pivot_root, KILLED, false, false },
	{ "bpf", try_bpf, KILLED, false, false },
	{ "init_module", try_init_module, KILLED, false, false },
	{ "finit_module", try_finit_module, KILLED, false, false },
	{ "delete_module", try_delete_module, KILLED, false, false },
	{ "kexec_load", try_kexec, KILLED, false, false },
	{ "reboot", try_reboot, KILLED, false, false },
	{ "setuid", try_setuid, KILLED, false, false },
	{ "setgid", try_setgid, KILLED, false, false },
	{ "setresuid", try_setresuid, KILLED, false, false },
	{ "setgroups", try_setgroups, KILLED, false, false },
	{ "capset", try_capset, KILLED, false, false },
	{ "unshare", try_unshare, KILLED, false, false },
	{ "setns", try_setns, KILLED, false, false },
	{ "keyctl", try_keyctl, KILLED, false, false },
	{ "perf_event_open", try_perf, KILLED, false, false },
	{ "userfaultfd", try_userfaultfd, KILLED, false, false },
	{ "io_uring_setup", try_io_uring, KILLED, false, false },
	{ "mknodat", try_mknod, KILLED, false, false },
	{ "open_by_handle_at", try_by_handle, KILLED, false, false },
	{ "swapon", try_swapon, KILLED, false, false },
	{ "clock_settime", try_settime, KILLED, false, false },
	{ "sethostname", try_hostname, KILLED, false, false },
	{ "syslog", try_syslog, KILLED, false, false },
	{ "kill of the parent", try_kill_parent, KILLED, false, true },
	{ "kill of all", try_kill_all, KILLED, false, true },
	{ "tgkill of process 1", try_kill_init, KILLED, false, true },
	{ "clone3", try_clone3, ENOSYS, false, false },
	{ "writable and executable memory", try_executable, ENOSYS, false, true },
	{ "mprotect(PROT_EXEC)", try_make_executable, EPERM, false, true },
	{ "prctl(PR_SET_DUMPABLE)", try_dumpable, ENOSYS, false, true },
	{ "setsid", try_setsid, ENOSYS, false, false },
	{ "linkat", try_link, ENOSYS, false, false },
	{ "setsockopt(SO_ATTACH_FILTER)", try_attach_filter, ENOSYS, false, false },
	{ "setrlimit", try_core, ENOSYS, false, true },
	{ "open of /etc/shadow", try_shadow, EACCES, true, true },
	{ "open of /", try_root_folder, EACCES, true, true },
	{ "open of our memory for writing", try_memory, EACCES, true, false },
	{ "open of another's environment", try_init_maps, EACCES, true, true },
	{ "a new file in /tmp", try_make_file, EACCES, true, false },
	{ "a new folder in /tmp", try_make_folder, EACCES, true, false },
	{ "a new file beside the configuration", try_write_config, EACCES, true, false },
};

/* What runs programs of other machines (qemu) takes no filter: nothing to read at NULL is its smallest complaint. */
static bool kernel_filters(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EFAULT;
}

static bool has_filter(void)
{
	void *filter;
	struct sandbox_calls what = { .self = 1 };

	if (!kernel_filters()) {
		print_message("no filter of system calls is to be had here\n");
		return false;
	}
	if (sandbox_calls_build(&what, &filter) < 0)
		return false;
	sandbox_calls_free(filter);
	return true;
}

static void test_forbidden(void **state)
{
	bool filter = has_filter();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].not_wide && sandbox_calls_wide())
			continue;
		if (rows[i].by_files ? landlock_version() < 1 : !filter)
			continue;
		expect_int(rows[i].name, attempt_in("", false, rows[i].attempt), rows[i].expected);
	}
}

/* What each of them does without the sandbox: a row that could not fail says nothing. */
static void test_calls_are_real(void **state)
{
	char path[128];
	int fd;

	(void)state;
	fd = (int)try_make_file();
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlink("/tmp/dnsfwd-test-sandbox-made"), 0);
	assert_int_equal(try_make_folder(), 0);
	assert_int_equal(rmdir("/tmp/dnsfwd-test-sandbox-made"), 0);
	fd = (int)try_write_config();
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof path, "%s/conf/x", folder);
	unlink(path);
	assert_int_equal(try_kill_parent(), 0);
}

/* ------------------------------------------------------------------ what has to work */

static void *in_thread(void *arg)
{
	*(bool *)arg = true;
	return arg;
}

static long try_thread(void)
{
	bool ran = false;
	pthread_t t;

	errno = pthread_create(&t, NULL, in_thread, &ran);
	if (errno)
		return -1;
	pthread_join(t, NULL);
	return ran ? 0 : -1;
}

static long in_folder(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, flags, 0600);
	return fd < 0 ? -1 : close(fd);
}

static long try_state(void)
{
	char fresh[128], path[128];

	snprintf(fresh, sizeof fresh, "%s/state/a.new", folder);
	snprintf(path, sizeof path, "%s/state/a", folder);
	if (in_folder("state/a.new", O_WRONLY | O_CREAT | O_TRUNC) < 0 || rename(fresh, path) < 0)
		return -1;
	return unlink(path);
}

static long try_hosts(void)
{
	return in_folder("lists/hosts", O_RDONLY);
}

static long try_ca(void)
{
	return in_folder("ca.pem", O_RDONLY);
}

static long try_config(void)
{
	return in_folder("conf/dnsfwd.conf", O_RDONLY);
}

static long try_null(void)
{
	return open("/dev/null", O_RDONLY);
}

static long try_routes(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long try_sockets(void)
{
	int one = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		return -1;
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return -1;
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static long try_abort(void)
{
	abort();
}

static void test_allowed(void **state)
{
	static const struct {
		const char *name;
		long (*attempt)(void);
		int expected;
	} fine[] = {
		{ "a thread", try_thread, DONE },
		{ "the state", try_state, DONE },
		{ "a hosts file", try_hosts, DONE },
		{ "the trust", try_ca, DONE },
		{ "the configuration", try_config, DONE },
		{ "/dev/null", try_null, DONE },
		{ "routes", try_routes, DONE },
		{ "sockets", try_sockets, DONE },
		{ "abort()", try_abort, -SIGABRT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fine); i++)
		expect_int(fine[i].name, attempt_in("", false, fine[i].attempt), fine[i].expected);
}

/* What a filter is loaded for is every thread that comes after it. */
static void *kill_init(void *arg)
{
	(void)arg;
	try_mount();
	return NULL;
}

static long try_in_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, kill_init, NULL) == 0)
		pthread_join(t, NULL);
	return 0;
}

static void test_threads_too(void **state)
{
	(void)state;
	if (has_filter())
		assert_int_equal(attempt_in("", false, try_in_thread), KILLED);
}

/* ------------------------------------------------------------------ privileges */

static uint64_t effective(void)
{
	uint64_t set = UINT64_MAX;

	capabilities_effective(&set);
	return set;
}

static long only_bind(void)
{
	return effective() == CAPABILITY(CAP_NET_BIND_SERVICE) ? 0 : -1;
}

static long no_capabilities(void)
{
	return effective() == 0 ? 0 : -1;
}

static long is_nobody(void)
{
	gid_t groups[8];
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) < 0 || r != 65534 || e != r || s != r || getegid() != 65534)
		return -1;
	return getgroups(8, groups) == 1 && groups[0] == 65534 ? only_bind() : -1;
}

static long is_number(void)
{
	return getuid() == 64321 && geteuid() == 64321 && getgid() == 64321 ? only_bind() : -1;
}

static long no_core(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0 &&
			       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ?
		       0 :
		       -1;
}

static long no_new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1;
}

static void test_privileges(void **state)
{
	(void)state;
	assert_int_equal(attempt_in("", false, no_core), DONE);
	assert_int_equal(attempt_in("", false, no_new_privileges), DONE);
	if (geteuid() != 0)
		return;
	assert_int_equal(attempt_in("", false, only_bind), DONE);
	assert_int_equal(attempt_in("", true, no_capabilities), DONE);
	assert_int_equal(attempt_in("user = \"nobody\"\n", false, is_nobody), DONE);
	assert_int_equal(attempt_in("user = \"nobody\"\nsandbox = false\n", false, is_nobody), DONE);
	assert_int_equal(attempt_in("user = \"64321\"\n", false, is_number), DONE);
	assert_int_equal(attempt_in("user = \"nobody\"\n", true, try_state), DONE);
}

/* Free of all limits but those of the user. */
static void test_off(void **state)
{
	(void)state;
	assert_int_equal(attempt_in("sandbox = false\n", false, try_kill_parent), DONE);
	assert_int_equal(attempt_in("sandbox = false\n", false, try_hosts), DONE);
	assert_int_equal(attempt_in("sandbox = false\n", false, no_new_privileges), NOT_SO);
}

static void test_unknown_user(void **state)
{
	struct config *c = make_config("user = \"no-such-user\"\n");
	char error[256];
	gid_t group;

	(void)state;
	assert_int_equal(sandbox_prepare(c, true, &group, error, sizeof error), -ENOENT);
	assert_non_null(strstr(error, "no-such-user"));
	config_unref(c);
}

/* ------------------------------------------------------------------ what a reload may want */

static long asks(void)
{
	struct config *inside = make_config(""), *outside = make_config("block = [ \"/etc/x\" ]\n");
	char path[128], error[256];
	bool fine;

	snprintf(path, sizeof path, "%s/lists/another", folder);
	fine = sandbox_allows_path(path, false) && !sandbox_allows_path(path, true);
	snprintf(path, sizeof path, "%s/state/another", folder);
	fine = fine && sandbox_allows_path(path, true) && !sandbox_allows_path("/etc/x", false);
	fine = fine && sandbox_allows(inside, error, sizeof error) &&
	       !sandbox_allows(outside, error, sizeof error) &&
	       strcmp(error, "needs a restart: /etc/x is in a folder that the sandbox was not told of") == 0;
	config_unref(inside);
	config_unref(outside);
	return fine ? 0 : -1;
}

static long asks_all(void)
{
	struct config *outside = make_config("block = [ \"/etc/x\" ]\n");
	char error[256];
	bool fine = sandbox_allows_path("/etc/x", true) && sandbox_allows(outside, error, sizeof error);

	config_unref(outside);
	return fine ? 0 : -1;
}

static void test_reload(void **state)
{
	(void)state;
	if (landlock_version() >= 1 && !sandbox_calls_wide())
		assert_int_equal(attempt_in("", false, asks), DONE);
	assert_int_equal(attempt_in("sandbox = false\n", false, asks_all), DONE);
}

/* ------------------------------------------------------------------ the files of all that */

static void make(const char *name, bool is_folder)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (is_folder) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	parent = getpid();
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		return -1;
	make("conf", true);
	make("lists", true);
	make("conf/dnsfwd.conf", false);
	make("lists/hosts", false);
	make("ca.pem", false);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const made[] = { "state", "conf/dnsfwd.conf", "lists/hosts", "ca.pem", "conf",
		"lists", "." };
	char path[160];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(made); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, made[i]);
		if (remove(path) < 0)
			rmdir(path);
	}
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_are_real),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_threads_too),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
