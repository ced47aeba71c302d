/* top: a live view in the terminal; --once for scripts. */
#include "proxy/ctl/top.h"

#include <errno.h>
#include <json-c/json.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

#define SECONDS_MAX 3600.0
#define SECONDS_MIN 0.1

struct options {
	bool once;
	double seconds; /* between readings */
};

static volatile sig_atomic_t resized, ended;

/* ------------------------------------------------------------------ reading */

static int keep_line(void *arg, struct json_object *line, const char *text)
{
	struct json_object **ret = arg;

	(void)text;
	json_object_put(*ret);
	*ret = json_object_get(line);
	return CTL_OK;
}

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int read_figures(const struct ctl_options *o, struct top_reading *ret)
{
	static char status[] = "status", stats[] = "stats";
	char *const first[] = { status }, *const second[] = { stats };
	int code = ctl_ask(o, 1, first, keep_line, &ret->status);

	if (code == CTL_OK)
		code = ctl_ask(o, 1, second, keep_line, &ret->stats);
	ret->at_s = clock_s();
	return code;
}

/* ------------------------------------------------------------------ the terminal */

static struct termios saved;

static void on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

/* An alternate screen without cursor; keys come at once and are not shown. */
static void begin_screen(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	struct termios raw = saved;

	sigaction(SIGWINCH, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
}

static void end_screen(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void find_size(size_t *ret_columns, size_t *ret_lines)
{
	struct winsize w;

	*ret_columns = 80;
	*ret_lines = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0 || w.ws_row == 0)
		return;
	*ret_columns = w.ws_col;
	*ret_lines = w.ws_row;
}

/* Line by line, each cleared to its end: nothing flickers. */
static void show_screen(const struct top *t)
{
	size_t columns, lines, len;
	char *text = NULL;
	FILE *page = open_memstream(&text, &len);

	if (!page)
		return;
	find_size(&columns, &lines);
	top_draw(t, page, columns, lines > 1 ? lines - 1 : 1);
	fclose(page);
	fputs("\033[H", stdout);
	for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1)
		printf("%.*s\033[K\r\n", (int)(end - at), at);
	fputs("\033[J", stdout);
	printf("%s%.*s%s", ink(INK_DIM), (int)columns, "q: quit", ink(INK_NONE));
	fflush(stdout);
	free(text);
}

/* ------------------------------------------------------------------ until somebody has seen enough */

static bool asks_to_quit(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

	if (n == 0)
		return true;
	return n > 0 && (memchr(keys, 'q', (size_t)n) || memchr(keys, 3, (size_t)n));
}

/* Waits for the next reading, drawing anew when the window changes.  False: it is over. */
static bool wait_for_next(const struct top *t, double until_s)
{
	for (;;) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		double left = until_s - clock_s();

		if (ended)
			return false;
		if (left <= 0)
			return true;
		if (poll(&p, 1, (int)(left * 1000) + 1) > 0 && asks_to_quit())
			return false;
		if (resized) {
			resized = 0;
			show_screen(t);
		}
	}
}

/* It may be started again meanwhile: what fails later is shown, and tried again. */
static void watch(const struct ctl_options *o, const struct options *t, struct top *top)
{
	struct ctl_options quiet = *o;

	quiet.quiet = true;
	quiet.ended = &ended;
	begin_screen();
	do {
		struct top_reading r = { .status = NULL };

		show_screen(top);
		if (!wait_for_next(top, clock_s() + t->seconds))
			break;
		if (read_figures(&quiet, &r) != CTL_OK) {
			json_object_put(r.status);
			r.status = NULL;
		}
		top_add(top, r);
	} while (!ended);
	end_screen();
}

/* Two readings, so that there is something to tell of what happens. */
static int show_once(const struct ctl_options *o, const struct options *t, struct top *top)
{
	struct top_reading r = { .status = NULL };
	struct timespec pause = { .tv_sec = (time_t)t->seconds };
	int code;

	pause.tv_nsec = (long)((t->seconds - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
	code = read_figures(o, &r);
	top_add(top, r);
	if (code == CTL_OK)
		top_draw(top, stdout, 1000, 1000);
	return code;
}

/* ------------------------------------------------------------------ the command */

static bool parse(int argc, char **argv, struct options *ret)
{
	*ret = (struct options){ .seconds = 1 };
	for (int i = 1; i < argc; i++) {
		bool delay = strcmp(argv[i], "-d") == 0;
		char *end = NULL;

		if (strcmp(argv[i], "--once") == 0) {
			ret->once = true;
			continue;
		}
		if (delay && i + 1 < argc)
			ret->seconds = strtod(argv[++i], &end);
		if (!end || *end || !(ret->seconds >= SECONDS_MIN && ret->seconds <= SECONDS_MAX)) {
			fprintf(stderr,
				"dnsfwdctl: top: %s: %s\nTry dnsfwdctl top --help\n", argv[i],
				delay ? "seconds from 0.1 to 3600 are wanted"
				      : "this is not understood");
			return false;
		}
	}
	return true;
}

int ctl_top(int argc, char **argv, const struct ctl_options *o)
{
	struct top top = { .past_count = 0 };
	struct top_reading r = { .status = NULL };
	struct options t;
	int code;

	if (!parse(argc, argv, &t))
		return CTL_USAGE;
	if (o->json || (!t.once && (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0))) {
		fputs("dnsfwdctl: top: this is no terminal; --once prints one view, and programs "
		      "use status --json and stats --json\n",
			stderr);
		return CTL_USAGE;
	}
	setlocale(LC_CTYPE, "");
	top.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	code = read_figures(o, &r);
	top_add(&top, r);
	if (code == CTL_OK && t.once)
		code = show_once(o, &t, &top);
	else if (code == CTL_OK)
		watch(o, &t, &top);
	top_free(&top);
	return code;
}
