#include "tests/server/stats.h"

#include <inttypes.h>

#include "tests/server/buf.h"

const char *const transport_names[TRANSPORTS] = { "tls", "tcp", "udp", "dtls" };

void stats_query(struct stats *s, enum transport t)
{
	uint64_t *const by[TRANSPORTS] = { &s->queries_tls, &s->queries_tcp, &s->queries_udp,
		&s->queries_dtls };

	s->queries++;
	++*by[t];
}

void stats_reset(struct stats *s)
{
	*s = (struct stats){ .open = s->open, .open_max = s->open, .dtls_open = s->dtls_open };
}

void stats_json(const struct stats *s, struct buf *out)
{
	const char *comma = "{";

#define STATS_PRINT(name)                                                                          \
	buf_printf(out, "%s\"" #name "\":%" PRIu64, comma, s->name);                               \
	comma = ",";
	STATS_LIST(STATS_PRINT)
	buf_append(out, "}\n", 2);
}
