#include "proxy/client/judge.h"

#include <stddef.h>

static struct judgement refuse(unsigned rcode, enum ede_code code, const char *text)
{
	return (struct judgement){ .rcode = rcode, .ede = { code, text } };
}

/*
 * Types that ask for more than one answer message, or for nothing at all (standards 5.4, threats
 * A24).
 */
static bool type_is_meta(unsigned type)
{
	switch (type) {
	case DNS_TYPE_OPT:
	case DNS_TYPE_TSIG:
	case DNS_TYPE_IXFR:
	case DNS_TYPE_AXFR:
	case DNS_TYPE_MAILB:
	case DNS_TYPE_MAILA:
		return true;
	default:
		return false;
	}
}

static struct judgement judge_question(const struct dns_message *m)
{
	if (!(m->flags & DNS_RD)) /* RFC 8914 4.21; cache snooping, RFC 9076 4.3 */
		return refuse(RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "recursion was not asked for");
	if (m->question.class == DNS_CLASS_CH)
		return refuse(RCODE_REFUSED, EDE_NOT_SUPPORTED, "class CH is not served");
	if (type_is_meta(m->question.type))
		return refuse(RCODE_NOTIMP, EDE_NOT_SUPPORTED, "this type can't be forwarded");
	if (m->question.type == DNS_TYPE_NXNAME) /* RFC 9824 3.2 */
		return refuse(RCODE_FORMERR, EDE_INVALID_QUERY_TYPE, "NXNAME can't be asked for");
	return (struct judgement){ .pass = true };
}

struct judgement judge_query(enum message_verdict v, const struct dns_message *m,
	const struct edns *e, enum cookie_standing cookie, bool stream)
{
	if (message_opcode(m) != 0) /* RFC 8906 3.1.4; DSO: RFC 8490 9.4 */
		return refuse(RCODE_NOTIMP, EDE_NONE, NULL);
	if (v != MESSAGE_OK)
		return refuse(RCODE_FORMERR, EDE_NONE, NULL);
	if (e->present && e->version > 0) /* RFC 6891 6.1.3: options are not looked at */
		return refuse(RCODE_BADVERS, EDE_NONE, NULL);
	if (e->bad_options || e->cookie_bad || (stream && e->keepalive_bad))
		return refuse(RCODE_FORMERR, EDE_NONE, NULL);
	if (m->qdcount == 0 && cookie != COOKIE_NONE) /* RFC 7873 5.4: it asks for the cookie */
		return refuse(
			cookie == COOKIE_INVALID ? RCODE_BADCOOKIE : RCODE_NOERROR, EDE_NONE, NULL);
	if (m->qdcount != 1) /* RFC 9619 4 */
		return refuse(RCODE_FORMERR, EDE_NONE, NULL);
	return judge_question(m);
}
