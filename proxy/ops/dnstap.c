#include "proxy/ops/dnstap.h"

#include <errno.h>
#include <fstrm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/list.h"
#include "common/base/stats.h"
#include "common/base/tap.h"
#include "common/config/endpoint.h"
#include "proxy/ops/dnstap_frame.h"
#include "proxy/ops/dnstap_stream.h"

#define CONTENT_TYPE "protobuf:dnstap.Dnstap"
/* Between two attempts to find a reader, and until a queue that is not full is written. */
#define REOPEN_S 1
#define FLUSH_S	 1

struct worker_tap {
	struct tap tap;
	struct dnstap *all;
	struct fstrm_iothr_queue *queue; /* libfstrm's; NULL before the start */
};

struct dnstap {
	char *path;
	char version[64];
	bool client_addresses;
	struct dnstap_stream stream;
	struct fstrm_iothr *thread; /* NULL before the start */
	struct worker_tap *taps;
	size_t workers;
};

bool dnstap_is_built(void)
{
	return true;
}

/* ------------------------------------------------------------------ messages */

static void submit(struct worker_tap *t, uint8_t *frame, size_t len)
{
	if (fstrm_iothr_submit(t->all->thread, t->queue, frame, len, fstrm_free_wrapper, NULL) ==
		fstrm_res_success)
		return;
	free(frame);
	t->tap.stats->bound_dnstap++;
}

static void on_message(struct tap *tap, const struct tap_message *m)
{
	struct worker_tap *t = container_of(tap, struct worker_tap, tap);
	struct dnstap_form f = { .version = t->all->version,
		.client_addresses = t->all->client_addresses };
	uint8_t *frame;

	if (!t->queue || !atomic_load_explicit(&t->all->stream.connected, memory_order_relaxed))
		return;
	frame = malloc(m->len + DNSTAP_FRAME_EXTRA);
	if (!frame) {
		tap->stats->bound_memory++;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &f.now);
	submit(t, frame, dnstap_frame(m, &f, frame));
}

struct tap *dnstap_tap(struct dnstap *d, size_t worker)
{
	return d ? &d->taps[worker].tap : NULL;
}

/* ------------------------------------------------------------------ the thread */

static struct fstrm_writer *make_writer(struct dnstap *d)
{
	struct fstrm_writer_options *o = fstrm_writer_options_init();
	struct fstrm_rdwr *stream = dnstap_stream_new(&d->stream);
	struct fstrm_writer *w = NULL;

	if (o && stream &&
		fstrm_writer_options_add_content_type(o, CONTENT_TYPE, strlen(CONTENT_TYPE)) ==
			fstrm_res_success)
		w = fstrm_writer_init(o, &stream);
	fstrm_writer_options_destroy(&o);
	if (stream) /* a writer has taken it */
		fstrm_rdwr_destroy(&stream);
	return w;
}

static struct fstrm_iothr *run(struct dnstap *d, struct fstrm_writer **w)
{
	struct fstrm_iothr_options *o = fstrm_iothr_options_init();
	struct fstrm_iothr *thread = NULL;
	sigset_t all, old;

	if (!o)
		return NULL;
	fstrm_iothr_options_set_num_input_queues(o, (unsigned)d->workers);
	fstrm_iothr_options_set_input_queue_size(o, DNSTAP_QUEUE_MAX);
	fstrm_iothr_options_set_reopen_interval(o, REOPEN_S);
	fstrm_iothr_options_set_flush_timeout(o, FLUSH_S);
	/* Signals are main's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	thread = fstrm_iothr_init(o, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	fstrm_iothr_options_destroy(&o);
	return thread;
}

int dnstap_start(struct dnstap *d)
{
	struct fstrm_writer *w;

	if (!d)
		return 0;
	w = make_writer(d);
	if (!w)
		return -ENOMEM;
	d->thread = run(d, &w);
	if (w) /* the thread has taken it */
		fstrm_writer_destroy(&w);
	if (!d->thread)
		return -ENOMEM;
	for (size_t i = 0; i < d->workers; i++) {
		d->taps[i].queue = fstrm_iothr_get_input_queue_idx(d->thread, i);
		if (!d->taps[i].queue)
			return -ENOMEM;
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

static bool is_path(const char *path)
{
	struct endpoint at;

	return *path == '/' && endpoint_parse(path, 0, &at);
}

static struct dnstap *make(const struct dnstap_setup *setup)
{
	struct dnstap *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->stream.fd = -1;
	atomic_init(&d->stream.connected, false);
	d->client_addresses = setup->client_addresses;
	snprintf(d->version, sizeof d->version, "dnsfwd %.40s", setup->version);
	d->workers = setup->workers;
	d->path = strdup(setup->path);
	d->taps = calloc(setup->workers, sizeof *d->taps);
	d->stream.path = d->path;
	for (size_t i = 0; d->taps && i < d->workers; i++)
		d->taps[i] = (struct worker_tap){ .tap = { .message = on_message }, .all = d };
	if (d->path && d->taps)
		return d;
	dnstap_free(d);
	return NULL;
}

int dnstap_new(const struct dnstap_setup *setup, struct dnstap **ret, char *error, size_t size)
{
	*ret = NULL;
	if (!*setup->path)
		return 0;
	if (!is_path(setup->path)) {
		snprintf(error, size,
			"option \"dnstap\": value \"%.80s\": the path of a Unix socket is wanted, "
			"with its slashes, of 107 octets at most",
			setup->path);
		return -EINVAL;
	}
	*ret = make(setup);
	if (*ret)
		return 0;
	snprintf(error, size, "out of memory");
	return -ENOMEM;
}

void dnstap_free(struct dnstap *d)
{
	if (!d)
		return;
	fstrm_iothr_destroy(&d->thread);
	free(d->taps);
	free(d->path);
	free(d);
}
