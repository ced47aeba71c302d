#include "proxy/ctl/setup_store.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/ctl/setup_files.h"

#define MANIFEST SETUP_STATE "/changes.json"

/* One path: as it was, and as it was left. */
struct entry {
	char path[PATH_MAX];
	struct setup_state before, after;
	char made[PATH_MAX]; /* the uppermost folder that had to be made; "": none */
};

struct entries {
	struct entry entry[SETUP_CHANGES_MAX];
	size_t count;
};

static bool complain(char *error, size_t size, const char *path, int code)
{
	snprintf(error, size, "%s: %s", path, strerror(-code));
	return false;
}

static void release(struct entries *es)
{
	for (size_t i = 0; i < es->count; i++) {
		setup_state_free(&es->entry[i].before);
		setup_state_free(&es->entry[i].after);
	}
	free(es);
}

/* ------------------------------------------------------------------ folders */

/* Makes those that lead to a path; made: the uppermost new one, below the root. */
static int make_folders(const char *root, const char *path, mode_t mode, char made[PATH_MAX])
{
	char whole[PATH_MAX];
	size_t skip = strlen(root);

	*made = '\0';
	if (!setup_path(root, path, whole))
		return -ENAMETOOLONG;
	for (char *slash = whole + skip + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(whole, mode) == 0 && !*made)
			snprintf(made, PATH_MAX, "%s", whole + skip);
		else if (access(whole, F_OK) < 0)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* Whatever else stands in them keeps them. */
static void remove_folders(const char *root, const char *path, const char *made)
{
	char whole[PATH_MAX], top[PATH_MAX];

	if (!*made || !setup_path(root, path, whole) || !setup_path(root, made, top))
		return;
	while (strlen(whole) > strlen(top)) {
		*strrchr(whole, '/') = '\0';
		if (rmdir(whole) < 0)
			return;
	}
}

/* ------------------------------------------------------------------ the record of what was */

static void put_state(struct json_object *o, const char *key, const struct setup_state *s)
{
	struct json_object *state = json_object_new_object();
	static const char *const kinds[] = { "absent", "file", "link", "other" };

	json_object_object_add(state, "kind", json_object_new_string(kinds[s->kind]));
	if (s->kind == KIND_LINK)
		json_object_object_add(state, "target", json_object_new_string(s->target));
	if (s->kind == KIND_FILE) {
		json_object_object_add(
			state, "text", json_object_new_string_len(s->text, (int)s->len));
		json_object_object_add(state, "mode", json_object_new_int64(s->st.st_mode & 07777));
		json_object_object_add(state, "uid", json_object_new_int64(s->st.st_uid));
		json_object_object_add(state, "gid", json_object_new_int64(s->st.st_gid));
		json_object_object_add(
			state, "seconds", json_object_new_int64(s->st.st_mtim.tv_sec));
		json_object_object_add(
			state, "nanoseconds", json_object_new_int64(s->st.st_mtim.tv_nsec));
	}
	json_object_object_add(o, key, state);
}

static int write_record(const char *root, const struct entries *es)
{
	struct json_object *list = json_object_new_array();
	struct setup_state record = { .kind = KIND_FILE };
	char whole[PATH_MAX];
	const char *text;
	int result;

	for (size_t i = 0; i < es->count; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "path", json_object_new_string(es->entry[i].path));
		json_object_object_add(o, "made", json_object_new_string(es->entry[i].made));
		put_state(o, "before", &es->entry[i].before);
		put_state(o, "after", &es->entry[i].after);
		json_object_array_add(list, o);
	}
	text = json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY);
	record.len = strlen(text);
	record.text = (char *)(uintptr_t)text;
	result = setup_path(root, MANIFEST, whole) ? setup_state_put(whole, &record, false)
						   : -ENAMETOOLONG;
	json_object_put(list);
	return result;
}

static const char *member_text(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : "";
}

static int64_t member_number(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : 0;
}

static bool get_file(struct json_object *o, struct setup_state *ret)
{
	struct json_object *text;

	if (!json_object_object_get_ex(o, "text", &text))
		return false;
	ret->kind = KIND_FILE;
	ret->len = (size_t)json_object_get_string_len(text);
	ret->text = malloc(ret->len + 1);
	if (!ret->text)
		return false;
	memcpy(ret->text, json_object_get_string(text), ret->len);
	ret->st.st_mode = S_IFREG | (mode_t)member_number(o, "mode");
	ret->st.st_uid = (uid_t)member_number(o, "uid");
	ret->st.st_gid = (gid_t)member_number(o, "gid");
	ret->st.st_mtim.tv_sec = (time_t)member_number(o, "seconds");
	ret->st.st_mtim.tv_nsec = (long)member_number(o, "nanoseconds");
	ret->st.st_atim = ret->st.st_mtim;
	return true;
}

static bool get_state(struct json_object *entry, const char *key, struct setup_state *ret)
{
	struct json_object *o;
	const char *kind;

	*ret = (struct setup_state){ .kind = KIND_ABSENT };
	if (!json_object_object_get_ex(entry, key, &o))
		return false;
	kind = member_text(o, "kind");
	if (strcmp(kind, "file") == 0)
		return get_file(o, ret);
	if (strcmp(kind, "link") == 0) {
		ret->kind = KIND_LINK;
		snprintf(ret->target, sizeof ret->target, "%s", member_text(o, "target"));
		return *ret->target;
	}
	return strcmp(kind, "absent") == 0;
}

/* NULL: there is none, or it can't be read. */
static struct entries *read_record(const char *root)
{
	char whole[PATH_MAX];
	struct json_object *list =
		setup_path(root, MANIFEST, whole) ? json_object_from_file(whole) : NULL;
	struct entries *es = list ? calloc(1, sizeof *es) : NULL;
	size_t count = list && json_object_is_type(list, json_type_array)
			       ? json_object_array_length(list)
			       : 0;
	bool ok = count > 0 && count <= SETUP_CHANGES_MAX;

	for (size_t i = 0; es && ok && i < count; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct entry *e = &es->entry[es->count++];

		snprintf(e->path, sizeof e->path, "%s", member_text(o, "path"));
		snprintf(e->made, sizeof e->made, "%s", member_text(o, "made"));
		ok = get_state(o, "before", &e->before);
		ok = get_state(o, "after", &e->after) && ok && e->path[0] == '/';
	}
	json_object_put(list);
	if (es && !ok) {
		release(es);
		es = NULL;
	}
	return es;
}

bool setup_is_applied(const char *root)
{
	char whole[PATH_MAX];

	return setup_path(root, MANIFEST, whole) && access(whole, F_OK) == 0;
}

static void forget(const char *root)
{
	char whole[PATH_MAX];

	if (setup_path(root, MANIFEST, whole))
		unlink(whole);
	remove_folders(root, MANIFEST, SETUP_STATE_TOP);
}

/* ------------------------------------------------------------------ applying */

static int fill_entry(const char *root, const struct setup_change *c, struct entry *e)
{
	char whole[PATH_MAX];

	snprintf(e->path, sizeof e->path, "%s", c->path);
	e->after.kind = c->text ? KIND_FILE : KIND_LINK;
	if (c->text) {
		e->after.len = strlen(c->text);
		e->after.text = strdup(c->text);
	}
	snprintf(e->after.target, sizeof e->after.target, "%s", c->target);
	if (!setup_path(root, c->path, whole) || (c->text && !e->after.text))
		return -ENOMEM;
	return setup_state_read(whole, &e->before);
}

static int put_back(const char *root, const struct entry *e)
{
	char whole[PATH_MAX];
	int result = setup_path(root, e->path, whole) ? setup_state_put(whole, &e->before, true)
						      : -ENAMETOOLONG;

	if (result == 0)
		remove_folders(root, e->path, e->made);
	return result;
}

static int change(const char *root, struct entry *e)
{
	char whole[PATH_MAX], made[PATH_MAX];
	int result = make_folders(root, e->path, 0755, made);

	if (result == 0 && !setup_path(root, e->path, whole))
		result = -ENAMETOOLONG;
	return result == 0 ? setup_state_put(whole, &e->after, false) : result;
}

/* Which folders are missing is to be known before they are made. */
static void find_missing(const char *root, struct entry *e)
{
	char whole[PATH_MAX];
	size_t skip = strlen(root);

	if (!setup_path(root, e->path, whole))
		return;
	for (char *slash = whole + skip + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (access(whole, F_OK) < 0) {
			snprintf(e->made, sizeof e->made, "%s", whole + skip);
			return;
		}
		*slash = '/';
	}
}

static bool change_all(const char *root, struct entries *es, char *error, size_t size)
{
	for (size_t i = 0; i < es->count; i++) {
		int result = change(root, &es->entry[i]);

		if (result == 0)
			continue;
		complain(error, size, es->entry[i].path, result);
		do
			put_back(root, &es->entry[i]);
		while (i-- > 0);
		forget(root);
		return false;
	}
	return true;
}

/* What was there is on disk before anything is changed. */
static int keep(const char *root, const struct setup_plan *p, struct entries *es)
{
	char made[PATH_MAX];
	int result = make_folders(root, SETUP_STATE_TOP, 0755, made);

	if (result == 0)
		result = make_folders(root, MANIFEST, 0700, made); /* root's alone */
	for (size_t i = 0; result == 0 && i < p->changes; i++) {
		result = fill_entry(root, &p->change[i], &es->entry[es->count++]);
		find_missing(root, &es->entry[i]);
	}
	return result == 0 ? write_record(root, es) : result;
}

bool setup_apply(const char *root, const struct setup_plan *p, char *error, size_t size)
{
	struct entries *es = calloc(1, sizeof *es);
	int result;
	bool ok;

	if (!es)
		return complain(error, size, SETUP_STATE, -ENOMEM);
	result = keep(root, p, es);
	ok = result == 0 ? change_all(root, es, error, size)
			 : complain(error, size, SETUP_STATE, result);
	release(es);
	return ok;
}

/* ------------------------------------------------------------------ undoing */

/* What is as it was left, or as it was before, may be put back. */
static bool is_untouched(const char *root, const struct entry *e)
{
	char whole[PATH_MAX];
	struct setup_state now;
	bool same;

	if (!setup_path(root, e->path, whole) || setup_state_read(whole, &now) < 0)
		return false;
	same = setup_state_same(&now, &e->after) || setup_state_same(&now, &e->before);
	setup_state_free(&now);
	return same;
}

static bool check_untouched(const char *root, const struct entries *es, char *error, size_t size)
{
	for (size_t i = 0; i < es->count; i++)
		if (!is_untouched(root, &es->entry[i])) {
			snprintf(error, size,
				"%s was changed since; --force puts back what was there before all "
				"the same",
				es->entry[i].path);
			return false;
		}
	return true;
}

bool setup_undo(const char *root, bool force, void (*tell)(void *arg, const char *path), void *arg,
	char *error, size_t size)
{
	struct entries *es = read_record(root);
	bool ok;

	if (!es) {
		snprintf(error, size,
			setup_is_applied(root) ? "%s%s can't be read"
					       : "nothing was set up: there is "
						 "no %s%s",
			root, MANIFEST);
		return false;
	}
	ok = force || check_untouched(root, es, error, size);
	for (size_t i = es->count; ok && i-- > 0;) {
		int result = put_back(root, &es->entry[i]);

		ok = result == 0 || complain(error, size, es->entry[i].path, result);
		if (ok)
			tell(arg, es->entry[i].path);
	}
	if (ok)
		forget(root);
	release(es);
	return ok;
}
