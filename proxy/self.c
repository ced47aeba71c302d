#include "proxy/self.h"

#include <ifaddrs.h>
#include <string.h>

/* Is it the same address, whatever the ports? */
static bool is_ip_of(const struct sockaddr *sa, const struct addr *to)
{
	struct addr a = { 0 };

	if (!sa || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return false;
	memcpy(&a, sa, sa->sa_family == AF_INET ? sizeof a.in4 : sizeof a.in6);
	addr_set_port(&a, addr_port(to));
	return addr_reaches(&a, to);
}

static bool is_of_this_machine(const struct addr *to)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
		found = is_ip_of(i->ifa_addr, to);
	freeifaddrs(all);
	return found;
}

/* An any-address takes what is for its own family. */
static bool may_take(const struct addr *listen, const struct addr *to)
{
	return addr_is_any(listen) && listen->sa.sa_family == to->sa.sa_family &&
	       addr_port(listen) == addr_port(to);
}

bool self_is_reached(
	const struct self_socket *listen, size_t count, const struct addr *to, bool over_udp)
{
	for (size_t i = 0; i < count; i++) {
		const struct addr *a = &listen[i].addr;

		if (!listen[i].tcp && !(listen[i].udp && over_udp))
			continue;
		if (addr_reaches(a, to) || (may_take(a, to) && is_of_this_machine(to)))
			return true;
	}
	return false;
}
