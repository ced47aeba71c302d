/*
 * For how long a way over datagrams is left alone that does not get through on this network (RFC
 * 8094 3.1): a server that never answered there, while its stream works, for 24 h; any other for 15
 * minutes, then twice as long each time, up to that.  Nobody waits for it meanwhile: the stream
 * takes the queries.  While the stream fails, too, it does not hold (ways.h).
 */
#ifndef PROXY_UPSTREAM_SILENCE_H
#define PROXY_UPSTREAM_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* SHOULD NOT be tried more often; MUST NOT. */
#define SILENCE_MAX_US (24ull * 3600 * 1000000)
#define SILENCE_MIN_US (15ull * 60 * 1000000)
/* Sessions in a row that took queries and answered none. */
#define SILENCE_SESSIONS_MAX 2u

struct silence {
	uint64_t until_us; /* not tried before */
	unsigned times;	   /* since it was heard last */
	unsigned sessions; /* that were not answered, in a row */
	bool heard;	   /* it has answered on this network */
};

static inline bool silence_is_on(const struct silence *s, uint64_t now_us)
{
	return now_us < s->until_us;
}

/* A handshake was not answered to its end, or sessions were not: returns for how long it is left alone. */
uint64_t silence_begin(struct silence *s, bool stream_works, uint64_t now_us);

/* A session took queries and answered none in time; true: it was one too many. */
bool silence_unanswered(struct silence *s);

/* It answered a query. */
void silence_heard(struct silence *s);

/* Another network: what was learnt is void. */
void silence_forget(struct silence *s);

#endif
