#include "tests/server/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPT_TLS = 256,
	OPT_TCP,
	OPT_UDP,
	OPT_DTLS,
	OPT_BOTH,
	OPT_CERT,
	OPT_KEY,
	OPT_PRIORITY,
	OPT_DTLS_PRIORITY,
	OPT_TICKET_KEY,
	OPT_CONTROL,
	OPT_SCRIPT,
	OPT_SEED,
	OPT_RING,
	OPT_KEEPALIVE,
	OPT_NO_PAD,
	OPT_COALESCE,
	OPT_LOG,
	OPT_HELP
};

static const struct option longs[] = {
	{ "tls", required_argument, NULL, OPT_TLS },
	{ "tcp", required_argument, NULL, OPT_TCP },
	{ "udp", required_argument, NULL, OPT_UDP },
	{ "dtls", required_argument, NULL, OPT_DTLS },
	{ "both", required_argument, NULL, OPT_BOTH },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "priority", required_argument, NULL, OPT_PRIORITY },
	{ "dtls-priority", required_argument, NULL, OPT_DTLS_PRIORITY },
	{ "ticket-key", required_argument, NULL, OPT_TICKET_KEY },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "script", required_argument, NULL, OPT_SCRIPT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "ring", required_argument, NULL, OPT_RING },
	{ "keepalive", required_argument, NULL, OPT_KEEPALIVE },
	{ "no-pad", no_argument, NULL, OPT_NO_PAD },
	{ "coalesce", no_argument, NULL, OPT_COALESCE },
	{ "log", no_argument, NULL, OPT_LOG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
	"usage: dnsfwd-testserver [--tls ADDR:PORT]... [--tcp ADDR:PORT]... [--udp ADDR:PORT]...\n"
	"                         [--dtls ADDR:PORT]... [--both ADDR:PORT]...\n"
	"  --both                  TLS and DTLS on the same port, with port 0 too\n"
	"  --cert FILE --key FILE  PEM, needed with --tls, --dtls and --both\n"
	"  --priority STRING       of GnuTLS\n"
	"  --dtls-priority STRING  of GnuTLS, for DTLS\n"
	"  --ticket-key HEX        64 octets; two servers with the same take each other's tickets\n"
	"  --control PATH          unix socket for commands (\"help\" lists them)\n"
	"  --script FILE           commands to run at the start: rules, mostly\n"
	"  --keepalive N           tell N x 100 ms to who asks for it\n"
	"  --no-pad                do not pad answers\n"
	"  --coalesce              many answers in one TLS record\n"
	"  --ring N                remember the last N queries (65536)\n"
	"  --seed N                of random numbers (1)\n"
	"  --log                   a line for each query on stderr\n";

static bool add_listener(struct options *o, enum transport t, const char *address, bool both)
{
	if (o->listener_count == OPTIONS_LISTENERS)
		return false;
	o->listeners[o->listener_count++] = (struct listen_option){ t, address, both };
	return true;
}

static bool set_text(struct options *o, int code, const char *value)
{
	switch (code) {
	case OPT_TLS:
	case OPT_TCP:
	case OPT_UDP:
	case OPT_DTLS:
		return add_listener(o, (enum transport)(code - OPT_TLS), value, false);
	case OPT_BOTH:
		return add_listener(o, TRANSPORT_TLS, value, true);
	case OPT_CERT:
		o->cert = value;
		return true;
	case OPT_KEY:
		o->key = value;
		return true;
	case OPT_PRIORITY:
		o->priority = value;
		return true;
	case OPT_DTLS_PRIORITY:
		o->dtls_priority = value;
		return true;
	case OPT_TICKET_KEY:
		o->ticket_key = value;
		return true;
	case OPT_CONTROL:
		o->control = value;
		return true;
	case OPT_SCRIPT:
		o->script = value;
		return true;
	}
	return false;
}

static bool set_number(struct options *o, int code, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end)
		return false;
	switch (code) {
	case OPT_SEED:
		o->seed = n;
		return true;
	case OPT_RING:
		o->ring = n;
		return n > 0;
	case OPT_KEEPALIVE:
		o->keepalive = (int)n;
		return n <= 65535;
	}
	return false;
}

static bool set(struct options *o, int code, const char *value)
{
	switch (code) {
	case OPT_NO_PAD:
		o->pad = false;
		return true;
	case OPT_COALESCE:
		o->coalesce = true;
		return true;
	case OPT_LOG:
		o->log = true;
		return true;
	}
	return value && (set_text(o, code, value) || set_number(o, code, value));
}

static bool complete(const struct options *o)
{
	if (!o->listener_count)
		return false;
	for (size_t i = 0; i < o->listener_count; i++) {
		enum transport t = o->listeners[i].transport;

		if ((t == TRANSPORT_TLS || t == TRANSPORT_DTLS) && !(o->cert && o->key))
			return false;
	}
	return true;
}

bool options_parse(int argc, char **argv, struct options *ret)
{
	int code;

	*ret = (struct options){ .seed = 1,
		.ring = 65536,
		.keepalive = -1,
		.pad = true,
		.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3" };
	while ((code = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (set(ret, code, optarg))
			continue;
		if (optarg)
			fprintf(stderr, "not understood: %s\n", optarg);
		fputs(usage, stderr);
		return false;
	}
	if (optind == argc && complete(ret))
		return true;
	fputs(usage, stderr);
	return false;
}
