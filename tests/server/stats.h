/* What the server counted since its start or the last reset. */
#ifndef TESTS_SERVER_STATS_H
#define TESTS_SERVER_STATS_H

#include <stdint.h>

struct buf;

enum transport { TRANSPORT_TLS, TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_DTLS, TRANSPORTS };

extern const char *const transport_names[TRANSPORTS];

/* One row per counter: stats.c makes the JSON from the same list. */
#define STATS_LIST(X)                                                                              \
	X(connections) /* accepted */                                                              \
	X(connections_tls)                                                                         \
	X(connections_tcp)                                                                         \
	X(open) /* now; not reset */                                                               \
	X(open_max)                                                                                \
	X(handshakes) /* that succeeded */                                                         \
	X(handshake_failures)                                                                      \
	X(resumed)                                                                                 \
	X(tls12)                                                                                   \
	X(tls13)                                                                                   \
	X(alpn_dot)                                                                                \
	X(queries)                                                                                 \
	X(queries_tls)                                                                             \
	X(queries_tcp)                                                                             \
	X(queries_udp)                                                                             \
	X(queries_dtls)                                                                            \
	X(malformed)  /* queries that do not parse to the last octet */                            \
	X(answers)    /* handed to the transport */                                                \
	X(unanswered) /* by a rule or while muted */                                               \
	X(records)    /* TLS records with data received */                                         \
	X(records_sent)                                                                            \
	X(bytes_in)                                                                                \
	X(bytes_out)                                                                               \
	X(plain_in)	  /* on TLS: octets inside the records */                                  \
	X(max_pipelined)  /* queries of one connection that waited at the same time */             \
	X(max_batch)	  /* queries of one connection in one read */                              \
	X(bad_frames)	  /* length prefix under 12 received */                                    \
	X(closed_by_peer) /* FIN or close_notify */                                                \
	X(reset_by_peer)                                                                           \
	X(closed_by_us)                                                                            \
	X(alerts_received)   /* that end the session */                                            \
	X(warnings_received) /* other alerts */                                                    \
	X(late_bytes)	     /* read after we closed */                                            \
	X(dtls_cookies)	     /* ClientHellos that were asked for a cookie */                       \
	X(dtls_associations) /* that began, with a good cookie */                                  \
	X(dtls_handshakes)   /* that succeeded */                                                  \
	X(dtls_failures)     /* that did not */                                                    \
	X(dtls_resumed)                                                                            \
	X(dtls_open)	  /* now; not reset */                                                     \
	X(dtls_full)	  /* no room for another association */                                    \
	X(dtls_records)	  /* with data received */                                                 \
	X(dtls_discarded) /* records received that were broken, forged or old */                   \
	X(dtls_unknown)	  /* datagrams of no association */                                        \
	X(dtls_repeats)	  /* queries that came more than once on the same association */           \
	X(dtls_too_large) /* answers that fitted no datagram, as they were made to */              \
	X(datagrams_in)	  /* of DTLS; the line loses and adds some */                              \
	X(datagrams_out)                                                                           \
	X(datagrams_lost) /* on the line, in both directions */                                    \
	X(rules_hit)

#define STATS_MEMBER(name) uint64_t name;
struct stats {
	STATS_LIST(STATS_MEMBER)
};

static inline void stats_max(uint64_t *max, uint64_t value)
{
	if (value > *max)
		*max = value;
}

void stats_query(struct stats *s, enum transport t);
void stats_reset(struct stats *s);
/* One line. */
void stats_json(const struct stats *s, struct buf *out);

#endif
