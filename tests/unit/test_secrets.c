/* Where the secrets of cookies come from, and how they get to the workers: with workers that only take mail. */
#include "proxy/secrets.h"

#include "proxy/mailbox.h"
#include "proxy/worker.h"
#include "tests/unit/cm.h"
#include "tests/unit/hex.h"
#include "tests/unit/log_catch.h"

#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "00112233445566778899aabbccddeeff"
#define TWO "ffeeddccbbaa99887766554433221100"

/* ------------------------------------------------------------------ in place of workers */

struct worker {
	struct mailbox mailbox;
	struct cookie_secrets secrets;
	unsigned told;
};

static struct worker workers[3];
static const struct cookie_secrets no_secrets;
static struct worker *const crew[] = { &workers[0], &workers[1], &workers[2] };

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

void mailbox_post(struct mailbox *b, struct mail *m)
{
	m->deliver(m, container_of(b, struct worker, mailbox));
}

void worker_set_cookie_secrets(struct worker *w, const struct cookie_secrets *secrets)
{
	w->secrets = *secrets;
	w->told++;
}

static void assert_told(unsigned times, const struct cookie_secrets *secrets)
{
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		assert_int_equal(workers[i].told, times);
		assert_memory_equal(&workers[i].secrets, secrets, sizeof *secrets);
	}
}

/* ------------------------------------------------------------------ the stage */

static char path[] = "/tmp/dnsfwd-secrets-XXXXXX", error[512];
static struct config config;
static struct secrets *secrets;
static struct event_base *base;

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int begin(void **state)
{
	(void)state;
	memset(workers, 0, sizeof workers);
	config = (struct config){ .answer_cookies = true, .cookie_secret_file = "" };
	secrets = secrets_new(&config, NULL);
	base = event_base_new();
	catch_log();
	return 0;
}

static int end(void **state)
{
	(void)state;
	secrets_free(secrets);
	event_base_free(base);
	let_log_go();
	return 0;
}

static int begin_with_file(void **state)
{
	int fd;

	begin(state);
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	config.cookie_secret_file = path;
	return 0;
}

static int end_with_file(void **state)
{
	unlink(path);
	return end(state);
}

/* As a new configuration does it; the workers get them with all the rest of it. */
static int reload(void)
{
	struct secrets *fresh = secrets_new(&config, secrets);
	int err = secrets_load(fresh, error, sizeof error);

	if (err == 0) {
		secrets_stop(secrets);
		assert_int_equal(secrets_start(fresh, base, crew, COUNT_OF(crew)), 0);
		secrets_free(secrets);
		secrets = fresh;
	} else {
		secrets_free(fresh);
	}
	return err;
}

static void load(void)
{
	assert_int_equal(secrets_load(secrets, error, sizeof error), 0);
	assert_int_equal(secrets_start(secrets, base, crew, COUNT_OF(crew)), 0);
}

static int fire(const struct event_base *b, const struct event *e, void *arg)
{
	(void)b;
	++*(unsigned *)arg;
	event_active((struct event *)(uintptr_t)e, EV_TIMEOUT, 1);
	return 0;
}

/* Whatever timer runs; returns how many there were. */
static unsigned let_time_pass(void)
{
	unsigned count = 0;

	event_base_foreach_event(base, fire, &count);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return count;
}

/* ------------------------------------------------------------------ our own */

static void test_own(void **state)
{
	struct cookie_secrets first, second;

	(void)state;
	load();
	first = *secrets_get(secrets);
	assert_int_equal(first.count, 1);
	assert_told(0, &(struct cookie_secrets){ 0 }); /* they were built with it */

	assert_int_equal(let_time_pass(), 1);
	second = *secrets_get(secrets);
	assert_told(1, &second);
	assert_int_equal(second.count, 2);
	assert_memory_equal(second.secret[1], first.secret[0], COOKIE_SECRET_LEN);
	assert_memory_not_equal(second.secret[0], first.secret[0], COOKIE_SECRET_LEN);

	assert_int_equal(let_time_pass(), 1);
	assert_told(2, secrets_get(secrets));
	assert_int_equal(secrets_get(secrets)->count, 1);
	assert_memory_equal(secrets_get(secrets)->secret[0], second.secret[0], COOKIE_SECRET_LEN);
	assert_int_equal(let_time_pass(), 1);
	assert_told(3, secrets_get(secrets));
}

static void test_own_are_nobody_elses(void **state)
{
	struct secrets *others = secrets_new(&config, NULL);

	(void)state;
	load();
	assert_int_equal(secrets_load(others, error, sizeof error), 0);
	assert_memory_not_equal(
		secrets_get(secrets)->secret, secrets_get(others)->secret, COOKIE_SECRET_LEN);
	secrets_free(others);
}

static void test_reload_keeps_our_own(void **state)
{
	struct cookie_secrets first;

	(void)state;
	load();
	first = *secrets_get(secrets);
	assert_int_equal(reload(), 0);
	assert_told(0, &no_secrets);
	assert_memory_equal(secrets_get(secrets), &first, sizeof first);
	/* Their time goes on, too, however often that is done. */
	assert_int_equal(let_time_pass(), 1);
	assert_told(1, secrets_get(secrets));
	assert_memory_not_equal(secrets_get(secrets)->secret[0], first.secret[0], COOKIE_SECRET_LEN);
}

static void test_none(void **state)
{
	(void)state;
	config.answer_cookies = false;
	config.cookie_secret_file = "/does/not/exist";
	load();
	assert_int_equal(secrets_get(secrets)->count, 0);
	assert_int_equal(let_time_pass(), 0);
}

/* ------------------------------------------------------------------ the file's */

static void test_file(void **state)
{
	(void)state;
	write_file(ONE "\n" TWO "\n");
	load();
	assert_int_equal(secrets_get(secrets)->count, 2);
	assert_hex("first", secrets_get(secrets)->secret[0], 16, ONE);
	assert_hex("second", secrets_get(secrets)->secret[1], 16, TWO);
	assert_int_equal(let_time_pass(), 0); /* nobody but its owner changes it */
	assert_logged("");
}

static void test_reload_takes_the_new_ones(void **state)
{
	(void)state;
	write_file(ONE "\n");
	load();
	write_file(TWO "\n" ONE "\n");
	assert_int_equal(reload(), 0);
	assert_int_equal(secrets_get(secrets)->count, 2);
	assert_hex("first", secrets_get(secrets)->secret[0], 16, TWO);
}

/* What is wrong with it leaves all as it was. */
static void test_bad_reload_changes_nothing(void **state)
{
	static const char *const bad[] = { "", "00\n", ONE "\n" TWO "\n" ONE "\n", ONE "\nx\n" };
	struct cookie_secrets before;

	(void)state;
	write_file(ONE "\n");
	load();
	before = *secrets_get(secrets);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		write_file(bad[i]);
		error[0] = '\0';
		assert_int_equal(reload(), -1);
		assert_non_null(strstr(error, path));
		assert_memory_equal(secrets_get(secrets), &before, sizeof before);
		assert_int_equal(workers[0].told, 0);
	}
	unlink(path);
	assert_int_equal(reload(), -1);
	assert_non_null(strstr(error, "cannot read"));
	assert_memory_equal(secrets_get(secrets), &before, sizeof before);
}

static void test_open_to_all(void **state)
{
	(void)state;
	write_file(ONE "\n");
	chmod(path, 0644);
	load();
	read_log();
	assert_int_equal(count_in_log("open to all users"), 1);
	assert_int_equal(count_in_log(ONE), 0);
}

#define OWN(f)	 cmocka_unit_test_setup_teardown(f, begin, end)
#define FILE_(f) cmocka_unit_test_setup_teardown(f, begin_with_file, end_with_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OWN(test_own),
		OWN(test_own_are_nobody_elses),
		OWN(test_reload_keeps_our_own),
		OWN(test_none),
		FILE_(test_file),
		FILE_(test_reload_takes_the_new_ones),
		FILE_(test_bad_reload_changes_nothing),
		FILE_(test_open_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
