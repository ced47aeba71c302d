/* The rows of an audit's report: each looks at what was measured and says what that is worth. */
#ifndef PROXY_CTL_AUDIT_ROWS_H
#define PROXY_CTL_AUDIT_ROWS_H

#include "proxy/ctl/audit_grade.h"

typedef void audit_rule(const struct audit_facts *f, struct audit_row *row);

/* What a row comes to; the text may be left out of a row that was not measured. */
void row_unmeasured(struct audit_row *row, const char *why);
void row_good(struct audit_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));
void row_note(struct audit_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));
void row_lost(struct audit_row *row, unsigned points, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void row_fatal(struct audit_row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Of the session. */
audit_rule row_session, row_certificate, row_expiry, row_old_tls, row_alpn, row_resumption,
	row_dtls;
audit_rule row_keepalive, row_idle;
/* Of the answers. */
audit_rule row_answers, row_order, row_padding, row_subnet, row_cookies, row_dnssec, row_rewriting;
audit_rule row_minimising, row_latency;

#endif
