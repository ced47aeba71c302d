/* status, stats: what needs the figures of all workers. */
#include <stdlib.h>

#include "proxy/ops/control_commands.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/status.h"

/* A call that waits for figures. */
struct asked {
	struct control_call *call;
	struct figures_request *request;
	void (*write)(struct control_call *c, const struct figures *f);
};

static void on_gone(void *arg)
{
	struct asked *a = arg;

	figures_cancel(a->request);
	free(a);
}

static void on_figures(void *arg, const struct figures *f)
{
	struct asked *a = arg;
	struct control_call *c = a->call;

	a->write(c, f);
	free(a);
	control_end(c);
}

static void ask(
	struct control_call *c, void (*write)(struct control_call *c, const struct figures *f))
{
	struct asked *a = calloc(1, sizeof *a);

	if (a)
		*a = (struct asked){ .call = c, .write = write };
	if (a)
		a->request = gatherer_ask(control_context(c)->gatherer, on_figures, a);
	if (!a || !a->request) {
		free(a);
		control_fail(c, "too much is asked of dnsfwd at once; try again");
		return;
	}
	control_on_gone(c, on_gone, a);
}

static void write_status(struct control_call *c, const struct figures *f)
{
	status_write(control_json(c), f, control_context(c)->around);
}

static void write_stats(struct control_call *c, const struct figures *f)
{
	status_write_stats(control_json(c), f, control_context(c)->around, control_refused(c));
}

static void write_upstreams(struct control_call *c, const struct figures *f)
{
	status_write_upstreams(control_json(c), f);
}

void control_upstreams(struct control_call *c)
{
	ask(c, write_upstreams);
}

void control_status(struct control_call *c)
{
	ask(c, write_status);
}

void control_stats(struct control_call *c)
{
	ask(c, write_stats);
}
