/*
 * The attributes of an rtnetlink message, one after the other, never beyond its end.  The system's macros count in
 * int, and rely on what the kernel wrote.
 */
#ifndef PROXY_OPS_ATTRIBUTES_H
#define PROXY_OPS_ATTRIBUTES_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

struct attributes {
	const char *at;
	size_t left;
};

/* Behind a body of so many octets. */
static inline struct attributes attributes_of(const struct nlmsghdr *h, size_t body)
{
	size_t skip = NLMSG_ALIGN(NLMSG_LENGTH(body));

	if (h->nlmsg_len < skip)
		return (struct attributes){ NULL, 0 };
	return (struct attributes){ (const char *)h + skip, h->nlmsg_len - skip };
}

/* NULL: there is no more, or it is broken. */
static inline const struct rtattr *attributes_next(struct attributes *as)
{
	const struct rtattr *a = (const struct rtattr *)as->at;
	size_t step;

	if (as->left < sizeof *a || a->rta_len < sizeof *a || a->rta_len > as->left)
		return NULL;
	step = RTA_ALIGN(a->rta_len) < as->left ? RTA_ALIGN(a->rta_len) : as->left;
	as->at += step;
	as->left -= step;
	return a;
}

#endif
