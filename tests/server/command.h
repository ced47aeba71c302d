/*
 * Commands of the control socket and of the script.  command.c has a table with one row per
 * command; each answers one line of JSON, or lines up to an empty one.
 */
#ifndef TESTS_SERVER_COMMAND_H
#define TESTS_SERVER_COMMAND_H

struct buf;
struct server;

/* line is changed. */
void command_run(struct server *s, char *line, struct buf *out);

#endif
