#include "proxy/ctl/audit_dtls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "proxy/ctl/audit_wait.h"
#include "proxy/upstream/dtls_engine.h"
#include "proxy/upstream/dtls_library.h"
#include "proxy/upstream/udp_socket.h"

#define SLOT 4096u

struct attempt {
	int fd;
	struct dtls_engine engine;
	struct transport_end end;
	struct audit_facts *facts;
};

static enum tls_progress refuse(struct attempt *a, const char *text)
{
	a->facts->dtls = AUDIT_NO;
	snprintf(a->facts->dtls_text, sizeof a->facts->dtls_text, "%s", text);
	return TLS_PROGRESS_END;
}

/* What ICMP says is enough: nobody is asked for anything here. */
static enum tls_progress read_one(struct attempt *a)
{
	uint8_t room[SLOT];
	struct udp_read got[UDP_READ_MAX];
	int n = udp_socket_read(a->fd, room, sizeof room, 1, got);
	enum tls_progress progress;

	if (n == -EAGAIN)
		return TLS_PROGRESS_MORE;
	if (n < 0)
		return refuse(a, strerror(-n));
	progress =
		n > 0 ? dtls_engine_feed(&a->engine, got[0].data, got[0].len) : TLS_PROGRESS_MORE;
	if (progress == TLS_PROGRESS_MORE && a->engine.alerted)
		return refuse(a, dtls_engine_alert_text(a->engine.alert));
	return progress == TLS_PROGRESS_END ? refuse(a, a->end.text) : progress;
}

static enum tls_progress step(struct attempt *a, uint64_t until_us)
{
	uint64_t repeat = clock_monotonic_us() + 1000u * dtls_engine_timeout_ms(&a->engine);
	int error = 0;

	udp_socket_flush(a->fd, &a->engine.out, &error);
	if (error == ECONNREFUSED)
		return refuse(a, strerror(error));
	if (clock_monotonic_us() >= until_us)
		return refuse(a, "no answer over UDP");
	if (audit_wait_for(a->fd, POLLIN, repeat < until_us ? repeat : until_us))
		return read_one(a);
	return dtls_engine_handshake(&a->engine) == TLS_PROGRESS_END ? refuse(a, a->end.text)
								     : TLS_PROGRESS_MORE;
}

static void say_goodbye(struct attempt *a)
{
	int error = 0;

	a->facts->dtls = AUDIT_YES;
	snprintf(a->facts->dtls_text, sizeof a->facts->dtls_text, "%s, %s",
		tls_engine_protocol(&a->engine.tls), tls_engine_cipher(&a->engine.tls));
	dtls_engine_goodbye(&a->engine);
	udp_socket_flush(a->fd, &a->engine.out, &error);
}

static void shake_hands(struct attempt *a, uint64_t until_us)
{
	enum tls_progress progress = dtls_engine_handshake(&a->engine);

	if (progress == TLS_PROGRESS_END)
		refuse(a, a->end.text);
	while (progress == TLS_PROGRESS_MORE)
		progress = step(a, until_us);
	if (progress == TLS_PROGRESS_DONE)
		say_goodbye(a);
}

void audit_dtls(const struct addr *to, const struct tls_policy *policy, uint64_t until_us,
	struct audit_facts *facts)
{
	struct attempt a = { .facts = facts };
	uint64_t until = clock_monotonic_us() + AUDIT_DTLS_US;
	const char *why;

	if (!dtls_library_is_safe(&why)) {
		snprintf(facts->dtls_text, sizeof facts->dtls_text, "%s", why);
		return;
	}
	a.fd = udp_socket_connect(to, NULL, &a.end);
	if (a.fd < 0) {
		snprintf(facts->dtls_text, sizeof facts->dtls_text, "%s", a.end.text);
		return;
	}
	if (dtls_engine_init(&a.engine, policy, NULL, to, &a.end, udp_socket_payload_max(a.fd, to)))
		shake_hands(&a, until < until_us ? until : until_us);
	dtls_engine_deinit(&a.engine);
	close(a.fd);
}
