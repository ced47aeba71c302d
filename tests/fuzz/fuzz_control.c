/* Any bytes as a request line of the control socket: words are what stood between the spaces. */
#include "proxy/ops/control_line.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct control_line line, again;
	static char text[CONTROL_LINE_MAX + 1];
	size_t len = 0;

	if (control_line_parse((const char *)data, size, &line))
		return 0;
	must(line.count >= 1 && line.count <= CONTROL_WORDS_MAX);
	for (size_t i = 0; i < line.count; i++) {
		size_t word = strlen(line.word[i]);

		must(word > 0 && len + word <= CONTROL_LINE_MAX);
		memcpy(text + len, line.word[i], word);
		len += word;
		text[len++] = ' ';
	}
	len--;
	must(memcmp(text, data, len) == 0);
	must(len == size || (len + 1 == size && data[len] == '\r'));
	must(!control_line_parse(text, len, &again) && again.count == line.count);
	return 0;
}
