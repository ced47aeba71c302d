/*
 * The filter of system calls as the kernel gets it, on each kind of machine: run here, with the numbers that the calls
 * have there.
 */
#include "proxy/ops/sandbox_calls.h"

#include "tests/unit/cm.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SELF 4242u
/* Where the kernel, or qemu in its place, is not able to end all of the process, the thread has to do. */
#define KILL (seccomp_api_get() >= 3 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_KILL_THREAD)
/* Where the number is no system call of the machine. */
#define NONE UINT32_MAX

static struct sock_filter program[8192];
static size_t length;

/* ------------------------------------------------------------------ the kernel's part */

/* What libseccomp uses of classic BPF: words of struct seccomp_data, jumps, and, the end. */
static uint32_t verdict(const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *f = &program[at];
		bool jump = false;

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const uint8_t *)data + f->k, sizeof a);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			continue;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_JMP | BPF_JA:
			at += f->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = a > f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			jump = a >= f->k;
			break;
		default:
			fail_msg("instruction %#x at %zu", f->code, at);
		}
		at += jump ? f->jt : f->jf;
	}
	fail_msg("the filter has no end");
	return 0;
}

static void make(uint32_t architecture)
{
	struct sandbox_calls what = { .architecture = architecture, .self = SELF };
	int fd = memfd_create("filter", MFD_CLOEXEC);
	void *filter;
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(sandbox_calls_build(&what, &filter), 0);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	sandbox_calls_free(filter);
	n = pread(fd, program, sizeof program, 0);
	close(fd);
	assert_true(n > 0 && n < (ssize_t)sizeof program && n % (ssize_t)sizeof *program == 0);
	length = (size_t)n / sizeof *program;
}

/* ------------------------------------------------------------------ machines */

static const struct machine {
	const char *name;
	uint32_t scmp;
	uint32_t audit; /* the same: libseccomp takes the kernel's tokens */
	bool is_32;
	bool socketcall;
	/* There, the numbers of the calls by themselves: socket, connect, recvmmsg, sendmmsg. */
	uint32_t direct[4];
} machines[] = {
	{ "x86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, false, false, { 0 } },
	{ "i386", SCMP_ARCH_X86, AUDIT_ARCH_I386, true, true, { 359, 362, 337, 345 } },
	{ "arm", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, true, false, { 0 } },
	{ "aarch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, false, false, { 0 } },
	/* Big-endian MIPS has the same numbers; its filter would have to be turned around to be run here. */
	{ "mipsel", SCMP_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL, true, true, { 4183, 4170, 4335, 4343 } },
	{ "mips64el", SCMP_ARCH_MIPSEL64, AUDIT_ARCH_MIPSEL64, false, false, { 0 } },
	{ "riscv64", SCMP_ARCH_RISCV64, 0xc00000f3u, false, false, { 0 } },
};

/* NONE where the machine has no such call. */
static uint32_t ask(const struct machine *m, const char *name, const uint64_t args[6])
{
	/* Where the calls about sockets can come as one, that one. */
	int number = m->socketcall ? seccomp_syscall_resolve_name_rewrite(m->scmp, name)
				   : seccomp_syscall_resolve_name_arch(m->scmp, name);
	struct seccomp_data data = { .nr = number, .arch = m->audit };

	if (number < 0)
		return NONE;
	for (unsigned i = 0; args && i < 6; i++)
		data.args[i] = args[i];
	return verdict(&data);
}

static const char *row(const struct machine *m, const char *name)
{
	static char text[100];

	snprintf(text, sizeof text, "%s on %s", name, m->name);
	return text;
}

/* ------------------------------------------------------------------ tests */

/* What a run of dnsfwd makes, by any of the names that it has on one machine or another. */
static const char *const needed[][4] = {
	{ "read" },
	{ "write" },
	{ "close" },
	{ "openat" },
	{ "epoll_ctl" },
	{ "epoll_wait", "epoll_pwait" },
	{ "poll", "ppoll", "ppoll_time64" },
	{ "recvmmsg", "recvmmsg_time64" },
	{ "sendmmsg" },
	{ "sendmsg" },
	{ "recvfrom" },
	{ "sendto" },
	{ "connect" },
	{ "bind" },
	{ "accept4" },
	{ "getsockopt" },
	{ "futex" },
	{ "getrandom" },
	{ "clock_gettime" },
	{ "brk" },
	{ "munmap" },
	{ "exit_group" },
	{ "exit" },
	{ "rt_sigprocmask" },
	{ "rt_sigreturn" },
	{ "inotify_add_watch" },
	{ "eventfd2" },
	{ "timerfd_create" },
	{ "renameat", "renameat2", "rename" },
	{ "unlinkat" },
	{ "fstat", "newfstatat", "fstatat64", "statx" },
	{ "getdents64" },
	{ "getpid" },
	{ "set_robust_list" },
	{ "madvise" },
};

/* On those with 32 bits, what glibc uses since time has 64. */
static const char *const needed_32[] = { "clock_gettime64", "futex_time64", "ppoll_time64", "recvmmsg_time64",
	"timerfd_settime64", "clock_nanosleep_time64", "fcntl64", "fstatat64", "_llseek" };

static void test_needed(const struct machine *m)
{
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		bool any = false;

		for (size_t k = 0; k < 4 && needed[i][k]; k++) {
			uint32_t v = ask(m, needed[i][k], NULL);

			expect(row(m, needed[i][k]), v == NONE || v == SECCOMP_RET_ALLOW);
			any = any || v == SECCOMP_RET_ALLOW;
		}
		expect(row(m, needed[i][0]), any);
	}
	for (size_t i = 0; m->is_32 && i < COUNT_OF(needed_32); i++) {
		uint64_t get[6] = { 0, 1 /* F_GETFD */ };

		expect_int(row(m, needed_32[i]), ask(m, needed_32[i], get), SECCOMP_RET_ALLOW);
	}
}

static void test_hostile(const struct machine *m)
{
	static const char *const names[] = { "execve", "execveat", "ptrace", "process_vm_writev", "mount", "umount2",
		"chroot", "pivot_root", "unshare", "setns", "bpf", "init_module", "finit_module", "delete_module",
		"kexec_load", "reboot", "setuid", "setresuid", "setresuid32", "setgroups", "setgroups32", "capset",
		"perf_event_open", "userfaultfd", "io_uring_setup", "keyctl", "swapon", "clock_settime",
		"clock_settime64", "sethostname", "fork", "vfork", "mknodat", "open_by_handle_at", "personality" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		uint32_t v = ask(m, names[i], NULL);

		expect(row(m, names[i]), v == NONE || v == KILL);
	}
	expect_int(row(m, "clone3"), ask(m, "clone3", NULL), SECCOMP_RET_ERRNO | ENOSYS);
}

static void test_arguments(const struct machine *m)
{
	uint64_t thread[6] = { CLONE_VM | CLONE_THREAD }, process[6] = { SIGCHLD }, me[6] = { SELF },
		 other[6] = { 1 }, all[6] = { (uint64_t)-1 },
		 packet[6] = { AF_PACKET, SOCK_RAW }, udp[6] = { AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC },
		 raw[6] = { AF_INET, SOCK_RAW }, routes[6] = { AF_NETLINK, SOCK_RAW, 0 },
		 audit[6] = { AF_NETLINK, SOCK_RAW, 9 }, crypto[6] = { 38, SOCK_SEQPACKET };

	expect_int(row(m, "a thread"), ask(m, "clone", thread), SECCOMP_RET_ALLOW);
	expect_int(row(m, "a process"), ask(m, "clone", process), KILL);
	expect_int(row(m, "tgkill of us"), ask(m, "tgkill", me), SECCOMP_RET_ALLOW);
	expect_int(row(m, "tgkill"), ask(m, "tgkill", other), KILL);
	expect_int(row(m, "kill"), ask(m, "kill", all), KILL);
	expect_int(row(m, "udp"), ask(m, "socket", udp), SECCOMP_RET_ALLOW);
	expect_int(row(m, "routes"), ask(m, "socket", routes), SECCOMP_RET_ALLOW);
	if (m->socketcall) {
		expect_int(row(m, "socketcall"), ask(m, "socketcall", NULL), SECCOMP_RET_ALLOW);
		for (size_t i = 0; i < COUNT_OF(m->direct); i++) {
			struct seccomp_data data = { .nr = (int)m->direct[i], .arch = m->audit };

			expect_int(row(m, "by itself"), verdict(&data), SECCOMP_RET_ALLOW);
		}
		return;
	}
	expect_int(row(m, "packet"), ask(m, "socket", packet), KILL);
	expect_int(row(m, "raw"), ask(m, "socket", raw), KILL);
	expect_int(row(m, "audit"), ask(m, "socket", audit), SECCOMP_RET_ERRNO | ENOSYS);
	expect_int(row(m, "crypto"), ask(m, "socket", crypto), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void test_memory(const struct machine *m)
{
	const char *map = m->is_32 ? "mmap2" : "mmap";
	uint64_t data[6] = { 0, 4096, PROT_READ | PROT_WRITE }, code[6] = { 0, 4096, PROT_READ | PROT_EXEC },
		 both[6] = { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC };

	expect_int(row(m, map), ask(m, map, data), SECCOMP_RET_ALLOW);
	expect_int(row(m, map), ask(m, map, code), SECCOMP_RET_ALLOW);
	expect_int(row(m, map), ask(m, map, both), SECCOMP_RET_ERRNO | ENOSYS);
	expect_int(row(m, "mprotect"), ask(m, "mprotect", data), SECCOMP_RET_ALLOW);
	expect_int(row(m, "mprotect"), ask(m, "mprotect", code), SECCOMP_RET_ERRNO | EPERM);
}

static void test_machines(void **state)
{
	(void)state;
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		skip(); /* what is made for these has its octets the other way round */
	for (size_t i = 0; i < COUNT_OF(machines); i++) {
		const struct machine *m = &machines[i];
		struct seccomp_data foreign = { .nr = 0, .arch = AUDIT_ARCH_X86_64 ^ 0xffu };

		make(m->scmp);
		expect(m->name, length < 4096); /* what the kernel takes */
		test_needed(m);
		test_hostile(m);
		test_arguments(m);
		test_memory(m);
		expect_int(m->name, verdict(&foreign), KILL);
		printf("%s: %zu instructions\n", m->name, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_machines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 0; /* nothing is filtered */
}

#endif
