/*
 * Questions of an audit and the answers to them, over one connection that is opened again when the server
 * closes it.  Bounded in number (AUDIT_QUERIES_MAX) and in time.  What every answer shows by the way
 * (padding, EDNS) is written into the facts.
 */
#ifndef PROXY_CTL_AUDIT_ASK_H
#define PROXY_CTL_AUDIT_ASK_H

#include "common/dns/edns.h"
#include "common/dns/message.h"
#include "proxy/ctl/audit.h"
#include "proxy/ctl/audit_link.h"
#include "proxy/ctl/audit_names.h"

/* One answer is waited for so long. */
#define AUDIT_ANSWER_US 3000000u
/* Ours and the server's (RFC 7873 4). */
#define AUDIT_COOKIE_MAX 40u

struct audit_run {
	struct audit_facts *facts;	 /* being filled in; borrowed */
	const struct audit_names *names; /* borrowed */
	const struct tls_policy *policy; /* borrowed */
	struct tickets *tickets;	 /* borrowed */
	struct audit_link link;
	uint64_t until_us;		  /* of the whole audit */
	uint8_t cookie[AUDIT_COOKIE_MAX]; /* of questions that have none of their own */
	size_t cookie_len;		  /* 0: none */
};

struct audit_question {
	uint8_t name[DNS_NAME_MAX];
	size_t name_len;
	uint16_t type;
	bool dnssec_ok, checking_disabled;
	bool without_subnet;   /* not even the "none" */
	const uint8_t *subnet; /* data of an option of our own; NULL: none */
	size_t subnet_len;
	const uint8_t *cookie;
	size_t cookie_len;
};

struct audit_reply {
	bool came;
	uint64_t took_us;
	struct dns_message message; /* valid until the next question */
	struct edns edns;
	unsigned rcode; /* all 12 bits */
	bool has_subnet;
	struct edns_option subnet;
};

/* The name as a question of this type; false: it is not to be asked for. */
bool audit_question(struct audit_question *q, const char *name, uint16_t type);

void audit_ask(struct audit_run *r, const struct audit_question *q, struct audit_reply *ret);

/*
 * All of them in one go, then their answers as they come.  order[i]: which question the i-th answer was
 * to, took_us[i] when it came.  How many were answered.
 */
#define AUDIT_BURST_MAX 8u
unsigned audit_burst(struct audit_run *r, const struct audit_question *q, unsigned count,
	unsigned order[AUDIT_BURST_MAX], uint64_t took_us[AUDIT_BURST_MAX]);

/* The first record of that type in the answer section; false: none. */
bool audit_find(const struct dns_message *m, uint16_t type, struct dns_record *ret);

/* Some TXT record of the answer has it in it, upper or lower case. */
enum audit_answer audit_txt_says(const struct dns_message *m, const char *text);

/* "NXDOMAIN", "no answer in time": for reasons; static. */
const char *audit_outcome(const struct audit_reply *r);

#endif
