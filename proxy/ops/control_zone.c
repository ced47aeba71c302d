/* zone add, del, list: zones that last until they are taken out, their interface goes, or the program ends. */
#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/added_zones.h"
#include "proxy/ops/control_commands.h"

static const char usage[] =
	"usage: zone add NAME UPSTREAM... [--interface IF], zone del NAME or zone list";

static void done(struct control_call *c)
{
	json_object(control_json(c), NULL);
	json_bool(control_json(c), "ok", true);
	json_end_object(control_json(c));
	control_end(c);
}

/* The words behind "add"; the texts are the call's.  False: the call has failed. */
static bool read_words(struct control_call *c, const char *forward[CONFIG_FORWARD_MAX],
	struct config_zone_words *ret)
{
	const char *word;

	*ret = (struct config_zone_words){ .name = control_word(c, 1), .forward = forward };
	for (size_t i = 2; (word = control_word(c, i)); i++) {
		if (strcmp(word, "--interface") == 0) {
			ret->interface = control_word(c, ++i);
			if (!ret->interface || control_word(c, i + 1))
				break;
		} else if (*word == '-' || ret->forward_count == CONFIG_FORWARD_MAX) {
			break;
		} else {
			forward[ret->forward_count++] = word;
		}
	}
	if (!word && ret->name && ret->forward_count > 0)
		return true;
	control_fail(c, "%s", usage);
	return false;
}

static void add(struct control_call *c)
{
	const struct control_context *k = control_context(c);
	const char *forward[CONFIG_FORWARD_MAX];
	struct config_zone_words words;
	char error[2048];

	if (!read_words(c, forward, &words))
		return;
	if (added_zones_add(k->zones, &words, error, sizeof error) < 0) {
		control_refuse(c, error);
		return;
	}
	log_info("control: zone %s is added, by uid %lu", words.name, (unsigned long)control_uid(c));
	done(c);
}

static void del(struct control_call *c)
{
	const struct control_context *k = control_context(c);
	const char *name = control_word(c, 1);
	char error[600];

	if (!name || control_word(c, 2)) {
		control_fail(c, "%s", usage);
		return;
	}
	if (added_zones_del(k->zones, name, error, sizeof error) < 0) {
		control_fail(c, "%s", error);
		return;
	}
	log_info("control: zone %s is taken out, by uid %lu", name, (unsigned long)control_uid(c));
	done(c);
}

/* Those of the file, too: what is in force. */
static void list(struct control_call *c)
{
	const struct config *config = control_context(c)->config;
	struct json *j = control_json(c);

	json_object(j, NULL);
	json_array(j, "zones");
	for (size_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *z = &config->zone[i];

		if (z->portal)
			continue;
		json_object(j, NULL);
		json_text(j, "name", z->name);
		json_array(j, "forward");
		for (size_t k = 0; k < z->count; k++)
			json_text(j, NULL, config->forward[z->first + k].name);
		json_end_array(j);
		json_text(j, "interface", z->interface);
		json_bool(j, "added", z->added);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	control_end(c);
}

void control_zone(struct control_call *c)
{
	const char *what = control_word(c, 0);

	if (strcmp(what, "add") == 0)
		add(c);
	else if (strcmp(what, "del") == 0)
		del(c);
	else if (strcmp(what, "list") == 0 && !control_word(c, 1))
		list(c);
	else
		control_fail(c, "%s", usage);
}
