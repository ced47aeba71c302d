#include "proxy/upstream/transport.h"

const char *transport_stage_text(enum transport_stage s)
{
	static const char *const text[] = {
		[STAGE_ROUTE] = "route",
		[STAGE_UDP] = "UDP",
		[STAGE_TCP] = "TCP",
		[STAGE_TLS] = "TLS",
		[STAGE_AUTH] = "authentication",
		[STAGE_DNS] = "DNS",
	};

	return text[s];
}
