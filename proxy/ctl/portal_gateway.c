/* /proc/net/route and /proc/net/ipv6_route (proc(5)): that of the least metric counts. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "proxy/ctl/portal.h"

#define ROUTE_UP_GATEWAY 3u /* RTF_UP, RTF_GATEWAY */
#define DNS_PORT	 53

static bool gateway4(struct addr *ret)
{
	FILE *in = fopen("/proc/net/route", "re");
	unsigned best = 0;
	bool found = false;
	char line[256];

	while (in && fgets(line, sizeof line, in)) {
		unsigned destination, gateway, flags, metric, mask;

		if (sscanf(line, "%*s %x %x %x %*d %*d %u %x", &destination, &gateway, &flags,
			    &metric, &mask) != 5 ||
			destination != 0 || mask != 0 ||
			(flags & ROUTE_UP_GATEWAY) != ROUTE_UP_GATEWAY ||
			(found && metric >= best))
			continue;
		*ret = (struct addr){ .in4 = { .sin_family = AF_INET } };
		ret->in4.sin_addr.s_addr = gateway; /* as it stands in memory */
		best = metric;
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

static bool read_address(const char *hex, struct in6_addr *ret)
{
	for (size_t i = 0; i < sizeof ret->s6_addr; i++) {
		unsigned octet;

		if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
			return false;
		ret->s6_addr[i] = (uint8_t)octet;
	}
	return true;
}

static bool gateway6(struct addr *ret)
{
	FILE *in = fopen("/proc/net/ipv6_route", "re");
	unsigned best = 0;
	bool found = false;
	char line[256];

	while (in && fgets(line, sizeof line, in)) {
		char destination[33], gateway[33], device[IF_NAMESIZE];
		unsigned bits, metric, flags;
		struct addr a = { .in6 = { .sin6_family = AF_INET6 } };

		if (sscanf(line, "%32s %x %*32s %*x %32s %x %*x %*x %x %15s", destination, &bits,
			    gateway, &metric, &flags, device) != 6 ||
			bits != 0 || (flags & ROUTE_UP_GATEWAY) != ROUTE_UP_GATEWAY ||
			(found && metric >= best) || !read_address(gateway, &a.in6.sin6_addr))
			continue;
		if (IN6_IS_ADDR_LINKLOCAL(&a.in6.sin6_addr))
			a.in6.sin6_scope_id = if_nametoindex(device);
		*ret = a;
		best = metric;
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

bool portal_gateway(struct addr *ret)
{
	if (!gateway4(ret) && !gateway6(ret))
		return false;
	addr_set_port(ret, DNS_PORT);
	return true;
}
