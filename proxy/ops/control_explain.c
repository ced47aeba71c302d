/* query NAME [TYPE], explain NAME [TYPE]: asked in a worker, told here. */
#include <stdlib.h>

#include "common/dns/name.h"
#include "common/dns/record_text.h"
#include "proxy/explain.h"
#include "proxy/mailbox.h"
#include "proxy/ops/control_commands.h"
#include "proxy/ops/explain_json.h"
#include "proxy/ops/figures.h"
#include "proxy/worker.h"

/* A call that waits for a query of its own. */
struct asked {
	struct control_call *call; /* NULL: it has gone */
	struct control_context *context;
	struct explain *explain;
	struct config *config; /* a reference: that of the worker */
	struct mailbox *back;
};

static void free_asked(struct asked *a)
{
	a->context->explaining--;
	explain_free(a->explain);
	config_unref(a->config);
	free(a);
}

static struct asked *asked_of(struct mail *m)
{
	return container_of(m, struct explain, mail)->arg;
}

/* The program ends. */
static void discard(struct mail *m)
{
	free_asked(asked_of(m));
}

static void on_gone(void *arg)
{
	struct asked *a = arg;

	a->call = NULL; /* the query goes on, and its mail comes back */
}

static void deliver_back(struct mail *m, void *receiver)
{
	struct asked *a = asked_of(m);
	struct control_call *c = a->call;

	(void)receiver;
	if (c) {
		explain_write(control_json(c), a->explain, a->config);
		control_on_gone(c, NULL, NULL);
		control_end(c);
	}
	free_asked(a);
}

static void on_done(struct explain *x)
{
	struct asked *a = x->arg;

	x->mail.deliver = deliver_back;
	mailbox_post(a->back, &x->mail);
}

static void deliver_to_worker(struct mail *m, void *receiver)
{
	worker_explain(receiver, container_of(m, struct explain, mail));
}

/* False: the call has failed. */
static bool read_question(
	struct control_call *c, uint8_t name[DNS_NAME_MAX], size_t *ret_len, uint16_t *ret_type)
{
	const char *type = control_word(c, 1);

	*ret_len = name_from_text(control_word(c, 0), name);
	*ret_type = type ? type_from_text(type) : DNS_TYPE_A;
	if (*ret_len == 0)
		control_fail(c, "%.80s: this is no domain name", control_word(c, 0));
	else if (*ret_type == 0)
		control_fail(c, "%.40s: there is no such type; A, AAAA, MX, TYPE65, ...", type);
	return *ret_len > 0 && *ret_type > 0;
}

static struct asked *make_asked(
	struct control_call *c, const uint8_t *name, size_t len, uint16_t type)
{
	struct control_context *k = control_context(c);
	struct asked *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->explain = explain_new(name, len, type);
	if (!a->explain) {
		free(a);
		return NULL;
	}
	k->explaining++;
	a->call = c;
	a->context = k;
	a->back = gatherer_mailbox(k->gatherer);
	a->config = config_ref(gatherer_config(k->gatherer));
	a->explain->arg = a;
	a->explain->done = on_done;
	a->explain->mail = (struct mail){ .deliver = deliver_to_worker, .discard = discard };
	return a;
}

void control_explain(struct control_call *c)
{
	struct control_context *k = control_context(c);
	uint8_t name[DNS_NAME_MAX];
	struct asked *a = NULL;
	uint16_t type;
	size_t len;

	if (!read_question(c, name, &len, &type))
		return;
	if (k->explaining < CONTROL_EXPLAIN_MAX)
		a = make_asked(c, name, len, type);
	if (!a) {
		control_fail(c, "too much is asked of dnsfwd at once; try again");
		return;
	}
	control_on_gone(c, on_gone, a);
	mailbox_post(worker_mailbox(gatherer_worker(k->gatherer, 0)), &a->explain->mail);
}
