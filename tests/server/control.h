/* The control socket: lines in, answers out. */
#ifndef TESTS_SERVER_CONTROL_H
#define TESTS_SERVER_CONTROL_H

#include <stdbool.h>

struct control;
struct server;

/* NULL after a message on stderr. */
struct control *control_new(struct server *s, const char *path);
void control_free(struct control *c);

/* Runs the commands of a file; false after a message on stderr. */
bool control_script(struct server *s, const char *path);

#endif
