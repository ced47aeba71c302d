/* The variables of socket activation: which values pass how many descriptors to whom, and their names. */
#include "tests/unit/cm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/client/passed.h"

static void count(void **state)
{
	static const struct {
		const char *row, *fds, *pid;
		int want;
	} rows[] = {
		{ "nothing is set", NULL, NULL, 0 },
		{ "one", "1", "4711", 1 },
		{ "none", "0", "4711", 0 },
		{ "the most", "1024", "4711", 1024 },
		{ "too many", "1025", "4711", -EINVAL },
		{ "beyond int", "4294967297", "4711", -EINVAL },
		{ "beyond long", "99999999999999999999999", "4711", -EINVAL },
		{ "negative", "-1", "4711", -EINVAL },
		{ "a sign", "+1", "4711", -EINVAL },
		{ "a space in front", " 1", "4711", -EINVAL },
		{ "a space behind", "1 ", "4711", -EINVAL },
		{ "empty", "", "4711", -EINVAL },
		{ "no number", "many", "4711", -EINVAL },
		{ "hexadecimal", "0x1", "4711", -EINVAL },
		{ "another process", "1", "4712", 0 },
		{ "another process, nonsense", "many", "4712", 0 },
		{ "a prefix of our number", "1", "471", 0 },
		{ "our number and more", "1", "47110", 0 },
		{ "no process", "1", NULL, 0 },
		{ "an empty process", "1", "", 0 },
		{ "a process that is no number", "1", "4711x", 0 },
		{ "a process that wraps to ours", "1", "18446744073709556327", 0 },
		{ "only the process", NULL, "4711", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].row, passed_count(rows[i].fds, rows[i].pid, 4711), rows[i].want);
}

static void name(void **state)
{
	static const struct {
		const char *names;
		unsigned index;
		const char *want;
	} rows[] = {
		{ NULL, 0, "unknown" },
		{ "", 0, "unknown" },
		{ "a", 0, "a" },
		{ "a", 1, "unknown" },
		{ "a", 9, "unknown" },
		{ "a:b:c", 0, "a" },
		{ "a:b:c", 1, "b" },
		{ "a:b:c", 2, "c" },
		{ "a:b:c", 3, "unknown" },
		{ "a::c", 1, "unknown" },
		{ "a::c", 2, "c" },
		{ "a:", 1, "unknown" },
		{ ":", 0, "unknown" },
		{ "dnsfwd.socket:control", 1, "control" },
	};
	char got[PASSED_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		passed_name(rows[i].names, rows[i].index, got);
		assert_string_equal(got, rows[i].want);
	}
}

static void long_name_is_cut(void **state)
{
	char names[300], got[PASSED_NAME_MAX];

	(void)state;
	memset(names, 'n', sizeof names);
	memcpy(names + 255, ":b", 3);
	passed_name(names, 0, got);
	assert_int_equal(strlen(got), PASSED_NAME_MAX - 1);
	passed_name(names, 1, got);
	assert_string_equal(got, "b");
}

/* A bound UDP socket as descriptor 3 and the variables that pass it. */
static void pass_one(const struct addr *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char pid[16];

	assert_int_equal(bind(fd, &to->sa, addr_len(to)), 0);
	assert_int_equal(dup2(fd, 3), 3);
	if (fd != 3)
		close(fd);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "dns", 1);
}

static void a_socket_is_made_ready_and_the_variables_go(void **state)
{
	struct addr loopback = { .in4 = { .sin_family = AF_INET } };
	struct passed p;

	(void)state;
	loopback.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pass_one(&loopback);
	passed_take(&p);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.socket[0].fd, 3);
	assert_true(p.socket[0].udp);
	assert_string_equal(p.socket[0].name, "dns");
	assert_int_equal(p.socket[0].addr.in4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_true(addr_port(&p.socket[0].addr) != 0);
	assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(3, F_GETFL) & O_NONBLOCK);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	passed_close(&p);
	assert_int_equal(fcntl(3, F_GETFD), -1);
}

static void variables_of_another_process_go_too(void **state)
{
	struct addr any = { .in4 = { .sin_family = AF_INET } };
	struct passed p;

	(void)state;
	pass_one(&any);
	setenv("LISTEN_PID", "1", 1);
	passed_take(&p);
	assert_int_equal(p.count, 0);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	assert_int_equal(close(3), 0); /* not ours: left alone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count),
		cmocka_unit_test(name),
		cmocka_unit_test(long_name_is_cut),
		cmocka_unit_test(a_socket_is_made_ready_and_the_variables_go),
		cmocka_unit_test(variables_of_another_process_go_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
