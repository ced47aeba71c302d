/* Any bytes as the file of last good addresses: what is taken from it is sound, and survives being
 * written and read again. */
#include "common/base/last_good.h"

#include <string.h>

#include "common/base/hostmatch.h"
#include "tests/fuzz/fuzz.h"

static void check_entry(const struct last_good *e)
{
	must(memchr(e->name, '\0', sizeof e->name) && hostname_valid(e->name));
	must(e->count > 0 && e->count <= LAST_GOOD_ADDRESSES_MAX);
	for (size_t i = 0; i < e->count; i++)
		must(addr_is_destination(&e->addrs[i]) && addr_port(&e->addrs[i]) == 0);
}

static void check_same(const struct last_good *a, const struct last_good *b)
{
	must(strcmp(a->name, b->name) == 0 && a->time_s == b->time_s && a->count == b->count);
	for (size_t i = 0; i < a->count; i++)
		must(addr_equal(&a->addrs[i], &b->addrs[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct last_good entries[LAST_GOOD_NAMES_MAX], again[LAST_GOOD_NAMES_MAX];
	static char text[LAST_GOOD_TEXT_MAX];
	unsigned damaged;
	size_t count = last_good_parse((const char *)data, size, entries, &damaged), len;

	must(count <= LAST_GOOD_NAMES_MAX);
	for (size_t i = 0; i < count; i++)
		check_entry(&entries[i]);
	len = last_good_format(entries, count, text);
	must(len < LAST_GOOD_TEXT_MAX);
	must(last_good_parse(text, len, again, &damaged) == count && damaged == 0);
	for (size_t i = 0; i < count; i++)
		check_same(&entries[i], &again[i]);
	return 0;
}
