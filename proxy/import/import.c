#include "proxy/import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/exit_code.h"
#include "proxy/import/text_file.h"

/* ------------------------------------------------------------------ whose file it is */

static const char *const kinds[] = { [IMPORT_UNKNOWN] = NULL,
	[IMPORT_STUBBY] = "stubby",
	[IMPORT_RESOLVED] = "resolved",
	[IMPORT_UNBOUND] = "unbound" };

bool import_kind_parse(const char *word, enum import_kind *ret)
{
	for (enum import_kind k = IMPORT_STUBBY; k <= IMPORT_UNBOUND; k++)
		if (strcmp(kinds[k], word) == 0) {
			*ret = k;
			return true;
		}
	return false;
}

static enum import_kind guess(const char *text, const char *const signs[][2], size_t count)
{
	enum import_kind kind = IMPORT_UNKNOWN;

	for (size_t i = 0; i < count && kind == IMPORT_UNKNOWN; i++)
		if (strstr(text, signs[i][0]))
			import_kind_parse(signs[i][1], &kind);
	return kind;
}

enum import_kind import_kind_guess(const char *name, const char *text)
{
	static const char *const in_name[][2] = { { "stubby", "stubby" }, { ".yml", "stubby" },
		{ ".yaml", "stubby" }, { "resolved", "resolved" }, { "unbound", "unbound" } };
	static const char *const in_text[][2] = { { "upstream_recursive_servers", "stubby" },
		{ "[Resolve]", "resolved" }, { "server:", "unbound" },
		{ "forward-zone:", "unbound" }, { "stub-zone:", "unbound" } };
	const char *slash = strrchr(name, '/');
	enum import_kind kind = guess(text, in_text, sizeof in_text / sizeof in_text[0]);

	if (kind != IMPORT_UNKNOWN)
		return kind;
	return guess(slash ? slash + 1 : name, in_name, sizeof in_name / sizeof in_name[0]);
}

/* ------------------------------------------------------------------ the command */

static bool fill(struct draft *d, enum import_kind kind, const char *text, char *error, size_t size)
{
	switch (kind) {
	case IMPORT_STUBBY:
		return import_stubby(d, text, strlen(text), error, size);
	case IMPORT_RESOLVED:
		import_resolved(d, text);
		return true;
	case IMPORT_UNBOUND:
		import_unbound(d, text);
		return true;
	default:
		snprintf(error, size,
			"it is none of stubby's, systemd-resolved's or unbound's; say "
			"which with --import-kind");
		return false;
	}
}

static void tell(const char *kind, const struct config_errors *e)
{
	for (size_t i = 0; i < e->count; i++)
		fprintf(stderr, "dnsfwd: %s%s\n", kind, e->text[i]);
	if (e->dropped)
		fprintf(stderr, "dnsfwd: ... and %zu more\n", e->dropped);
}

/* What is printed is what dnsfwd takes, or it is said that it does not. */
static int check(const char *text, size_t len)
{
	const struct config_overrides none = { 0 };
	struct config_errors errors = { 0 };
	struct config *c = config_load(text, len, "(what was printed)", &none, &errors);

	tell("", &errors);
	config_errors_free(&errors);
	config_unref(c);
	return c ? EXIT_OK : EXIT_CONFIG;
}

static int finish(const struct draft *d, const char *file, const char *const *more, size_t count)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool nobody = d->main.count == 0 && count == 0;
	int code = EXIT_MEMORY;

	if (out) {
		draft_print(d, file, more, count, out);
		if (fclose(out) == 0 && !d->no_memory) {
			fputs(text, stdout);
			tell("not carried over: ", &d->notes);
			code = nobody ? EXIT_CONFIG : check(text, len);
		}
	}
	free(text);
	if (nobody && code == EXIT_CONFIG)
		fprintf(stderr,
			"dnsfwd: %s names no resolver that dnsfwd could ask; name one: dnsfwd "
			"--import %s quad9\n",
			file, file);
	else if (code == EXIT_MEMORY)
		fputs("dnsfwd: out of memory\n", stderr);
	return code;
}

int import_command(const char *file, const char *kind, const char *const *upstreams, size_t count)
{
	struct draft d = { .file = file };
	enum import_kind k = IMPORT_UNKNOWN;
	char error[256], *text;
	int code = EXIT_CONFIG;

	if (kind && !import_kind_parse(kind, &k)) {
		fprintf(stderr, "dnsfwd: --import-kind %s: stubby, resolved or unbound is wanted\n",
			kind);
		return EXIT_CONFIG;
	}
	text = text_file_read(file);
	if (!text) {
		fprintf(stderr, "dnsfwd: cannot read %s: %s\n", file,
			errno == EINVAL ? "it is no text file" : strerror(errno));
		return EXIT_FILES;
	}
	if (k == IMPORT_UNKNOWN)
		k = import_kind_guess(file, text);
	if (fill(&d, k, text, error, sizeof error))
		code = finish(&d, file, upstreams, count);
	else
		fprintf(stderr, "dnsfwd: %s: %s\n", file, error);
	draft_free(&d);
	free(text);
	return code;
}
