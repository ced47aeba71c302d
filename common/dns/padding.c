#include "common/dns/padding.h"

#define OPTION_HEADER 4u

long padding_len(size_t len, size_t block, size_t max)
{
	size_t over, fill;

	if (max < OPTION_HEADER || len > max - OPTION_HEADER)
		return -1;
	len += OPTION_HEADER;
	over = len % block;
	fill = over ? block - over : 0;
	return (long)(fill < max - len ? fill : max - len);
}
