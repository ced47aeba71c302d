#include "proxy/ctl/audit_rows.h"

#include <string.h>

#define DAY 86400L

void row_session(const struct audit_facts *f, struct audit_row *row)
{
	const struct tls_facts *t = &f->tls;

	if (!f->session) {
		row_fatal(row, "no session that dnsfwd would take: %s", f->failure);
		return;
	}
	if (!t->protocol)
		return;
	if (strcmp(t->protocol, "TLS1.3") == 0)
		row_good(row, "%s, %s, %s", t->protocol, t->cipher, t->group ? t->group : "-");
	else
		row_lost(row, 8,
			"%s, %s: TLS 1.3 would hide the certificate and take a round trip less",
			t->protocol, t->cipher);
}

void row_certificate(const struct audit_facts *f, struct audit_row *row)
{
	const struct tls_certificate *leaf = &f->tls.cert[0];

	if (f->authenticated == AUDIT_NO)
		row_fatal(row, "not authenticated, strict dnsfwd refuses it: %s", f->doubt);
	else if (f->authenticated == AUDIT_UNKNOWN)
		row_unmeasured(row, f->doubt);
	else
		row_good(row, "%zu certificate%s, %s, issued by %s; names: %s", f->tls.sent,
			f->tls.sent == 1 ? "" : "s", leaf->key, leaf->issuer,
			*leaf->names ? leaf->names : "none");
}

/* Some live for days and are renewed well before their end; others should be, too. */
void row_expiry(const struct audit_facts *f, struct audit_row *row)
{
	const struct tls_certificate *leaf = &f->tls.cert[0];
	time_t left = leaf->not_after - f->now, life = leaf->not_after - leaf->not_before;
	time_t soon = life / 4 < 14 * DAY ? life / 4 : 14 * DAY;
	char end[32] = "?";
	struct tm tm;

	if (!f->session || f->tls.sent == 0)
		return;
	if (gmtime_r(&leaf->not_after, &tm))
		strftime(end, sizeof end, "%Y-%m-%d", &tm);
	if (left <= 0)
		row_lost(row, 10, "the certificate has expired (%s)", end);
	else if (left < soon / 4)
		row_lost(row, 10, "the certificate expires within %ld hours (%s)",
			(long)(left / 3600 + 1), end);
	else if (left < soon)
		row_lost(row, 5, "the certificate expires within %ld days (%s) and is not renewed",
			(long)(left / DAY + 1), end);
	else
		row_good(row, "%s, in %ld days", end, (long)(left / DAY));
}

void row_old_tls(const struct audit_facts *f, struct audit_row *row)
{
	if (f->old_tls == AUDIT_YES)
		row_lost(row, 4, "it takes TLS 1.1 or older, which nobody should (RFC 8996)");
	else if (f->old_tls == AUDIT_NO)
		row_good(row, "TLS 1.1 is refused");
}

void row_alpn(const struct audit_facts *f, struct audit_row *row)
{
	if (!f->session)
		return;
	if (strcmp(f->tls.alpn, "dot") == 0)
		row_good(row, "\"dot\" is confirmed");
	else
		row_lost(row, 1, "\"dot\" was offered and not confirmed: the port can't be shared");
}

void row_resumption(const struct audit_facts *f, struct audit_row *row)
{
	if (!f->session)
		return;
	if (f->tickets == 0)
		row_lost(row, 3, "no session ticket: each connection costs a full handshake");
	else if (f->resumed == AUDIT_NO)
		row_lost(row, 3, "%u ticket%s given, but not taken: a full handshake each time",
			f->tickets, f->tickets == 1 ? "" : "s");
	else if (f->resumed == AUDIT_YES)
		row_good(row, "%u ticket%s in a session, and taken: %.1f ms instead of %.1f ms",
			f->tickets, f->tickets == 1 ? "" : "s", (double)f->resumed_us / 1000.0,
			(double)f->handshake_us / 1000.0);
	else
		row_note(row, "%u ticket%s in a session, not tried", f->tickets,
			f->tickets == 1 ? "" : "s");
}

/* Hardly anybody offers it, and TLS serves as well: no points. */
void row_dtls(const struct audit_facts *f, struct audit_row *row)
{
	if (f->dtls == AUDIT_YES)
		row_good(row, "%s", f->dtls_text);
	else if (f->dtls == AUDIT_NO)
		row_note(row, "not offered (no points lost): %s", f->dtls_text);
	else
		row_unmeasured(row, f->dtls_text);
}

void row_keepalive(const struct audit_facts *f, struct audit_row *row)
{
	if (f->edns == AUDIT_UNKNOWN)
		return;
	if (f->keepalive < 0)
		row_lost(
			row, 2, "none is told: a client has to guess when it may close (RFC 7828)");
	else if (f->keepalive < 100)
		row_lost(row, 2, "%d.%d s: connections are closed before the next query comes",
			f->keepalive / 10, f->keepalive % 10);
	else
		row_good(row, "%d.%d s", f->keepalive / 10, f->keepalive % 10);
}

void row_idle(const struct audit_facts *f, struct audit_row *row)
{
	double closed = (double)f->idle_us / 1e6, told = f->keepalive / 10.0;

	if (f->idle_us && f->keepalive >= 0 && closed < told / 2)
		row_lost(row, 3, "closed after %.1f s without a query, though it told %.1f s",
			closed, told);
	else if (f->idle_us && closed < 5)
		row_lost(row, 3, "closed after %.1f s without a query", closed);
	else if (f->idle_us)
		row_good(row, "closed after %.1f s without a query", closed);
	else if (f->idle_open_us)
		row_good(row, "still open after %.1f s without a query",
			(double)f->idle_open_us / 1e6);
	else
		row_unmeasured(row, "only with --long, which waits for it");
}
