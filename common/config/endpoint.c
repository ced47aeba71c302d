#include "common/config/endpoint.h"

#include <string.h>

bool endpoint_parse(const char *text, uint16_t port, struct endpoint *ret)
{
	struct endpoint e = { .path = NULL };
	size_t len = strlen(text);

	if (*text == '/') {
		if (len >= ENDPOINT_PATH_MAX || text[len - 1] == '/')
			return false;
		e.path = text;
	} else if (!addr_parse(text, len, port, true, &e.addr) || !addr_is_loopback(&e.addr)) {
		return false;
	}
	*ret = e;
	return true;
}
