/* Socket addresses, their spellings, and prefixes for access control. */
#ifndef COMMON_BASE_ADDR_H
#define COMMON_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv4 or IPv6 address with port; family AF_UNSPEC (zeroed): none. */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
};

#define ADDR_TEXT_MAX 80u

static inline socklen_t addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof a->in6 : sizeof a->in4;
}

/* Port in host order; 0 where the family is none. */
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);

/* The bare address, "192.0.2.1", "2001:db8::1", "fe80::1%eth0", without brackets; no names. */
bool addr_parse_ip(const char *text, struct addr *ret);

/*
 * IP, IP@port, IPv4:port, [v6], [v6]:port, [v6]@port.  default_port is taken where none is written.
 * Port 0 is allowed when port_zero_ok.  text need not be NUL-terminated.
 */
bool addr_parse(
	const char *text, size_t len, uint16_t default_port, bool port_zero_ok, struct addr *ret);

/* "192.0.2.1:53" or "[2001:db8::1]:53"; returns text. */
const char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX]);
/* The address alone. */
const char *addr_ip_text(const struct addr *a, char text[ADDR_TEXT_MAX]);

bool addr_equal(const struct addr *a, const struct addr *b); /* port and scope too */
bool addr_is_among(const struct addr *list, size_t count, const struct addr *a);
/* As many, each as the other of its place. */
bool addr_lists_equal(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count);
bool addr_same_host(const struct addr *a, const struct addr *b); /* whatever the ports */
/* IPv6, and not IPv4 on a socket for both. */
static inline bool addr_is_ipv6(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}
bool addr_is_any(const struct addr *a);
/*
 * Can a connection be made to it at all?  Neither unspecified nor multicast nor broadcast, nor
 * link-local IPv6 without the interface.
 */
bool addr_is_destination(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
/*
 * Would what is sent to `to` come to a socket that is bound to `listen`?  As far as the two addresses
 * tell: they are equal, or `listen` is every address of the family and `to` is one of this host for
 * sure (loopback).  IPv4-mapped IPv6 is IPv4.
 */
bool addr_reaches(const struct addr *listen, const struct addr *to);

/* A network prefix.  IPv4-mapped IPv6 peers match IPv4 prefixes. */
struct prefix {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t bits;
	uint8_t net[16]; /* octets behind the prefix are zero */
};

/* "10.0.0.0/8", "::1/128", or a bare address (all bits).  False also where host bits are set. */
bool prefix_parse(const char *text, struct prefix *ret);
bool prefix_match(const struct prefix *p, const struct addr *a);
/* Its first address, without port. */
struct addr prefix_first(const struct prefix *p);
const char *prefix_text(const struct prefix *p, char text[ADDR_TEXT_MAX]);

#endif
