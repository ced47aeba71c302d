/*
 * One whole DNS message, read strictly once: header, question, every record to the last byte.
 * The result is an index of offsets into the caller's bytes, which must outlive it.
 * What does not parse to the last byte is malformed: whoever changes a message rebuilds it from
 * these parts, and nothing unseen may ride along (threats A20-A31).
 */
#ifndef COMMON_DNS_MESSAGE_H
#define COMMON_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/name.h"
#include "common/dns/wire.h"

/* Header flags, as the 16-bit word at offset 2 (RFC 1035 4.1.1, RFC 4035 3.1.6). */
#define DNS_QR		 0x8000u
#define DNS_OPCODE_MASK	 0x7800u
#define DNS_OPCODE_SHIFT 11
#define DNS_AA		 0x0400u
#define DNS_TC		 0x0200u
#define DNS_RD		 0x0100u
#define DNS_RA		 0x0080u
#define DNS_Z		 0x0040u
#define DNS_AD		 0x0020u
#define DNS_CD		 0x0010u
#define DNS_RCODE_MASK	 0x000fu

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_MD = 3,
	DNS_TYPE_MF = 4,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_MB = 7,
	DNS_TYPE_MG = 8,
	DNS_TYPE_MR = 9,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_MINFO = 14,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_RP = 17,
	DNS_TYPE_AFSDB = 18,
	DNS_TYPE_RT = 21,
	DNS_TYPE_SIG = 24,
	DNS_TYPE_PX = 26,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_NXT = 30,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_NAPTR = 35,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_DS = 43,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_NXNAME = 128,
	DNS_TYPE_TKEY = 249,
	DNS_TYPE_TSIG = 250,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_MAILB = 253,
	DNS_TYPE_MAILA = 254,
	DNS_TYPE_ANY = 255,
};

enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_CH = 3, DNS_CLASS_ANY = 255 };

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

/* One question; name points into the message (plain: a pointer in a question is malformed). */
struct dns_question {
	const uint8_t *name;
	uint8_t name_len;
	uint16_t type;
	uint16_t class;
};

struct dns_message {
	const uint8_t *data;
	size_t len;
	uint16_t id;
	uint16_t flags;
	uint16_t qdcount;
	uint16_t count[DNS_SECTIONS];
	struct dns_question question; /* the first; valid where qdcount > 0 */
	size_t question_end;	      /* offset behind the question section */
	size_t section[DNS_SECTIONS]; /* offset where each section begins */
	size_t opt;		      /* offset of the OPT record, 0: none */
	size_t opt_len;		      /* its length, owner to the end of RDATA */
	bool has_signature; /* last record is TSIG or SIG(0): untouchable (RFC 8945 5.5) */
};

enum message_verdict {
	MESSAGE_OK = 0,
	MESSAGE_SHORT,	     /* under 12 octets: nothing can be answered */
	MESSAGE_NO_QUESTION, /* the header is readable, the (first) question is not */
	MESSAGE_MALFORMED,   /* header, first question and an OPT read before are valid, no more */
};

/*
 * Reads a message of len octets (any len).  Malformed are: names against name.h's rules, a pointer
 * in a question, counts beyond the data, RDATA beyond the end, a name inside RDATA (types of
 * RFC 3597 4) that leaves its RDATA or does not fill it with the other fields (empty RDATA is
 * accepted for every type), octets behind the last record, two OPT, OPT outside the additional
 * section or not owned by the root, TSIG that is not the last record or not of class ANY, len
 * above 65535.  Work is linear in len, bounded by DNS_POINTER_BUDGET for pointers; a count never
 * leads to an allocation.
 * QDCOUNT is not judged here: 0, 1 and more are read (extra questions are skipped over).
 * On MESSAGE_NO_QUESTION only data, len, id, flags and qdcount of *ret are valid.
 */
enum message_verdict message_parse(const uint8_t *data, size_t len, struct dns_message *ret);

static inline unsigned message_opcode(const struct dns_message *m)
{
	return (m->flags & DNS_OPCODE_MASK) >> DNS_OPCODE_SHIFT;
}

static inline unsigned message_rcode(const struct dns_message *m)
{
	return m->flags & DNS_RCODE_MASK;
}

/* Same type and class, names equal but for ASCII case. */
bool question_equal(const struct dns_question *a, const struct dns_question *b);

/* Octets of a question on the wire. */
static inline size_t question_wire_len(const struct dns_question *q)
{
	return (size_t)q->name_len + 4;
}

/* Writes a question to p, which has room for question_wire_len. */
void question_put(uint8_t *p, const struct dns_question *q);

/*
 * Iterates the records of all three sections.  Start with pos = m->question_end and index = 0;
 * valid on messages that parsed MESSAGE_OK only.  Returns false behind the last record.
 */
struct dns_record {
	size_t start; /* offset of the owner name */
	size_t fixed; /* offset of TYPE; CLASS, TTL, RDLENGTH follow */
	size_t rdata;
	size_t end;
	uint16_t type;
	uint16_t class;
	enum dns_section section;
};
struct record_walk {
	const struct dns_message *m;
	size_t pos;
	unsigned index;
};
static inline struct record_walk record_walk(const struct dns_message *m)
{
	return (struct record_walk){ .m = m, .pos = m->question_end };
}
bool record_next(struct record_walk *w, struct dns_record *ret);

#endif
