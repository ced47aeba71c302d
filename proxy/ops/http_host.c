#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/ops/http.h"

static bool is_number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 5 && text[len] == '\0';
}

/*
 * "localhost", or the address itself.  Any port: a tunnel to this machine has another, and what a web
 * page chooses is the name.
 */
bool http_host_fits(const char *host, const struct addr *addr)
{
	char ip[ADDR_TEXT_MAX], bracketed[ADDR_TEXT_MAX + 2];
	const char *const names[] = { "localhost", bracketed };

	if (!host)
		return false;
	addr_ip_text(addr, ip);
	snprintf(bracketed, sizeof bracketed, strchr(ip, ':') ? "[%s]" : "%s", ip);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) != 0)
			continue;
		if (host[len] == '\0' || (host[len] == ':' && is_number(host + len + 1)))
			return true;
	}
	return false;
}
