/*
 * What `dnsfwd -t` can tell of files and sockets that a start would make: folders that are missing, things that stand in
 * their place, rights.  Nothing is made.  These are warnings: a service manager may make the folder before the start,
 * and start dnsfwd as somebody else.
 */
#ifndef PROXY_OPS_PREFLIGHT_H
#define PROXY_OPS_PREFLIGHT_H

struct config;

/* Calls warn for each, with one sentence that names option and value.  On main's thread. */
void preflight(const struct config *config, void (*warn)(void *arg, const char *text), void *arg);

#endif
