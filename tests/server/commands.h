/* Rows of command.c that are elsewhere, and what they share. */
#ifndef TESTS_SERVER_COMMANDS_H
#define TESTS_SERVER_COMMANDS_H

struct buf;
struct server;

void command_ok(struct buf *out);
void command_error(struct buf *out, const char *what);
/* The next word, or NULL. */
char *command_word(char **rest);

/* command_conns.c: what is done to open connections */
void command_conns(struct server *s, char *rest, struct buf *out);
void command_closeall(struct server *s, char *rest, struct buf *out);
void command_inject(struct server *s, char *rest, struct buf *out);
void command_unsolicited(struct server *s, char *rest, struct buf *out);
void command_noise(struct server *s, char *rest, struct buf *out);
void command_keyupdate(struct server *s, char *rest, struct buf *out);
void command_sendtickets(struct server *s, char *rest, struct buf *out);
void command_say(struct server *s, char *rest, struct buf *out);
void command_record(struct server *s, char *rest, struct buf *out);

/* command_dtls.c: associations, and what datagrams meet on their way */
void command_line(struct server *s, char *rest, struct buf *out);
void command_forget(struct server *s, char *rest, struct buf *out);
void command_datagram(struct server *s, char *rest, struct buf *out);
void command_alert(struct server *s, char *rest, struct buf *out);
void command_unknown(struct server *s, char *rest, struct buf *out);
void command_mtu(struct server *s, char *rest, struct buf *out);

#endif
