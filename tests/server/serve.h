/* What to do with one received message. */
#ifndef TESTS_SERVER_SERVE_H
#define TESTS_SERVER_SERVE_H

#include <stddef.h>
#include <stdint.h>

struct assoc;
struct conn;
struct origin;
struct outlet;
struct peer;
struct server;

/* Who asked: on a stream conn is set, on DTLS assoc, on UDP to. */
struct asker {
	struct server *server;
	struct conn *conn;
	struct assoc *assoc;
	struct outlet *outlet;
	const struct peer *to;
};

/* May end the connection (which stays allocated until the loop runs again). */
void serve(const struct asker *a, const struct origin *origin, const uint8_t *msg, size_t len);

#endif
