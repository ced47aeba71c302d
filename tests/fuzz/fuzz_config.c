/* Any bytes as a configuration: refused with a reason, or accepted, printed, and then accepted
 * again. */
#include "common/config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct config *load(const char *text, size_t len)
{
	struct config_errors errors = { 0 };
	struct config *c = config_load(text, len, "fuzz", NULL, &errors);

	if ((c != NULL) == (errors.count > 0))
		abort();
	config_errors_free(&errors);
	return c;
}

static char *print(const struct config *c, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	if (!out)
		abort();
	config_print(c, out);
	if (fclose(out) != 0)
		abort();
	return text;
}

static void check_round_trip(const struct config *c)
{
	size_t len, len_again;
	char *text = print(c, &len), *text_again;
	struct config *again = load(text, len);

	if (!again)
		abort();
	text_again = print(again, &len_again);
	if (len != len_again || memcmp(text, text_again, len) != 0)
		abort();
	free(text_again);
	free(text);
	config_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config *c;

	/* No input may make it open files. */
	if (memmem(data, len, "@include", strlen("@include")))
		return 0;
	c = load((const char *)data, len);
	if (c)
		check_round_trip(c);
	config_unref(c);
	return 0;
}
