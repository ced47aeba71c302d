#include "proxy/client/holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bounds of work: a machine may have very many sockets. */
#define ROWS_MAX	100000u
#define DESCRIPTORS_MAX 100000u
#define TCP_LISTEN	0x0au /* the kernel's number of the state */

#define GENERAL "stop it, or choose another address or port with listen or --listen"

/* ------------------------------------------------------------------ whose address is in the way */

/* Addresses stand there as the machine's own 32-bit words, in hexadecimal. */
static bool parse_address(const char *hex, struct addr *ret)
{
	size_t words = strlen(hex) / 8;
	uint32_t word[4];

	if (strlen(hex) != 8 && strlen(hex) != 32)
		return false;
	for (size_t i = 0; i < words; i++)
		if (sscanf(hex + 8 * i, "%8x", &word[i]) != 1)
			return false;
	if (words == 1) {
		*ret = (struct addr){ .in4 = { .sin_family = AF_INET } };
		memcpy(&ret->in4.sin_addr, word, 4);
	} else {
		*ret = (struct addr){ .in6 = { .sin6_family = AF_INET6 } };
		memcpy(&ret->in6.sin6_addr, word, 16);
	}
	return true;
}

bool holder_parse_row(
	const char *line, struct addr *ret_local, unsigned *ret_state, unsigned long *ret_inode)
{
	char hex[33];
	unsigned port, state;
	unsigned long inode;
	struct addr local;

	if (sscanf(line,
		    " %*u: %32[0-9A-F]:%4x %*32[0-9A-F]:%*4x %2x %*8x:%*8x %*2x:%*8x %*8x %*u %*u "
		    "%lu",
		    hex, &port, &state, &inode) != 4 ||
		!parse_address(hex, &local))
		return false;
	addr_set_port(&local, (uint16_t)port);
	*ret_local = local;
	*ret_state = state;
	*ret_inode = inode;
	return true;
}

/* [::] may take IPv4, too; ours never does. */
static bool in_the_way(const struct addr *theirs, const struct addr *wanted)
{
	bool same_family = theirs->sa.sa_family == wanted->sa.sa_family;

	if (addr_port(theirs) != addr_port(wanted))
		return false;
	if (addr_is_any(theirs) && (same_family || wanted->sa.sa_family == AF_INET))
		return true;
	return same_family && (addr_is_any(wanted) || addr_equal(theirs, wanted));
}

static bool find_row(const char *file, bool tcp, const struct addr *wanted, struct holder *ret)
{
	FILE *f = fopen(file, "re");
	char line[512];
	unsigned state;
	bool found = false;

	if (!f)
		return false;
	for (unsigned i = 0; i < ROWS_MAX && !found && fgets(line, sizeof line, f); i++)
		found = holder_parse_row(line, &ret->addr, &state, &ret->inode) &&
			(!tcp || state == TCP_LISTEN) && in_the_way(&ret->addr, wanted);
	fclose(f);
	return found;
}

/* ------------------------------------------------------------------ whose socket it is */

static bool has_socket(const char *pid, const char *socket_name, unsigned *descriptors_left)
{
	char folder[64], target[64];
	const struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
	d = opendir(folder);
	while (d && !found && *descriptors_left > 0 && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);

		--*descriptors_left;
		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, socket_name) == 0;
	}
	if (d)
		closedir(d);
	return found;
}

static void name_program(const char *pid, struct holder *ret)
{
	char file[64];
	FILE *f;

	snprintf(file, sizeof file, "/proc/%.20s/comm", pid);
	f = fopen(file, "re");
	if (f && fgets(ret->program, sizeof ret->program, f)) {
		ret->program[strcspn(ret->program, "\n")] = '\0';
		ret->pid = atoi(pid);
	}
	if (f)
		fclose(f);
}

static void find_program(struct holder *ret)
{
	unsigned left = DESCRIPTORS_MAX;
	char socket_name[64];
	const struct dirent *e;
	DIR *d = opendir("/proc");

	snprintf(socket_name, sizeof socket_name, "socket:[%lu]", ret->inode);
	while (d && left > 0 && ret->pid == 0 && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
			has_socket(e->d_name, socket_name, &left))
			name_program(e->d_name, ret);
	if (d)
		closedir(d);
}

bool holder_find(const struct addr *wanted, struct holder *ret)
{
	static const struct {
		const char *file;
		bool v6, tcp;
	} tables[] = { /* not /proc/net: a service may see nothing of /proc but processes (ProcSubset=pid) */
		{ "/proc/self/net/udp", false, false }, { "/proc/self/net/tcp", false, true },
		{ "/proc/self/net/udp6", true, false }, { "/proc/self/net/tcp6", true, true } };
	struct holder h = { .pid = 0 };

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		if (wanted->sa.sa_family == AF_INET6 && !tables[i].v6)
			continue;
		if (find_row(tables[i].file, tables[i].tcp, wanted, &h)) {
			find_program(&h);
			*ret = h;
			return true;
		}
	}
	return false;
}

/* ------------------------------------------------------------------ what to do about it */

/* 127.0.0.53 and 127.0.0.54, where the stub of systemd-resolved sits and nobody else. */
static bool is_resolved(const struct holder *h)
{
	in_addr_t ip = h->addr.sa.sa_family == AF_INET ? ntohl(h->addr.in4.sin_addr.s_addr) : 0;

	if (h->pid != 0)
		return strcmp(h->program, "systemd-resolve") == 0;
	return addr_port(&h->addr) == 53 && (ip == 0x7f000035 || ip == 0x7f000036);
}

const char *holder_advice(const struct holder *h)
{
	if (is_resolved(h))
		return "listen on single addresses such as 127.0.0.1, which systemd-resolved "
		       "leaves "
		       "free, or end its stub: [Resolve] DNSStubListener=no in "
		       "/etc/systemd/resolved.conf.d/dnsfwd.conf, then \"systemctl restart "
		       "systemd-resolved\"";
	if (strcmp(h->program, "systemd") == 0)
		return "a socket unit has it (\"systemctl list-sockets\"): start the service of "
		       "that unit, or stop the unit";
	if (strcmp(h->program, "dnsmasq") == 0)
		return "stop it, set port=0 in its configuration, or choose another address or "
		       "port with listen or --listen";
	return GENERAL;
}
