/* One answer on its way: its octets, and how it is to be delivered. */
#ifndef TESTS_SERVER_REPLY_H
#define TESTS_SERVER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/aside.h"
#include "tests/server/query.h"
#include "tests/server/random.h"

#define REPLY_MAX 65535u

/* How a connection ends. */
enum close_how {
	CLOSE_NOT = 0,
	CLOSE_FIN,     /* FIN; what still comes is read and thrown away */
	CLOSE_NOTIFY,  /* close_notify, then as CLOSE_FIN */
	CLOSE_ALERT,   /* fatal alert, then as CLOSE_FIN */
	CLOSE_RST,     /* RST once all is sent */
	CLOSE_PLAIN,   /* close(): the kernel sends RST if something was unread, else FIN */
	CLOSE_SILENCE, /* stays open, nothing is ever sent again */
};

struct delivery {
	uint32_t delay_ms;
	uint32_t copies;     /* how often it is sent besides the first time */
	uint32_t shuffle;    /* hold until so many are held; 0: no */
	uint32_t shuffle_ms; /* ... or so much time has passed */
	uint32_t record_len; /* octets per TLS record (per send on TCP); 0: as they come */
	uint32_t rate;	     /* octets per second; 0: at once */
	uint32_t noise;	     /* octets of no TLS before it */
	enum aside before;   /* said before each record of it ... */
	uint32_t before_times;
	bool none; /* not sent at all */
	bool lies; /* the length prefix says `prefix` */
	uint16_t prefix;
	size_t cut; /* octets of the framed answer that are sent; valid with cut_how */
	enum close_how cut_how;
	enum close_how then; /* after it is sent */
};

struct reply {
	const struct query *q; /* borrowed */
	struct random *random; /* borrowed */
	struct delivery how;
	size_t len;
	size_t question_end;
	size_t opt_at; /* where OPT begins; it is the last record; 0: there is none */
	uint8_t frame[2 + REPLY_MAX]; /* room for the length prefix, then the message */
};

static inline uint8_t *reply_data(struct reply *r)
{
	return r->frame + 2;
}

#endif
