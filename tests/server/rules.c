#include "tests/server/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/buf.h"
#include "tests/server/mem.h"

void rules_init(struct rules *r, uint64_t seed)
{
	list_init(&r->list);
	r->seed = seed;
}

static void rule_free(struct rule *rule)
{
	list_remove(&rule->node);
	selector_free(&rule->selector);
	action_list_free(&rule->common);
	for (size_t i = 0; i < rule->answer_count; i++)
		action_list_free(&rule->answers[i]);
	free(rule->text);
	free(rule);
}

void rules_clear(struct rules *r)
{
	list_for_each(node, &r->list) rule_free(container_of(node, struct rule, node));
}

/* One answer: actions separated by ':'. */
static bool add_answer(struct rule *rule, char *text)
{
	struct action_list *l = &rule->answers[rule->answer_count];
	char *save, *part;

	if (rule->answer_count == RULE_ANSWERS_MAX)
		return false;
	rule->answer_count++;
	for (part = strtok_r(text, ":", &save); part; part = strtok_r(NULL, ":", &save)) {
		if (!action_list_add(l, part) || l->items[l->count - 1].row->on_accept)
			return false;
	}
	return true;
}

/* Answers separated by ','. */
static bool add_answers(struct rule *rule, char *text)
{
	char *save, *part;

	for (part = strtok_r(text, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		if (!add_answer(rule, part))
			return false;
	}
	return rule->answer_count;
}

static bool add_word(struct rule *rule, char *word)
{
	char *value = strchr(word, '=');
	enum selector_parse result;

	if (!value)
		return action_list_add(&rule->common, word);
	*value = 0;
	if (!strcmp(word, "answer"))
		return add_answers(rule, value + 1);
	result = selector_parse(&rule->selector, word, value + 1);
	if (result != SELECTOR_UNKNOWN)
		return result == SELECTOR_OK;
	*value = '=';
	return action_list_add(&rule->common, word);
}

/* Actions on connections and on answers do not mix, nor do the former know names. */
static bool consistent(const struct rule *rule)
{
	bool conns = action_list_is_for_conns(&rule->common);

	for (size_t i = 1; i < rule->common.count; i++) {
		if (!rule->common.items[i].row->on_accept != !conns)
			return false;
	}
	return !conns || !(rule->answer_count || rule->selector.name || rule->selector.type ||
				 rule->selector.nth.hi);
}

static bool parse(struct rule *rule, char *text, const char **ret_word)
{
	char *save, *word;

	for (word = strtok_r(text, " \t\r\n", &save); word;
		word = strtok_r(NULL, " \t\r\n", &save)) {
		static char copy[80];

		snprintf(copy, sizeof(copy), "%s", word);
		*ret_word = copy;
		if (!add_word(rule, word))
			return false;
	}
	*ret_word = "a mixture of actions on answers and on connections";
	return consistent(rule);
}

const char *rules_add(struct rules *r, const char *text)
{
	struct rule *rule = mem_new(sizeof(*rule));
	char *words = mem_text(text);
	const char *wrong = NULL;

	rule->text = mem_text(text);
	rule->random = random_seeded(r->seed++);
	list_append(&r->list, &rule->node);
	if (parse(rule, words, &wrong))
		wrong = NULL;
	else
		rule_free(rule);
	free(words);
	return wrong;
}

static struct rule *find(struct rules *r, const struct subject *s)
{
	list_for_each(node, &r->list)
	{
		struct rule *rule = container_of(node, struct rule, node);

		if (action_list_is_for_conns(&rule->common) == !!s->query)
			continue;
		if (selector_match(&rule->selector, s, &rule->random)) {
			rule->hits++;
			return rule;
		}
	}
	return NULL;
}

struct rule *rules_find(struct rules *r, const struct subject *s)
{
	return find(r, s);
}

bool rules_accept(struct rules *r, enum transport t, uint64_t conn, struct limits *ret)
{
	struct subject s = { .transport = t, .conn = conn };
	struct rule *rule = find(r, &s);

	if (rule)
		action_list_accept(&rule->common, ret);
	return rule;
}

void rules_json(const struct rules *r, struct buf *out)
{
	list_for_each(node, &r->list)
	{
		const struct rule *rule = container_of(node, struct rule, node);

		buf_printf(out, "{\"hits\":%" PRIu64 ",\"rule\":\"", rule->hits);
		for (const char *p = rule->text; *p; p++)
			buf_printf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
		buf_printf(out, "\"}\n");
	}
}
