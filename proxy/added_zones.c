#include "proxy/added_zones.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "proxy/config_file.h"
#include "proxy/ops/links.h"
#include "proxy/reload.h"

/* Where a zone could not be taken out. */
#define AGAIN_S 2

struct added_zones {
	struct config_file *file;
	struct reload *reload;
	struct links *links;				       /* NULL: there is no netlink */
	struct event *again;				       /* some that have lost theirs are there still, */
	bool complained;				       /* which was told */
	struct config_zone_words words[CONFIG_ZONE_ADDED_MAX]; /* all texts owned */
	unsigned link[CONFIG_ZONE_ADDED_MAX];		       /* the interface's number; 0: any */
	size_t count;
};

/* ------------------------------------------------------------------ words */

static void free_words(struct config_zone_words *w)
{
	for (size_t i = 0; w->forward && i < w->forward_count; i++)
		free((void *)w->forward[i]);
	free((void *)w->forward);
	free((void *)w->name);
	free((void *)w->interface);
	*w = (struct config_zone_words){ 0 };
}

static bool copy_forward(const struct config_zone_words *from, struct config_zone_words *ret)
{
	char **texts = calloc(from->forward_count + 1, sizeof *texts);

	ret->forward = (const char *const *)texts;
	for (size_t i = 0; texts && i < from->forward_count; i++) {
		texts[i] = strdup(from->forward[i]);
		if (!texts[i])
			return false;
		ret->forward_count++;
	}
	return texts;
}

/* False: no memory. */
static bool copy(const struct config_zone_words *from, struct config_zone_words *ret)
{
	*ret = (struct config_zone_words){ .name = strdup(from->name) };
	if (from->interface)
		ret->interface = strdup(from->interface);
	if (ret->name && (ret->interface || !from->interface) && copy_forward(from, ret))
		return true;
	free_words(ret);
	return false;
}

/* With or without the final dot. */
static size_t find(const struct added_zones *z, const char *name)
{
	size_t len = strlen(name), i;

	len -= len > 1 && name[len - 1] == '.';
	for (i = 0; i < z->count; i++) {
		const char *other = z->words[i].name;
		size_t other_len = strlen(other);

		other_len -= other_len > 1 && other[other_len - 1] == '.';
		if (other_len == len && strncasecmp(other, name, len) == 0)
			break;
	}
	return i;
}

/* ------------------------------------------------------------------ the table */

static int apply(struct added_zones *z, char *error, size_t size)
{
	z->file->overrides.zones = z->words;
	z->file->overrides.zone_count = z->count;
	return reload_zones(z->reload, error, size);
}

/* What is taken out stays the caller's; the others keep their order. */
static void take_out(struct added_zones *z, size_t i)
{
	z->count--;
	memmove(&z->words[i], &z->words[i + 1], (z->count - i) * sizeof z->words[0]);
	memmove(&z->link[i], &z->link[i + 1], (z->count - i) * sizeof z->link[0]);
}

static int put(struct added_zones *z, const struct config_zone_words *words, unsigned link,
	char *error, size_t size)
{
	size_t i = find(z, words->name);
	struct config_zone_words before = { 0 };
	unsigned link_before = 0;
	int err;

	if (i == CONFIG_ZONE_ADDED_MAX) {
		snprintf(error, size, "%u zones are added already; take one out first",
			CONFIG_ZONE_ADDED_MAX);
		return -ENOBUFS;
	}
	if (i < z->count) {
		before = z->words[i];
		link_before = z->link[i];
	} else {
		z->count++;
	}
	z->words[i] = *words;
	z->link[i] = link;
	err = apply(z, error, size);
	if (err == 0) {
		free_words(&before);
		return 0;
	}
	z->words[i] = before;
	z->link[i] = link_before;
	if (!before.name)
		z->count--;
	z->file->overrides.zone_count = z->count;
	return err;
}

int added_zones_add(
	struct added_zones *z, const struct config_zone_words *words, char *error, size_t size)
{
	bool bound = words->interface && *words->interface;
	unsigned link = bound ? links_find(words->interface) : 0;
	struct config_zone_words own;
	int err;

	if (bound && link == 0) {
		snprintf(error, size,
			"there is no interface %.40s that is up; add the zone when it is",
			words->interface);
		return -ENODEV;
	}
	snprintf(error, size, "out of memory");
	if (!copy(words, &own))
		return -ENOMEM;
	err = put(z, &own, link, error, size);
	if (err < 0)
		free_words(&own);
	return err;
}

int added_zones_del(struct added_zones *z, const char *name, char *error, size_t size)
{
	size_t i = find(z, name);
	struct config_zone_words out;
	unsigned link;
	int err;

	if (i == z->count) {
		snprintf(error, size, "no zone %.255s was added; one of the configuration is taken out there",
			name);
		return -ENOENT;
	}
	out = z->words[i];
	link = z->link[i];
	take_out(z, i);
	err = apply(z, error, size);
	if (err < 0) { /* back, at the end: the order means nothing */
		z->words[z->count] = out;
		z->link[z->count++] = link;
		z->file->overrides.zone_count = z->count;
		return err;
	}
	free_words(&out);
	return 0;
}

/* ------------------------------------------------------------------ interfaces */

/* Those that have lost their own, taken out of the table, into the room behind it.  Returns how many. */
static size_t part_lost(struct added_zones *z)
{
	size_t all = z->count;

	for (size_t i = all; i-- > 0;) {
		struct config_zone_words words = z->words[i];
		unsigned link = z->link[i];

		if (link == 0 || links_find(words.interface) == link)
			continue;
		take_out(z, i);
		z->words[z->count] = words;
		z->link[z->count] = link;
	}
	return all - z->count;
}

/* Back, and once more a little later. */
static void keep_lost(struct added_zones *z, size_t lost, const char *error)
{
	static const struct timeval again = { .tv_sec = AGAIN_S };

	if (!z->complained)
		log_error("zone %s: its interface %s has gone, and it can't be taken out yet: %s",
			z->words[z->count].name, z->words[z->count].interface, error);
	z->complained = true;
	z->count += lost;
	z->file->overrides.zone_count = z->count;
	event_add(z->again, &again);
}

/* In one change of the configuration.  Till then they answer nobody, as their interface is missing. */
static void on_links_changed(void *arg)
{
	struct added_zones *z = arg;
	size_t lost = part_lost(z);
	char error[512];

	if (lost > 0 && apply(z, error, sizeof error) < 0) {
		keep_lost(z, lost, error);
		return;
	}
	z->complained = false;
	for (size_t i = z->count; i < z->count + lost; i++) {
		log_info("zone %s: its interface %s has gone, it is taken out", z->words[i].name,
			z->words[i].interface);
		free_words(&z->words[i]);
	}
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_links_changed(arg);
}

struct added_zones *added_zones_new(
	struct event_base *base, struct config_file *file, struct reload *reload)
{
	struct added_zones *z = calloc(1, sizeof *z);

	if (!z)
		return NULL;
	z->file = file;
	z->reload = reload;
	z->again = evtimer_new(base, on_again, z);
	if (!z->again) {
		free(z);
		return NULL;
	}
	z->links = links_new(base, on_links_changed, z);
	if (!z->links)
		log_debug("interfaces can't be watched: %s", strerror(errno));
	return z;
}

void added_zones_free(struct added_zones *z)
{
	if (!z)
		return;
	links_free(z->links);
	event_free(z->again);
	for (size_t i = 0; i < z->count; i++)
		free_words(&z->words[i]);
	free(z);
}
