#include "tests/server/action.h"

#include <stdlib.h>
#include <string.h>

static const struct action_row *find(const char *name)
{
	for (const struct action_row *row = action_rows; row->name; row++) {
		if (!strcmp(row->name, name))
			return row;
	}
	return NULL;
}

bool action_list_add(struct action_list *l, char *text)
{
	char *value = strchr(text, '=');
	struct action a = { 0 };

	if (value)
		*value++ = 0;
	a.row = find(text);
	if (!a.row || l->count == ACTIONS_MAX || !a.row->parse(value, &a)) {
		free(a.text);
		return false;
	}
	l->items[l->count++] = a;
	return true;
}

void action_list_free(struct action_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i].text);
	l->count = 0;
}

void action_list_reply(const struct action_list *l, struct reply *r)
{
	for (size_t i = 0; i < l->count; i++)
		l->items[i].row->on_reply(r, &l->items[i]);
}

void action_list_accept(const struct action_list *l, struct limits *ret)
{
	for (size_t i = 0; i < l->count; i++)
		l->items[i].row->on_accept(ret, &l->items[i]);
}

bool action_list_is_for_conns(const struct action_list *l)
{
	return l->count && l->items[0].row->on_accept;
}
