/*
 * Readiness for the service manager: sd_notify(3)'s datagrams, without its library.  From main's
 * thread.
 */
#ifndef PROXY_OPS_NOTIFY_H
#define PROXY_OPS_NOTIFY_H

/*
 * Sends the state, "READY=1\nSTATUS=..." (assignments, one a line), to the socket that NOTIFY_SOCKET
 * names: a path, or '@' and an abstract name.  Never blocks.  0: sent, or nobody asked for it.
 * -EAGAIN: the service manager has not caught up, try again later.  Other negative errno: it can't
 * be sent, which the log says at debug.
 */
int notify_send(const char *state);

#endif
