/*
 * Lines to the syslogd of this machine: datagrams to /dev/log, in the local form of RFC 3164 (section 4.1, without the
 * host), facility daemon.  Each is sent to the name, not over a connection: a syslogd that starts anew gets the next.
 */
#ifndef PROXY_OPS_LOG_SYSLOG_H
#define PROXY_OPS_LOG_SYSLOG_H

#include <stdbool.h>
#include <stddef.h>

/* Once; again it does nothing.  0 or negative errno.  The syslogd need not be there. */
int log_syslog_open(void);
/* A log_sink_fn.  False: nobody has taken it, or not at once. */
bool log_syslog_send(int priority, const char *text, size_t len);
void log_syslog_close(void);

#endif
