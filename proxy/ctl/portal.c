/*
 * portal: has dnsfwd open one for the names of probes, asks a probe what the network makes of it, and adds where it
 * leads to.  The names are looked up through dnsfwd, so that nothing leaves in clear that it does not let out.
 */
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/name.h"
#include "proxy/ctl/ctl.h"
#include "proxy/ctl/portal.h"
#include "proxy/ctl/text.h"

#define PROBES_MAX  4u
#define NAMES_MAX   24u /* of one request */
#define WORDS_MAX   (NAMES_MAX + PROBES_MAX + 8u)
#define SECONDS_MIN 60u
#define SECONDS_MAX 3600u

static const char *const usual_probes[] = { "http://detectportal.firefox.com/success.txt",
	"http://connectivitycheck.gstatic.com/generate_204",
	"http://captive.apple.com/hotspot-detect.html" };

struct portal_options {
	unsigned seconds;
	const char *resolver;
	bool force, no_probe;
	struct probe_url probe[PROBES_MAX];
	size_t probe_count;
	const char *name[NAMES_MAX];
	size_t count;
};

/* ------------------------------------------------------------------ the command line */

static int complain(const char *what, const char *about)
{
	fprintf(stderr, "dnsfwdctl: portal: %s%s%s\nTry dnsfwdctl portal --help\n", about,
		*about ? ": " : "", what);
	return CTL_USAGE;
}

/* "10m", "1h", "90s", "600"; 0: it is none within the bounds. */
static unsigned read_duration(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10), unit = 1;

	if (!isdigit((unsigned char)*text) || n > SECONDS_MAX)
		return 0;
	if (strcmp(end, "m") == 0)
		unit = 60;
	else if (strcmp(end, "h") == 0)
		unit = 3600;
	else if (*end && strcmp(end, "s") != 0)
		return 0;
	n *= unit;
	return n >= SECONDS_MIN && n <= SECONDS_MAX ? (unsigned)n : 0;
}

static const char *add_probe(struct portal_options *p, const char *url)
{
	if (p->probe_count == PROBES_MAX)
		return "too many probes";
	if (!probe_parse(url, &p->probe[p->probe_count]))
		return "a probe is written like http://example.com/path";
	p->probe_count++;
	return NULL;
}

static const char *add_name(struct portal_options *p, const char *name)
{
	uint8_t wire[DNS_NAME_MAX];

	if (p->count == NAMES_MAX)
		return "too many names";
	if (*name == '-' || name_from_text(name, wire) <= 1)
		return "this is not understood";
	p->name[p->count++] = name;
	return NULL;
}

/* What is wrong with that argument; NULL: nothing, *i is the last that was taken. */
static const char *take(struct portal_options *p, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	bool wants = strcmp(word, "--resolver") == 0 || strcmp(word, "--probe") == 0;

	if (wants && *i + 1 == argc)
		return "something is missing behind it";
	if (strcmp(word, "--resolver") == 0)
		p->resolver = argv[++*i];
	else if (strcmp(word, "--probe") == 0)
		return add_probe(p, argv[++*i]);
	else if (strcmp(word, "--no-probe") == 0)
		p->no_probe = true;
	else if (strcmp(word, "--force") == 0)
		p->force = true;
	else
		return add_name(p, word);
	return NULL;
}

static int parse(int argc, char **argv, struct portal_options *p)
{
	*p = (struct portal_options){ .seconds = read_duration(argv[1]) };
	if (p->seconds == 0)
		return complain("for how long? 1m to 1h, like 10m; or off", argv[1]);
	for (int i = 2; i < argc; i++) {
		const char *wrong = take(p, argc, argv, &i);

		if (wrong)
			return complain(wrong, argv[i]);
	}
	if (p->no_probe && p->probe_count > 0)
		return complain("--probe and --no-probe", "");
	if (p->no_probe && p->count == 0)
		return complain("without a probe, names are wanted", "");
	for (size_t i = 0; !p->no_probe && p->probe_count == 0 &&
			   i < sizeof usual_probes / sizeof *usual_probes; i++)
		if (!probe_parse(usual_probes[i], &p->probe[i]))
			abort();
	if (!p->no_probe && p->probe_count == 0)
		p->probe_count = sizeof usual_probes / sizeof *usual_probes;
	return CTL_OK;
}

/* ------------------------------------------------------------------ asking dnsfwd */

static int forget(void *arg, struct json_object *line, const char *text)
{
	(void)arg;
	(void)line;
	(void)text;
	return CTL_OK;
}

static void show(struct json_object *a)
{
	struct json_object *names = member(a, "names");
	char left[TEXT_MAX];

	if (!member_true(a, "open")) {
		puts("no portal is open");
		return;
	}
	printf("portal open for %s: ", text_duration(member_decimal(a, "left_s"), left));
	for (size_t i = 0; i < list_length(names); i++) {
		printf("%s", i > 0 ? ", " : "");
		put_clean(json_object_get_string(json_object_array_get_idx(names, i)));
	}
	printf(" -> ");
	put_clean(member_text(a, "resolver"));
	puts(", in clear");
}

static int show_line(void *arg, struct json_object *line, const char *text)
{
	const struct ctl_options *o = arg;

	if (o->json)
		puts(text);
	else
		show(line);
	return CTL_OK;
}

static int show_now(const struct ctl_options *o)
{
	char *words[] = { "portal" };

	return ctl_ask(o, 1, words, show_line, (void *)o);
}

static int open_portal(const struct ctl_options *o, const struct portal_options *p, const char *to)
{
	char seconds[16], *words[WORDS_MAX] = { "portal", "open", seconds, (char *)to };
	int n = 4;

	snprintf(seconds, sizeof seconds, "%u", p->seconds);
	if (p->force)
		words[n++] = "--force";
	for (size_t i = 0; i < p->probe_count; i++)
		words[n++] = (char *)p->probe[i].host;
	for (size_t i = 0; i < p->count; i++)
		words[n++] = (char *)p->name[i];
	return ctl_ask(o, n, words, forget, NULL);
}

/* The first address of the answer. */
static int take_address(void *arg, struct json_object *line, const char *text)
{
	struct json_object *answer = member(member(line, "reply"), "answer");
	struct addr *ret = arg;

	(void)text;
	for (size_t i = 0; i < list_length(answer) && ret->sa.sa_family == AF_UNSPEC; i++) {
		struct json_object *r = json_object_array_get_idx(answer, i);
		const char *data = member_text(r, "data");

		if (!data || !addr_parse_ip(data, ret))
			*ret = (struct addr){ .sa = { .sa_family = AF_UNSPEC } };
	}
	return CTL_OK;
}

/* An address written as such needs no looking up. */
static bool look_up(const struct ctl_options *o, const char *host, struct addr *ret)
{
	static const char *const types[] = { "A", "AAAA" };

	if (addr_parse_ip(host, ret))
		return true;
	*ret = (struct addr){ .sa = { .sa_family = AF_UNSPEC } };
	for (size_t i = 0; i < 2 && ret->sa.sa_family == AF_UNSPEC; i++) {
		char *words[] = { "query", (char *)host, (char *)types[i] };

		if (ctl_ask(o, 3, words, take_address, ret) != CTL_OK)
			return false;
	}
	return ret->sa.sa_family != AF_UNSPEC;
}

/* ------------------------------------------------------------------ probing */

/* To stderr: with --json, stdout is for programs. */
static void tell(const struct probe_url *u, const char *what, const char *more)
{
	fprintf(stderr, "dnsfwdctl: http://%s%s: %s%s\n", u->host, u->path, what, more);
}

static int add_host(const struct ctl_options *o, const struct probe_url *u, const char *host)
{
	char *words[] = { "portal", "add", (char *)host };
	struct addr written;

	tell(u, "the network leads to ", host);
	return addr_parse_ip(host, &written) ? CTL_OK : ctl_ask(o, 3, words, forget, NULL);
}

/* The first probe that tells something is the last. */
static int probe(const struct ctl_options *o, const struct portal_options *p)
{
	for (size_t i = 0; i < p->probe_count; i++) {
		const struct probe_url *u = &p->probe[i];
		char host[PROBE_HOST_MAX];
		const char *why = "";
		struct addr to;

		if (!look_up(o, u->host, &to)) {
			tell(u, "its name has no address here", "");
			continue;
		}
		addr_set_port(&to, (uint16_t)u->port);
		switch (probe_fetch(u, &to, host, &why)) {
		case PROBE_REDIRECTED:
			return add_host(o, u, host);
		case PROBE_OPEN:
			tell(u, "it answers as ever: there seems to be no portal", "");
			return CTL_OK;
		case PROBE_CHANGED:
			tell(u, "the network answers itself; open this address in a browser", "");
			return CTL_OK;
		case PROBE_FAILED:
			tell(u, why, "");
		}
	}
	return CTL_OK;
}

/* ------------------------------------------------------------------ the command */

static int run(const struct ctl_options *o, const struct portal_options *p)
{
	char gateway[ADDR_TEXT_MAX];
	const char *to = p->resolver;
	struct addr addr;
	int code;

	if (!to && portal_gateway(&addr))
		to = addr_text(&addr, gateway);
	if (!to) {
		fputs("dnsfwdctl: portal: there is no default route, so no gateway to ask; name "
		      "the network's resolver with --resolver\n",
			stderr);
		return CTL_FAILED;
	}
	code = open_portal(o, p, to);
	if (code == CTL_OK)
		code = probe(o, p);
	return code == CTL_OK ? show_now(o) : code;
}

int ctl_portal(int argc, char **argv, const struct ctl_options *o)
{
	struct portal_options p;
	int code;

	if (argc == 1)
		return show_now(o);
	if (strcmp(argv[1], "off") == 0 && argc > 2)
		return complain("nothing may stand behind off", argv[2]);
	if (strcmp(argv[1], "off") == 0)
		return ctl_ask(o, argc, argv, show_line, (void *)o);
	code = parse(argc, argv, &p);
	return code == CTL_OK ? run(o, &p) : code;
}
