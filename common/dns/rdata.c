#include "common/dns/rdata.h"

#include "common/dns/message.h"

const struct rdata_layout rdata_layouts[RDATA_TYPES_WITH_NAMES] = {
	[DNS_TYPE_NS] = { .names = 1 },
	[DNS_TYPE_MD] = { .names = 1 },
	[DNS_TYPE_MF] = { .names = 1 },
	[DNS_TYPE_CNAME] = { .names = 1 },
	[DNS_TYPE_SOA] = { .names = 2, .tail = 20 },
	[DNS_TYPE_MB] = { .names = 1 },
	[DNS_TYPE_MG] = { .names = 1 },
	[DNS_TYPE_MR] = { .names = 1 },
	[DNS_TYPE_PTR] = { .names = 1 },
	[DNS_TYPE_MINFO] = { .names = 2 },
	[DNS_TYPE_MX] = { .head = 2, .names = 1 },
	[DNS_TYPE_RP] = { .names = 2 },
	[DNS_TYPE_AFSDB] = { .head = 2, .names = 1 },
	[DNS_TYPE_RT] = { .head = 2, .names = 1 },
	[DNS_TYPE_SIG] = { .head = 18, .names = 1, .tail = RDATA_TAIL_ANY },
	[DNS_TYPE_PX] = { .head = 2, .names = 2 },
	[DNS_TYPE_NXT] = { .names = 1, .tail = RDATA_TAIL_ANY },
	[DNS_TYPE_SRV] = { .head = 6, .names = 1 },
	[DNS_TYPE_NAPTR] = { .head = 4, .strings = 3, .names = 1 },
};

void rdata_skip_head(struct wire_reader *r, const struct rdata_layout *layout)
{
	wire_read(r, layout->head);
	for (unsigned i = 0; i < layout->strings; i++)
		wire_read(r, wire_read8(r));
}
