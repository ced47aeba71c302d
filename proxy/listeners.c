#include "proxy/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/build.h"
#include "common/base/log.h"

static struct socket_pair *pairs_of(const struct listeners *l, size_t address)
{
	return &l->pairs[address * l->workers];
}

/* ------------------------------------------------------------------ sockets of our own */

static int open_one(struct listeners *l, const struct config_listen *wanted,
	struct socket_manner manner, char *error, size_t size)
{
	struct listen_address a = { .addr = wanted->addr, .udp = true, .tcp = true };
	int err = sockets_open(&a.addr, manner, pairs_of(l, l->count), l->workers, error, size);

	if (err == 0) {
		l->address[l->count++] = a;
		return 0;
	}
	if (!wanted->is_default || (err != -EAFNOSUPPORT && err != -EADDRNOTAVAIL))
		return err;
	log_warning("%s; going on without it, as it is only a default", error);
	return 0;
}

static int open_all(struct listeners *l, const struct config *c, char *error, size_t size)
{
	struct socket_manner manner = { .shared = c->share_port, .freebind = c->freebind };

	for (size_t i = 0; i < c->listen_count; i++) {
		int err = open_one(l, &c->listen[i], manner, error, size);

		if (err < 0)
			return err;
	}
	return l->count > 0 ? 0 : -EADDRNOTAVAIL; /* error holds the last one's sentence */
}

/* ------------------------------------------------------------------ sockets passed to us */

/* The one that waits for its other half, or a new one. */
static struct listen_address *place(struct listeners *l, const struct passed_socket *s)
{
	struct listen_address *a;

	for (size_t i = 0; i < l->count; i++) {
		a = &l->address[i];
		if (addr_equal(&a->addr, &s->addr) && !(s->udp ? a->udp : a->tcp))
			return a;
	}
	a = &l->address[l->count++];
	a->addr = s->addr;
	return a;
}

/* The first worker gets the descriptor itself, the others duplicates. */
static int share(struct listeners *l, struct socket_pair *pairs, struct passed_socket *s)
{
	for (size_t w = l->workers; w-- > 0;) {
		int fd = w > 0 ? fcntl(s->fd, F_DUPFD_CLOEXEC, 0) : s->fd;

		if (fd < 0)
			return -errno;
		*(s->udp ? &pairs[w].udp : &pairs[w].tcp) = fd;
	}
	s->fd = -1;
	return 0;
}

static int adopt(struct listeners *l, struct passed_socket *s, char *error, size_t size)
{
	struct listen_address *a = place(l, s);
	int err = share(l, pairs_of(l, (size_t)(a - l->address)), s);

	if (err < 0) {
		snprintf(error, size, "cannot share the passed sockets among %zu workers: %s",
			l->workers, strerror(-err));
		return err;
	}
	*(s->udp ? &a->udp : &a->tcp) = true;
	a->dual_stack = s->dual_stack;
	memcpy(s->udp ? a->udp_name : a->tcp_name, s->name, sizeof s->name);
	return 0;
}

/* Does who asks `wanted` get here? */
static bool serves(const struct listen_address *a, const struct addr *wanted)
{
	if (addr_port(&a->addr) != addr_port(wanted))
		return false;
	if (addr_equal(&a->addr, wanted))
		return true;
	return addr_is_any(&a->addr) &&
	       (a->addr.sa.sa_family == wanted->sa.sa_family || a->dual_stack);
}

static bool served(const struct listeners *l, const struct addr *wanted)
{
	for (size_t i = 0; i < l->count; i++)
		if (serves(&l->address[i], wanted))
			return true;
	return false;
}

static int adopt_all(struct listeners *l, const struct config *c, struct passed *passed,
	char *error, size_t size)
{
	char text[ADDR_TEXT_MAX];

	l->shared = true;
	log_info("%zu socket%s passed by the service manager take%s the place of listen",
		passed->count, passed->count == 1 ? "" : "s", passed->count == 1 ? "s" : "");
	for (size_t i = 0; i < passed->count; i++) {
		int err = adopt(l, &passed->socket[i], error, size);

		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < c->listen_count; i++)
		if (!c->listen[i].is_default && !served(l, &c->listen[i].addr))
			log_warning("listen has %s, which was not passed: nobody is answered there",
				addr_text(&c->listen[i].addr, text));
	return 0;
}

/* ------------------------------------------------------------------ life */

int listeners_open(struct listeners *l, const struct config *config, struct passed *passed,
	size_t workers, char *error, size_t size)
{
	size_t max = passed->count > 0 ? passed->count : config->listen_count;

	*l = (struct listeners){ .workers = workers,
		.address = calloc(max, sizeof *l->address),
		.pairs = malloc(max * workers * sizeof *l->pairs) };
	if (!l->address || !l->pairs) {
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < max * workers; i++)
		l->pairs[i] = (struct socket_pair){ -1, -1 };
	if (WITH_SYSTEMD && passed->count > 0)
		return adopt_all(l, config, passed, error, size);
	return open_all(l, config, error, size);
}

void listeners_deinit(struct listeners *l)
{
	if (l->pairs)
		sockets_close(l->pairs, l->count * l->workers);
	free(l->pairs);
	free(l->address);
	*l = (struct listeners){ 0 };
}

void listeners_hand_over(struct listeners *l, size_t worker, struct socket_pair *ret)
{
	for (size_t i = 0; i < l->count; i++) {
		ret[i] = pairs_of(l, i)[worker];
		pairs_of(l, i)[worker] = (struct socket_pair){ -1, -1 };
	}
}

size_t listeners_each(const struct listeners *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += (size_t)l->address[i].udp + l->address[i].tcp;
	return n;
}

/* ------------------------------------------------------------------ what the log says */

static const char *origin_text(const struct listen_address *a, char *text, size_t size)
{
	bool both = *a->udp_name && *a->tcp_name && strcmp(a->udp_name, a->tcp_name) != 0;
	const char *name = *a->udp_name ? a->udp_name : a->tcp_name;

	*text = '\0';
	if (*name)
		snprintf(text, size, ", passed as %s%s%s", name, both ? " and " : "",
			both ? a->tcp_name : "");
	return text;
}

/* A UDP socket without one for TCP, where its clients go on when an answer is too long. */
static bool lacks_tcp(const struct listeners *l, const struct listen_address *udp)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->address[i].tcp && serves(&l->address[i], &udp->addr))
			return false;
	return udp->udp;
}

void listeners_log(const struct listeners *l)
{
	char text[ADDR_TEXT_MAX], origin[2 * PASSED_NAME_MAX + 32];

	for (size_t i = 0; i < l->count; i++) {
		const struct listen_address *a = &l->address[i];
		bool awaited = !l->shared && !sockets_is_here(&a->addr);

		log_info("listening on %s %s%s%s%s%s", addr_text(&a->addr, text),
			a->udp ? "udp" : "", a->udp && a->tcp ? "+" : "", a->tcp ? "tcp" : "",
			origin_text(a, origin, sizeof origin),
			awaited ? ", which no interface has yet" : "");
		if (lacks_tcp(l, a))
			log_warning(
				"no TCP socket was passed for %s: its clients can't get answers "
				"that are too long for UDP",
				text);
	}
}
