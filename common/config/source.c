#include "common/config/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/include.h"

/*
 * libconfig looks for a duplicate of each name among all before it: 10,000 long ones take it half a
 * minute. All options of all upstreams are less than 600.
 */
#define SETTINGS_MAX 1000u
#define WORD_MAX     128u

struct source_segment {
	unsigned line; /* in the text */
	const char *file;
	unsigned file_line; /* in the file */
};

/* A file that is being read, and the ones that it was included from. */
struct reader {
	struct config_source *source;
	const struct include_chain *chain;
	const char *file;
	const char *p, *end;
	unsigned line;
	bool wants_value; /* an equals sign was the last in this line */
	const char *name; /* the last word that was not a value, name_len octets; NULL: none yet */
	size_t name_len;
};

static bool read_file(struct config_source *s, const char *text, size_t len, const char *file,
	const struct include_chain *chain);

static bool complain(struct reader *r, const char *text)
{
	errors_add(r->source->errors, (struct config_place){ r->file, r->line }, "%s", text);
	return false;
}

static bool put(struct reader *r, const char *text, size_t len)
{
	if (bytes_len(&r->source->text) + len > CONFIG_BUFFER_MAX)
		return complain(r, "the configuration is larger than 1 MiB");
	if (bytes_append(&r->source->text, text, len) < 0)
		return complain(r, "out of memory");
	return true;
}

static bool put_line_end(struct reader *r)
{
	r->source->line++;
	return put(r, "\n", 1);
}

static bool put_held(struct reader *r)
{
	for (; r->source->held > 0; r->source->held--) {
		if (!put_line_end(r))
			return false;
	}
	return true;
}

static bool add_segment(struct reader *r)
{
	struct config_source *s = r->source;
	struct source_segment *segments =
		reallocarray(s->segments, s->segment_count + 1, sizeof *segments);

	if (!segments)
		return complain(r, "out of memory");
	s->segments = segments;
	segments[s->segment_count++] = (struct source_segment){ s->line, r->file, r->line };
	return true;
}

static bool at(const struct reader *r, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(r->end - r->p) >= len && memcmp(r->p, word, len) == 0;
}

/* Goes over a comment.  The line end behind one stays. */
static bool skip_comment(struct reader *r)
{
	bool block = at(r, "/*");
	unsigned first_line = r->line;

	r->p += block ? 2 : 0;
	for (; r->p < r->end; r->p++) {
		if (block && at(r, "*/")) {
			r->p += 2;
			return put(r, " ", 1);
		}
		if (*r->p != '\n')
			continue;
		if (!block)
			return true;
		r->line++;
		r->source->held++;
	}
	r->line = first_line;
	return block ? complain(r, "a comment that begins here is not closed: */ is missing")
		     : true;
}

/* Within [ ] or ( ), where values stand with commas between. */
static bool is_listing(const struct config_source *s)
{
	return s->nesting > 0 && s->brackets[s->nesting - 1] != '{';
}

static bool complain_of_list(struct reader *r, const char *what, const char *word, size_t len)
{
	int name_len = r->name ? (int)(r->name_len < 80 ? r->name_len : 80) : 0;
	char text[300];

	snprintf(text, sizeof text, "%s%.*s%s%s%.*s", name_len > 0 ? "option \"" : "", name_len,
		name_len > 0 ? r->name : "", name_len > 0 ? "\": " : "", what,
		(int)(len < 80 ? len : 80), word);
	return complain(r, text);
}

/* As a value, an element, or the continuation of another text. */
static bool text_allowed(const struct config_source *s)
{
	if (s->last == ',')
		return is_listing(s);
	return s->last && strchr("=:[(\"", s->last);
}

/* Copies a text in quotes.  The same quoting rules as in libconfig. */
static bool copy_text(struct reader *r)
{
	const char *start = r->p;
	unsigned first_line = r->line;

	if (!text_allowed(r->source))
		return complain(r, "syntax error: a text in quotes cannot stand here");
	/* libconfig makes one of both, which nobody means who lists names. */
	if (r->source->last == '"' && is_listing(r->source))
		return complain_of_list(r, "a comma is missing between two texts", "", 0);
	r->source->last = '"';
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
		if (*r->p == '\n') {
			r->line++;
			r->source->line++;
		} else if (*r->p == '\\' && r->end - r->p > 1 &&
			   (r->p[1] == '"' || r->p[1] == '\\')) {
			r->p++;
		} else if (at(r, "\\x00") || at(r, "\\X00")) {
			return complain(r, "\\x00 cannot stand in a text");
		}
	}
	if (r->p == r->end) {
		r->line = first_line;
		return complain(r, "a text that begins here is not closed: a quote is missing");
	}
	r->p++;
	return put(r, start, (size_t)(r->p - start));
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+' || c == '.' || c == '*' || c == '%';
}

/* libconfig 1.5 cuts a plain number to 32 bits without a word, one with L behind it to 64. */
static bool is_large(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr("+-0123456789", word[i]))
			return false;
	}
	return len > 9;
}

static bool is_number(const char *word)
{
	char *end;

	strtod(word, &end);
	while (end > word && *end == 'L')
		end++;
	return *end == '\0';
}

/* What people write for a truth value, by habit from other programs. */
static bool is_foreign_bool(const char *word)
{
	static const char *const words[] = { "yes", "no", "on", "off" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* libconfig calls a bare word "syntax error", often one line too late. */
static bool check_value(struct reader *r, const char *start, size_t len)
{
	int name_len = (int)(r->name_len < 80 ? r->name_len : 80);
	char word[64], text[300];

	snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word), start);
	if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0 || is_number(word))
		return true;
	if (is_foreign_bool(word))
		snprintf(text, sizeof text, "option \"%.*s\": value %s: write true or false",
			name_len, r->name, word);
	else
		snprintf(text, sizeof text,
			"option \"%.*s\": value %s: it must stand in quotes, like \"%s\"", name_len,
			r->name, word, word);
	return complain(r, text);
}

/* last: what stands before it. */
static bool check_word(struct reader *r, char last, const char *start, size_t len)
{
	bool is_element = is_listing(r->source);

	if (len > WORD_MAX)
		return complain(r, "syntax error: this word is too long");
	if (is_element && strchr("\"w)]}", last))
		return complain_of_list(r, "a comma or the closing bracket is missing before ", start, len);
	return !r->name || !(r->wants_value || is_element) || check_value(r, start, len);
}

static bool copy_word(struct reader *r)
{
	const char *start = r->p;
	char last = r->source->last;
	size_t len;

	while (r->p < r->end && is_word_char(*r->p))
		r->p++;
	len = (size_t)(r->p - start);
	r->source->last = 'w';
	if (!check_word(r, last, start, len))
		return false;
	if (!r->wants_value && !is_listing(r->source)) {
		r->name = start;
		r->name_len = len;
	}
	r->wants_value = false;
	return put(r, start, len) && (!is_large(start, len) || put(r, "L", 1));
}

/* @include "path": the file takes the place of these words. */
static bool include(struct reader *r)
{
	struct include_file file;
	const char *start, *quote;
	bool done;

	r->p += strlen("@include");
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
	start = r->p + 1;
	quote = r->p < r->end && *r->p == '"' ? memchr(start, '"', (size_t)(r->end - start)) : NULL;
	if (!quote || memchr(start, '\n', (size_t)(quote - start)))
		return complain(r, "write @include \"FILE\"");
	if (!include_open(&file, r->chain, r->file, start, (size_t)(quote - start)))
		return complain(r, file.error);
	r->p = quote + 1;
	done = put_line_end(r) &&
	       read_file(r->source, file.text, file.len, file.name, &file.chain) && put_held(r) &&
	       put_line_end(r) && add_segment(r);
	include_close(&file);
	return done;
}

static bool copy_mark(struct reader *r)
{
	struct config_source *s = r->source;

	if (strchr("([{", *r->p)) {
		if (s->nesting == SOURCE_NESTING_MAX)
			return complain(r, "brackets are nested too deeply");
		s->brackets[s->nesting++] = *r->p;
	} else if (strchr(")]}", *r->p) && s->nesting > 0) {
		if (s->last == ',' && is_listing(s))
			return complain_of_list(r, "nothing stands behind the last comma: take it out", "", 0);
		s->nesting--;
	}
	if (*r->p == '}')
		r->name = NULL; /* what follows is not of the group's last option */
	s->last = *r->p;
	r->wants_value = *r->p == '=' || *r->p == ':';
	if (r->wants_value && ++s->settings > SETTINGS_MAX)
		return complain(r, "there are too many settings");
	return put(r, r->p++, 1);
}

static bool is_mark(char c)
{
	return strchr("()[]{}=:,;", c) != NULL;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 && !strchr("\t\n\r\f", c);
}

static bool copy_next(struct reader *r)
{
	char c = *r->p;

	if (c == '\n') {
		r->p++;
		r->line++;
		r->source->held++;
		r->wants_value = false;
		return true;
	}
	if (c == '#' || at(r, "//") || at(r, "/*"))
		return skip_comment(r);
	if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		r->p++;
		return put(r, " ", 1);
	}
	/*
	 * libconfig says of a text the line of what follows it, since it might be continued there.
	 * So what closes an array is moved up, in front of the line ends.
	 */
	if (!strchr(")]},;", c) && !put_held(r))
		return false;
	if (is_mark(c))
		return copy_mark(r);
	if (c == '"') {
		r->wants_value = false;
		return copy_text(r);
	}
	if (at(r, "@include"))
		return include(r);
	if (is_word_char(c))
		return copy_word(r);
	return complain(r, "syntax error: this character has no meaning outside of quotes");
}

/* NULs and their like are looked for first: in a binary file nothing else makes sense. */
static bool check_text(struct reader *r)
{
	for (const char *p = r->p; p < r->end; p++) {
		if (*p == '\n')
			r->line++;
		else if (is_control(*p) || *p == 0x7f || *p == '\0')
			return complain(
				r, "this is not a text file: a control character stands here");
	}
	r->line = 1;
	return true;
}

static bool read_file(struct config_source *s, const char *text, size_t len, const char *file,
	const struct include_chain *chain)
{
	struct reader r = {
		.source = s,
		.chain = chain,
		.p = text,
		.end = text + len,
		.line = 1,
	};
	char **files = reallocarray(s->files, s->file_count + 1, sizeof *files);

	r.file = file;
	if (!files)
		return complain(&r, "out of memory");
	s->files = files;
	files[s->file_count] = strdup(file);
	if (!files[s->file_count])
		return complain(&r, "out of memory");
	r.file = files[s->file_count++];
	if (!check_text(&r) || !add_segment(&r))
		return false;
	if (at(&r, "\xef\xbb\xbf")) /* the mark that some editors put before UTF-8 */
		r.p += 3;
	while (r.p < r.end) {
		if (!copy_next(&r))
			return false;
	}
	return true;
}

bool source_read(struct config_source *s, const char *text, size_t len, const char *file,
	struct config_errors *errors)
{
	struct config_place where = { file, 0 };

	*s = (struct config_source){ .line = 1, .errors = errors };
	if (len > CONFIG_BUFFER_MAX) {
		errors_add(errors, where, "the configuration is larger than 1 MiB");
		return false;
	}
	if (!read_file(s, text, len, file, NULL))
		return false;
	if (bytes_append(&s->text, "\n", 2) < 0) {
		errors_add(errors, where, "out of memory");
		return false;
	}
	return true;
}

struct config_place source_place(const struct config_source *s, unsigned line)
{
	struct config_place where = { s->files[0], line };

	for (size_t i = 0; i < s->segment_count && s->segments[i].line <= line; i++) {
		where.file = s->segments[i].file;
		where.line = s->segments[i].file_line + (line - s->segments[i].line);
	}
	return where;
}

void source_free(struct config_source *s)
{
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i]);
	free(s->files);
	free(s->segments);
	bytes_free(&s->text);
	*s = (struct config_source){ 0 };
}
