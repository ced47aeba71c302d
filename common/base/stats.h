/*
 * What a worker counts.  One struct per worker, written by its own thread only; reports are sums of
 * copies that the workers hand out themselves.  Each bound of the program has a counter for "bound
 * hit".
 */
#ifndef COMMON_BASE_STATS_H
#define COMMON_BASE_STATS_H

#include <stdint.h>

#include "common/base/histogram.h"

/* name, what it counts */
#define STATS_TABLE(X)                                                                             \
	X(queries_udp, "queries received over UDP")                                                \
	X(queries_tcp, "queries received over TCP")                                                \
	X(queries_udp6, "of those over UDP, over IPv6")                                            \
	X(queries_tcp6, "of those over TCP, over IPv6")                                            \
	X(replies, "replies handed to clients")                                                    \
	X(replies_servfail, "of these, SERVFAILs of our own")                                      \
	X(replies_local, "of these, answered without asking an upstream")                          \
	X(local_records, "of these, from local records")                                           \
	X(local_special, "of these, about special-use names")                                      \
	X(local_any, "of these, ANY over UDP")                                                     \
	X(blocked, "of these, about names on block lists")                                         \
	X(replies_truncated, "of these, with TC=1 because of the client's limit")                  \
	X(replies_gone, "answers whose client had gone")                                           \
	X(cache_hits, "queries answered from the cache")                                           \
	X(cache_misses, "queries that the cache could not answer")                                 \
	X(cache_stale, "queries answered with what had outlived its TTL")                          \
	X(cache_cuts, "queries answered because a name above does not exist")                      \
	X(cache_cut_probes, "names above that were looked up for that")                            \
	X(cache_prefetches, "questions asked ahead of the end of a TTL")                           \
	X(joined, "queries that joined an equal one in flight")                                    \
	X(refused_private, "answers refused: they point to a private address")                     \
	X(synthesized, "answers made by DNS64")                                                    \
	X(dropped_late, "answers dropped: too old for a source that may be forged")                \
	X(dropped_rate, "queries dropped: rate-limit")                                             \
	X(truncated_rate, "queries sent to TCP: rate-limit")                                       \
	X(dropped_short, "messages dropped: shorter than a header")                                \
	X(dropped_response, "messages dropped: QR=1 where a query belongs")                        \
	X(dropped_access, "messages dropped: peer not in allow")                                   \
	X(refused_access, "TCP queries refused: peer not in allow")                                \
	X(client_cookies_fresh, "queries with a client cookie alone")                              \
	X(client_cookies_valid, "queries with a server cookie of ours")                            \
	X(client_cookies_renewed, "of these, given a new one")                                     \
	X(client_cookies_invalid, "queries with a server cookie that is not, or no longer, ours")  \
	X(client_cookies_malformed, "queries with a cookie of impossible length")                  \
	X(client_cookies_demanded, "UDP queries told to come with a cookie, or over TCP")          \
	X(circles, "of those that joined: from the very upstream that was asked, unanswered")      \
	X(bound_queries, "bound hit: max-queries")                                                 \
	X(bound_waiters, "bound hit: queries that wait for one answer")                            \
	X(bound_refreshes, "bound hit: questions in flight that nobody waits for")                 \
	X(bound_client, "bound hit: max-queries-per-client")                                       \
	X(bound_udp_send, "bound hit: UDP send buffer or batch full, reply lost")                  \
	X(bound_tcp_clients, "bound hit: tcp-clients")                                             \
	X(bound_tcp_inflight, "bound hit: queries in flight of one TCP client")                    \
	X(bound_tcp_output, "bound hit: output waiting for one TCP client")                        \
	X(bound_tcp_hard, "bound hit: a TCP client that does not read its replies, closed")        \
	X(bound_descriptors, "bound hit: no descriptor left, accepting paused")                    \
	X(bound_inflight, "bound hit: max-inflight of all sessions")                               \
	X(bound_connects, "bound hit: fruitless connections to an upstream")                       \
	X(bound_output, "bound hit: output waiting for an upstream")                               \
	X(bound_sessions, "bound hit: sessions of an upstream side by side")                       \
	X(bound_post_handshake, "bound hit: a server that sends too much beside answers")          \
	X(bound_ids, "bound hit: abandoned ids of a session")                                      \
	X(bound_dnstap, "bound hit: frames for dnstap, whose reader is slow")                      \
	X(bound_memory, "an allocation failed")                                                    \
	X(tcp_accepted, "TCP clients accepted")                                                    \
	X(tcp_timeouts, "TCP clients closed by a timer")                                           \
	X(tcp_bad_frames, "TCP clients closed for an impossible length prefix")                    \
	X(upstream_queries, "queries sent upstream, repeated ones too")                            \
	X(upstream_repeats, "of these, sent again after a loss")                                   \
	X(upstream_hedges, "of these, because a name was slow")                                    \
	X(upstream_probes, "copies of queries, to learn how another upstream answers")             \
	X(datagram_repeats, "datagrams sent again because the last was not answered")              \
	X(fallback_truncated, "queries moved to a stream: the answer does not fit a datagram")     \
	X(fallback_size, "queries moved to a stream: they do not fit a datagram")                  \
	X(fallback_silence, "queries moved to a stream: datagrams were not answered")              \
	X(fallback_cookies, "queries moved to a stream: no cookie was good enough")                \
	X(datagram_silences, "upstreams whose datagrams were given up for a time")                 \
	X(upstream_answers, "answers matched to a query")                                          \
	X(upstream_late, "answers to a query that was given up")                                   \
	X(upstream_unknown, "messages with an id that is not in use")                              \
	X(upstream_mismatch, "messages whose id fits but not the question")                        \
	X(upstream_malformed, "answers that do not parse")                                         \
	X(upstream_cookies, "queries sent with a DNS cookie")                                      \
	X(upstream_cookies_right, "answers with the cookie of their query")                        \
	X(upstream_cookies_missing, "answers without, of a server that had sent one")              \
	X(upstream_cookies_discarded, "answers not used: cookie wrong, malformed or missing")      \
	X(upstream_badcookie, "answers BADCOOKIE")                                                 \
	X(bound_cookies, "bound hit: servers whose cookies are kept")                              \
	X(upstream_octets, "octets of the queries sent, padding included")                         \
	X(upstream_padding, "of these, octets of padding")                                         \
	X(upstream_padded, "answers that the server had padded")                                   \
	X(connects, "connections opened")                                                          \
	X(connects_failed, "of these, that never became a session")                                \
	X(handshakes_full, "TLS handshakes with a certificate")                                    \
	X(handshakes_resumed, "TLS handshakes with a ticket")                                      \
	X(handshakes_failed, "TLS handshakes that came to nothing")                                \
	X(dtls_discarded, "DTLS records dropped: forged, repeated, damaged, of no use")            \
	X(dtls_icmp, "ICMP and send errors of DTLS sockets, which end no session")                 \
	X(dtls_doubts, "alerts in clear that may mean a lost DTLS session")                        \
	X(sessions_ended, "sessions closed by the upstream or an error")                           \
	X(sessions_suspect, "sessions whose path came into doubt")                                 \
	X(timeouts, "queries given up at their deadline")

enum {
#define X(name, help) STATS_ROW_##name,
	STATS_TABLE(X)
#undef X
	STATS_ROWS
};

/* Up to BADCOOKIE, the highest that is given to clients; higher ones count as that below. */
#define STATS_RCODES	  25u
#define STATS_RCODE_OTHER (STATS_RCODES - 1u)

struct stats {
#define X(name, help) uint64_t name;
	STATS_TABLE(X)
#undef X
	uint64_t rcodes[STATS_RCODES]; /* of replies to clients */
	struct histogram waited;       /* replies that were not given at once: since their query */
	struct histogram rtt;	       /* of upstreams: from the first sending of a query to its answer */
	struct histogram handshake;    /* of upstreams: from SYN, or first datagram, to a session */
};

struct stats_row {
	const char *name;
#ifndef NO_STATS_HELP /* nothing shows it */
	const char *help;
#endif
};

/* One row for each counter, in the order of the struct; ended by a NULL name. */
extern const struct stats_row stats_rows[];

void stats_add(struct stats *sum, const struct stats *part);
/* The i-th counter, as in stats_rows. */
uint64_t stats_value(const struct stats *s, unsigned i);

#endif
