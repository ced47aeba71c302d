#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "proxy/ctl/setup.h"

#define DNS_PORT 53
#define MARK	 "# " SETUP_MARK "; \"dnsfwdctl setup --undo\" brings back what was here\n"

#define RESOLVED_FILE	"/etc/systemd/resolved.conf.d/dnsfwd.conf"
#define NM_FILE		"/etc/NetworkManager/conf.d/90-dnsfwd.conf"
#define DHCLIENT_FILE	"/etc/dhcp/dhclient.conf"
#define OPENRESOLV_FILE "/etc/resolvconf.conf"
#define RESOLVCONF_FILE "/etc/systemd/system/dnsfwd.service.d/resolvconf.conf"
#define DNSMASQ_FILE	"/etc/dnsmasq.d/dnsfwd.conf"
#define DNSMASQ_MAIN	"/etc/dnsmasq.conf"

/* ------------------------------------------------------------------ parts of a plan */

static void note(struct setup_plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void note(struct setup_plan *p, const char *format, ...)
{
	va_list args;

	if (p->notes == SETUP_NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(p->note[p->notes++], SETUP_NOTE_MAX, format, args);
	va_end(args);
}

static void refuse(struct setup_plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void refuse(struct setup_plan *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->refusal, sizeof p->refusal, format, args);
	va_end(args);
}

/* text: taken; NULL is out of memory. */
static void put(struct setup_plan *p, const char *path, char *text)
{
	struct setup_change *c = &p->change[p->changes];

	if (!text) {
		p->no_memory = true;
		return;
	}
	snprintf(c->path, sizeof c->path, "%s", path);
	c->text = text;
	p->changes++;
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

/* The file as it is; "" where there is none.  NULL, and a refusal: it can't be kept as it is. */
static char *present(const struct setup_system *s, struct setup_plan *p, const char *path)
{
	size_t len;
	char *text = setup_read(s->root, path, &len);

	if (text && strlen(text) == len)
		return text;
	if (!text && errno == ENOENT)
		return strdup("");
	refuse(p, "%s: %s", path, text ? "it is no text" : strerror(errno));
	free(text);
	return NULL;
}

/* Unless it says just that already. */
static void put_whole(
	const struct setup_system *s, struct setup_plan *p, const char *path, char *text)
{
	char *now = present(s, p, path);

	if (text && now && strcmp(now, text) == 0)
		free(text);
	else
		put(p, path, text);
	free(now);
}

static void put_behind(
	const struct setup_system *s, struct setup_plan *p, const char *path, const char *more)
{
	char *text = present(s, p, path);
	size_t len = text ? strlen(text) : 0;

	if (text && !strstr(text, more))
		put(p, path,
			print("%s%s%s%s", text, len > 0 && text[len - 1] != '\n' ? "\n" : "", MARK,
				more));
	free(text);
}

/* ------------------------------------------------------------------ resolv.conf itself */

static bool starts(const char *line, const char *word)
{
	line += strspn(line, " \t");
	return strncmp(line, word, strlen(word)) == 0 && strchr(" \t", line[strlen(word)]);
}

/* The words of `options` that people had, and those that we need. */
static void add_options(struct bytes *out, const char *line, size_t len)
{
	static const char *const ours[] = { " edns0", " trust-ad" };

	bytes_append(out, line, len);
	for (size_t i = 0; i < 2; i++)
		if (!memmem(line, len, ours[i], strlen(ours[i])))
			bytes_append(out, ours[i], strlen(ours[i]));
	bytes_append(out, "\n", 1);
}

/* Search lists and options stay; name servers and remarks of those who wrote it before go. */
static char *rewrite(const struct setup_system *s, const char *ip)
{
	struct bytes out = { 0 };
	const char *line = s->text ? s->text : "";
	bool options = false;
	size_t len;

	bytes_append(&out, MARK "nameserver ", sizeof MARK "nameserver " - 1);
	bytes_append(&out, ip, strlen(ip));
	bytes_append(&out, "\n", 1);
	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (starts(line, "options") && !options) {
			add_options(&out, line, len);
			options = true;
		} else if (starts(line, "search") || starts(line, "domain") ||
			   starts(line, "sortlist")) {
			bytes_append(&out, line, len);
			bytes_append(&out, "\n", 1);
		}
	}
	if (!options)
		add_options(&out, "options", 7);
	bytes_append(&out, "", 1);
	return (char *)out.data; /* nothing was consumed: it begins there */
}

static bool is_ours_alone(const struct setup_system *s, const char *ip)
{
	return s->server_count == 1 && strcmp(s->servers[0], ip) == 0;
}

static void put_resolv_conf(const struct setup_system *s, struct setup_plan *p)
{
	char ip[ADDR_TEXT_MAX];

	addr_ip_text(&s->listen, ip);
	if (s->kind != KIND_LINK && is_ours_alone(s, ip))
		return;
	put(p, SETUP_RESOLV_CONF, rewrite(s, ip));
}

/* ------------------------------------------------------------------ what has to hear of it */

void setup_commands_of(const char *path, struct setup_commands *c)
{
	static const struct {
		const char *path, *command;
	} rows[] = {
		{ RESOLVED_FILE, "systemctl restart systemd-resolved" },
		{ NM_FILE, "systemctl reload NetworkManager" },
		{ RESOLVCONF_FILE, "systemctl daemon-reload" },
		{ RESOLVCONF_FILE, "systemctl restart dnsfwd" },
		{ OPENRESOLV_FILE, "resolvconf -u" },
		{ DNSMASQ_FILE, "systemctl restart dnsmasq" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].path, path) == 0 && c->count < SETUP_COMMANDS_MAX)
			c->command[c->count++] = rows[i].command;
}

/* ------------------------------------------------------------------ for each owner */

static void plan_resolved(const struct setup_system *s, struct setup_plan *p)
{
	char where[ADDR_TEXT_MAX];

	if (addr_port(&s->listen) == DNS_PORT)
		addr_ip_text(&s->listen, where);
	else
		addr_text(&s->listen, where);
	/* An empty FallbackDNS: those that are compiled in would be asked in clear. */
	put_whole(s, p, RESOLVED_FILE,
		print(MARK "[Resolve]\nDNS=%s\nFallbackDNS=\nDomains=~.\nDNSOverTLS=no\n", where));
	if (s->uplink) {
		struct setup_change *c = &p->change[p->changes++];

		snprintf(c->path, sizeof c->path, "%s", SETUP_RESOLV_CONF);
		snprintf(c->target, sizeof c->target, "../run/systemd/resolve/stub-resolv.conf");
	}
	note(p, "names below the search domains of a link (\"resolvectl domain\") still go to the "
		"servers of that link, in clear");
}

static void plan_networkmanager(const struct setup_system *s, struct setup_plan *p)
{
	put_whole(s, p, NM_FILE, print(MARK "[main]\ndns=none\n"));
	put_resolv_conf(s, p);
	note(p, "search domains that a network brings are not taken over any more");
}

static void plan_dhclient(const struct setup_system *s, struct setup_plan *p)
{
	char ip[ADDR_TEXT_MAX];
	char *line = print("supersede domain-name-servers %s;\n", addr_ip_text(&s->listen, ip));

	if (s->listen.sa.sa_family == AF_INET6)
		refuse(p, "dhclient's domain-name-servers are IPv4: let dnsfwd listen on "
			  "127.0.0.1");
	else if (line)
		put_behind(s, p, DHCLIENT_FILE, line);
	free(line);
	put_resolv_conf(s, p);
}

/* A record in front of all others, while dnsfwd runs: resolvconf cuts the list behind a loopback one. */
static void plan_resolvconf(const struct setup_system *s, struct setup_plan *p)
{
	char ip[ADDR_TEXT_MAX];

	addr_ip_text(&s->listen, ip);
	put_whole(s, p, RESOLVCONF_FILE,
		print(MARK "[Service]\n"
			   "ExecStartPost=+/bin/sh -c 'echo nameserver %s | /sbin/resolvconf -a "
			   "lo.dnsfwd'\n"
			   "ExecStopPost=+/sbin/resolvconf -d lo.dnsfwd\n",
			ip));
	note(p,
		"it holds while the service dnsfwd runs; without systemd, run \"echo nameserver %s "
		"| "
		"resolvconf -a lo.dnsfwd\" at each start",
		ip);
}

static void plan_openresolv(const struct setup_system *s, struct setup_plan *p)
{
	char ip[ADDR_TEXT_MAX];
	char *line = print(
		"name_servers=%s\nresolv_conf_local_only=YES\n", addr_ip_text(&s->listen, ip));

	if (line)
		put_behind(s, p, OPENRESOLV_FILE, line);
	p->no_memory |= !line;
	free(line);
}

/* What else it would ask, in clear. */
static void warn_of_servers(const struct setup_system *s, struct setup_plan *p)
{
	size_t len;
	char *text = setup_read(s->root, DNSMASQ_MAIN, &len);
	unsigned number = 1;

	for (const char *line = text; line && *line; number++) {
		if (strncmp(line, "server=", 7) == 0 && line[7] != '/')
			note(p, DNSMASQ_MAIN ":%u: %.*s is asked as well, in clear: take it out",
				number, (int)strcspn(line, "\n"), line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	free(text);
}

static void plan_dnsmasq(const struct setup_system *s, struct setup_plan *p)
{
	char ip[ADDR_TEXT_MAX];
	char *line = print(
		"no-resolv\nserver=%s#%u\n", addr_ip_text(&s->listen, ip), addr_port(&s->listen));

	if (addr_port(&s->listen) == DNS_PORT && strcmp(ip, "127.0.0.1") == 0)
		refuse(p,
			"dnsmasq has 127.0.0.1:53 and stays in front: let dnsfwd listen elsewhere, "
			"listen = [ \"127.0.0.1@5453\" ]; or stop dnsmasq");
	else if (line)
		put_behind(s, p, DNSMASQ_FILE, line);
	p->no_memory |= !line;
	free(line);
	warn_of_servers(s, p);
}

static void plan_other(const struct setup_system *s, struct setup_plan *p)
{
	refuse(p, "%s writes resolv.conf, and would write it again; tell it to use %s", s->other,
		s->listen.sa.sa_family == AF_INET6 ? "dnsfwd's address" : "127.0.0.1");
}

/* Only systemd-resolved and dnsmasq can be told of a port. */
static bool needs_port_53(const struct setup_system *s)
{
	return s->owner != OWNER_RESOLVED && s->owner != OWNER_DNSMASQ;
}

void setup_make_plan(const struct setup_system *s, struct setup_plan *ret)
{
	static void (*const plans[])(const struct setup_system *s, struct setup_plan *p) = {
		[OWNER_FILE] = put_resolv_conf,
		[OWNER_RESOLVED] = plan_resolved,
		[OWNER_NETWORKMANAGER] = plan_networkmanager,
		[OWNER_RESOLVCONF] = plan_resolvconf,
		[OWNER_OPENRESOLV] = plan_openresolv,
		[OWNER_DHCLIENT] = plan_dhclient,
		[OWNER_DNSMASQ] = plan_dnsmasq,
		[OWNER_OTHER] = plan_other,
	};
	char where[ADDR_TEXT_MAX];

	*ret = (struct setup_plan){ .changes = 0 };
	plans[s->owner](s, ret);
	for (size_t i = 0; i < ret->changes; i++)
		setup_commands_of(ret->change[i].path, &ret->commands);
	if (*ret->refusal)
		return;
	if (needs_port_53(s) && addr_port(&s->listen) != DNS_PORT)
		refuse(ret,
			"resolv.conf can't name a port, and dnsfwd listens on %s: it needs port 53",
			addr_text(&s->listen, where));
	else if (s->immutable && ret->changes > 0)
		refuse(ret, "%s is immutable, so that it stays as it is: chattr -i %s",
			SETUP_RESOLV_CONF, SETUP_RESOLV_CONF);
	else if (s->kind == KIND_OTHER)
		refuse(ret, "%s is neither a file nor a link", SETUP_RESOLV_CONF);
	else if (ret->no_memory)
		refuse(ret, "out of memory");
}

void setup_plan_free(struct setup_plan *p)
{
	for (size_t i = 0; i < p->changes; i++)
		free(p->change[i].text);
	p->changes = 0;
}
