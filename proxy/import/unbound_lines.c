#include "proxy/import/unbound_lines.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/import/text_file.h"

#define LINE_MAX_OCTETS 4096u
#define DEPTH_MAX	4u
#define FILES_MAX	64u

struct reader {
	struct draft *draft;
	void (*take)(void *arg, const struct unbound_line *line);
	void *arg;
	char clause[32];
	unsigned clause_number, depth, files;
};

static void read_text(struct reader *r, const char *text);

/* ------------------------------------------------------------------ other files */

static void include_one(struct reader *r, unsigned line, const char *path)
{
	const char *outer = r->draft->file;
	char *text;

	if (r->depth == DEPTH_MAX || r->files == FILES_MAX) {
		draft_note(r->draft, line, "include: %s: too deep, or too many files", path);
		return;
	}
	text = text_file_read(path);
	if (!text) {
		draft_note(r->draft, line, "include: cannot read %s: %s", path, strerror(errno));
		return;
	}
	r->files++;
	r->depth++;
	r->draft->file = path;
	read_text(r, text);
	r->draft->file = outer;
	r->depth--;
	free(text);
}

static void include(struct reader *r, unsigned line, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			include_one(r, line, found.gl_pathv[i]);
	} else if (!strpbrk(pattern, "*?[")) {
		draft_note(r->draft, line, "include: there is no %s", pattern);
	}
	globfree(&found);
}

/* ------------------------------------------------------------------ words of a line */

/* The next word, without its quotes, or NULL; a remark ends the line. */
static char *next_word(char **rest)
{
	char *p = *rest + strspn(*rest, " \t\r"), *word = p;

	if (!*p || *p == '#')
		return NULL;
	if (*p == '"' || *p == '\'') {
		char *end = strchr(p + 1, *p);

		word = p + 1;
		p = end ? end : p + strlen(p);
	} else {
		p += strcspn(p, " \t\r");
	}
	*rest = p + (*p != '\0');
	*p = '\0';
	return word;
}

/* "forward-zone:" begins something; what may stand behind it on the line is its first key. */
static bool is_clause(const char *word)
{
	static const char *const names[] = { "server:", "forward-zone:", "stub-zone:", "auth-zone:",
		"view:", "remote-control:", "python:", "dynlib:", "dnscrypt:", "dnstap:",
		"cachedb:", "ipset:", "rpz:" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(word, names[i]) == 0)
			return true;
	return false;
}

static void take_key(struct reader *r, unsigned number, char *word, char *rest)
{
	struct unbound_line l = {
		.clause = r->clause, .clause_number = r->clause_number, .line = number, .key = word
	};
	size_t len = strlen(word);
	char *value;

	if (len < 2 || word[len - 1] != ':') {
		draft_note(r->draft, number, "\"%s\" is not understood", word);
		return;
	}
	word[len - 1] = '\0';
	while (l.count < UNBOUND_VALUES_MAX && (value = next_word(&rest)))
		l.value[l.count++] = value;
	if (l.count > 0 && strncmp(word, "include", 7) == 0)
		include(r, number, l.value[0]);
	else if (l.count > 0)
		r->take(r->arg, &l);
}

static void take_line(struct reader *r, unsigned number, char *line)
{
	char *word;

	while ((word = next_word(&line))) {
		/* "key:value" is allowed, too; addresses are never first. */
		char *colon = strchr(word, ':');

		if (is_clause(word)) {
			snprintf(r->clause, sizeof r->clause, "%.*s", (int)strlen(word) - 1, word);
			r->clause_number++;
			continue;
		}
		if (colon && colon[1]) {
			draft_note(r->draft, number, "\"%s\": a blank is missing behind the colon",
				word);
			return;
		}
		take_key(r, number, word, line);
		return;
	}
}

static void read_text(struct reader *r, const char *text)
{
	char line[LINE_MAX_OCTETS];
	unsigned number = 0;

	for (; *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		number++;
		if (len < sizeof line) {
			memcpy(line, text, len);
			line[len] = '\0';
			take_line(r, number, line);
		} else {
			draft_note(r->draft, number, "the line is too long");
		}
		text += len;
	}
}

void unbound_lines(struct draft *d, const char *text,
	void (*take)(void *arg, const struct unbound_line *line), void *arg)
{
	struct reader r = { .draft = d, .take = take, .arg = arg };

	read_text(&r, text);
}
