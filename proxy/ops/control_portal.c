/*
 * portal: names that may go in clear until a captive portal lets us out (portal_keeper.h).  Before one is opened, an
 * upstream is asked something that everybody may know: where one answers, none is needed.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/cache/cache.h"
#include "proxy/explain.h"
#include "proxy/ops/control_commands.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/portal_json.h"
#include "proxy/portal_keeper.h"
#include "proxy/worker.h"

static const char usage[] =
	"usage: portal, portal off, portal add NAME... or portal open SECONDS RESOLVER [--force] "
	"NAME...";

/* Whoever does not answer by then does not answer. */
#define PATIENCE_US 4000000

/* One that waits for what becomes of a question to the upstreams. */
struct opening {
	struct control_call *call; /* NULL: it has gone, or was told */
	struct control_context *context;
	struct explain *explain;
	struct mailbox *back;
	struct event *patience;
	struct portal_request request;
};

static void show(struct control_call *c)
{
	portal_write(control_json(c), NULL, portal_keeper_portal(control_context(c)->portals));
	control_end(c);
}

static void open_now(struct control_call *c, const struct portal_request *r)
{
	char error[2048];

	if (portal_keeper_open(control_context(c)->portals, r, error, sizeof error) < 0)
		control_refuse(c, error);
	else
		show(c);
}

/* ------------------------------------------------------------------ is one needed? */

static void free_opening(struct opening *o)
{
	o->context->explaining--;
	explain_free(o->explain);
	if (o->patience)
		event_free(o->patience);
	free(o);
}

static struct opening *opening_of(struct mail *m)
{
	return container_of(m, struct explain, mail)->arg;
}

/* The program ends. */
static void discard(struct mail *m)
{
	free_opening(opening_of(m));
}

/* The question goes on, and its mail comes back. */
static void on_gone(void *arg)
{
	struct opening *o = arg;

	o->call = NULL;
	event_del(o->patience);
}

/* The call is about to end. */
static struct control_call *take_call(struct opening *o)
{
	struct control_call *c = o->call;

	o->call = NULL;
	event_del(o->patience);
	control_on_gone(c, NULL, NULL);
	return c;
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct opening *o = arg;

	(void)fd;
	(void)what;
	open_now(take_call(o), &o->request);
}

/* Who of the upstreams has answered; NULL: nobody. */
static const char *who_answered(const struct trace *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->event[i].kind == TRACE_ANSWERED && !t->event[i].clear)
			return t->event[i].upstream;
	return NULL;
}

static void deliver_back(struct mail *m, void *receiver)
{
	struct opening *o = opening_of(m);
	const char *who = who_answered(&o->explain->trace);

	(void)receiver;
	if (o->call && who)
		control_fail(take_call(o),
			"no portal is needed: upstream %s answers; --force opens one all the same",
			who);
	else if (o->call)
		open_now(take_call(o), &o->request);
	free_opening(o);
}

static void on_done(struct explain *x)
{
	struct opening *o = x->arg;

	x->mail.deliver = deliver_back;
	mailbox_post(o->back, &x->mail);
}

static void deliver_to_worker(struct mail *m, void *receiver)
{
	worker_explain(receiver, container_of(m, struct explain, mail));
}

static struct opening *make_opening(struct control_call *c, const struct portal_request *r)
{
	static const uint8_t root[] = { 0 };
	struct control_context *k = control_context(c);
	struct opening *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	k->explaining++;
	o->context = k;
	o->request = *r;
	o->call = c;
	o->back = gatherer_mailbox(k->gatherer);
	o->patience = evtimer_new(k->base, on_patience, o);
	o->explain = explain_new(root, sizeof root, DNS_TYPE_NS);
	if (!o->patience || !o->explain) {
		free_opening(o);
		return NULL;
	}
	o->explain->arg = o;
	o->explain->done = on_done;
	o->explain->mail = (struct mail){ .deliver = deliver_to_worker, .discard = discard };
	return o;
}

/* The root's name servers, as any resolver asks for them; what is known of them would prove nothing. */
static void ask_first(struct control_call *c, const struct portal_request *r)
{
	static const uint8_t root[] = { 0 };
	static const struct timeval patience = { .tv_sec = PATIENCE_US / 1000000 };
	struct control_context *k = control_context(c);
	struct opening *o = k->explaining < CONTROL_EXPLAIN_MAX ? make_opening(c, r) : NULL;

	if (!o) {
		control_fail(c, "too much is asked of dnsfwd at once; try again");
		return;
	}
	if (k->cache)
		cache_flush(k->cache, &(struct cache_filter){ .name = root });
	event_add(o->patience, &patience);
	control_on_gone(c, on_gone, o);
	mailbox_post(worker_mailbox(gatherer_worker(k->gatherer, 0)), &o->explain->mail);
}

/* ------------------------------------------------------------------ words */

/* Those from the i-th word on.  False: the call has failed. */
static bool read_names(struct control_call *c, size_t i, struct portal_request *r)
{
	const char *word;

	for (; (word = control_word(c, i)); i++) {
		if (r->count == PORTAL_NAMES_MAX ||
			name_from_text(word, r->name[r->count]) <= 1) {
			control_fail(c, "%.80s: this is no name for a portal", word);
			return false;
		}
		r->count++;
	}
	if (r->count == 0)
		control_fail(c, "%s", usage);
	return r->count > 0;
}

static bool read_request(struct control_call *c, struct portal_request *r, bool *ret_force)
{
	const char *seconds = control_word(c, 1), *resolver = control_word(c, 2),
		   *third = control_word(c, 3);
	char *end = NULL;
	unsigned long n = seconds ? strtoul(seconds, &end, 10) : 0;

	*ret_force = third && strcmp(third, "--force") == 0;
	if (!resolver || *end != '\0' || n < PORTAL_SECONDS_MIN || n > PORTAL_SECONDS_MAX) {
		if (resolver)
			control_fail(c, "%.20s: a portal is open for 1 min to 1 h (60 to 3600)",
				seconds);
		else
			control_fail(c, "%s", usage);
		return false;
	}
	r->seconds = (uint32_t)n;
	if (!addr_parse(resolver, strlen(resolver), 53, false, &r->resolver) ||
		!addr_is_destination(&r->resolver)) {
		control_fail(c, "%.80s: this is no address of a resolver", resolver);
		return false;
	}
	return read_names(c, *ret_force ? 4 : 3, r);
}

static void open_portal(struct control_call *c)
{
	struct portal_request r = { .uid = control_uid(c) };
	bool force;

	if (!read_request(c, &r, &force))
		return;
	if (force)
		open_now(c, &r);
	else
		ask_first(c, &r);
}

static void add(struct control_call *c)
{
	struct portal_request r = { .uid = control_uid(c) };
	char error[200];

	if (!read_names(c, 1, &r))
		return;
	if (portal_keeper_add(control_context(c)->portals, &r, error, sizeof error) < 0)
		control_fail(c, "%s", error);
	else
		show(c);
}

void control_portal(struct control_call *c)
{
	const char *what = control_word(c, 0);

	if (!what) {
		show(c);
	} else if (strcmp(what, "off") == 0 && !control_word(c, 1)) {
		portal_keeper_close(control_context(c)->portals, control_uid(c));
		show(c);
	} else if (strcmp(what, "add") == 0) {
		add(c);
	} else if (strcmp(what, "open") == 0) {
		open_portal(c);
	} else {
		control_fail(c, "%s", usage);
	}
}
