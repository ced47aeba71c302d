#include "proxy/ctl/setup_listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"
#include "proxy/config_text.h"
#include "proxy/ctl/config_file.h"
#include "proxy/ctl/setup.h"

#define DNS_PORT 53

/* As whoever is on this machine reaches it. */
static struct addr reach(const struct addr *listen)
{
	struct addr a = *listen;

	if (addr_is_any(listen)) {
		addr_parse_ip(a.sa.sa_family == AF_INET6 ? "::1" : "127.0.0.1", &a);
		addr_set_port(&a, addr_port(listen));
	}
	return a;
}

static unsigned worth(const struct addr *a)
{
	return (addr_port(a) == DNS_PORT ? 4u : 0u) + (addr_is_loopback(a) ? 2u : 0u) +
	       (a->sa.sa_family == AF_INET ? 1u : 0u);
}

static void choose(const struct config *c, struct addr *ret)
{
	for (size_t i = 0; i < c->listen_count; i++) {
		struct addr a = reach(&c->listen[i].addr);

		if (i == 0 || worth(&a) > worth(ret))
			*ret = a;
	}
}

static bool read_config(
	const char *file, const char *text, size_t len, struct addr *ret, char *error, size_t size)
{
	const struct config_overrides none = { 0 };
	struct config_errors errors = { 0 };
	struct config *c = config_load(text, len, file, &none, &errors);

	if (c)
		choose(c, ret);
	else
		snprintf(error, size, "%s", errors.count ? errors.text[0] : "out of memory");
	config_errors_free(&errors);
	config_unref(c);
	return c != NULL;
}

bool setup_listen(const char *root, const char *file, const char *written, struct addr *ret,
	char *error, size_t size)
{
	char whole[PATH_MAX], *text;
	size_t len = 0;
	bool ok;

	if (written) {
		if (addr_parse(written, strlen(written), DNS_PORT, false, ret))
			return true;
		snprintf(error, size, "--listen %s: not an address", written);
		return false;
	}
	addr_parse("127.0.0.1", strlen("127.0.0.1"), DNS_PORT, false, ret);
	if (!file && setup_path(root, config_file_default, whole))
		text = config_text_read(whole, &len);
	else
		text = file ? config_text_read(file, &len) : NULL;
	if (!text && !file && errno == ENOENT)
		return true;
	if (!text) {
		snprintf(error, size, "cannot read %s: %s", file ? file : whole, strerror(errno));
		return false;
	}
	ok = read_config(file ? file : whole, text, len, ret, error, size);
	free(text);
	return ok;
}
