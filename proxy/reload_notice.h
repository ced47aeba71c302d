/*
 * What the service manager is told of a reload (sd_notify(3), Type=notify-reload): that one begins, with the time of it,
 * and that it is over.  In this order, and while the manager can't take it, again: unheard, it would take the reload
 * for failed.  From main's thread.
 */
#ifndef PROXY_RELOAD_NOTICE_H
#define PROXY_RELOAD_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;

struct reload_notice {
	struct event *again;
	uint64_t begun_us;	 /* when the last reload began */
	bool begin_due, end_due; /* not told yet */
};

/* 0 or -ENOMEM; then nothing is left. */
int reload_notice_init(struct reload_notice *n, struct event_base *base);
void reload_notice_deinit(struct reload_notice *n);

void reload_notice_begin(struct reload_notice *n);
void reload_notice_end(struct reload_notice *n);

#endif
