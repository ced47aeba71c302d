#include "proxy/features.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/build.h"
#include "common/config/config.h"
#include "proxy/ops/dnstap.h"

#ifndef FEATURES
#define FEATURES "unknown"
#endif

const char features_text[] = FEATURES;

static int lacks(const char *what, const char *feature, const char *instead, char *error, size_t size)
{
	snprintf(error, size, "%s: this dnsfwd was built without %s (make %s=1); %s", what, feature, feature, instead);
	return -ENOTSUP;
}

static int check_upstreams(const struct config *c, char *error, size_t size)
{
	char what[100];

	for (size_t i = 0; i < c->upstream_count; i++) {
		if (!config_is_dtls(c->forward[i].transport))
			continue;
		snprintf(what, sizeof what, "upstream %.80s", c->forward[i].name);
		return lacks(what, "DTLS", "use tls:// (transport = \"tls\")", error, size);
	}
	return 0;
}

int features_check(const struct config *c, char *error, size_t size)
{
	static const char without[] = "take the option out";

	if (!WITH_HTTP && *c->metrics)
		return lacks("option \"metrics\"", "HTTP", without, error, size);
	if (!dnstap_is_built() && *c->dnstap)
		return lacks("option \"dnstap\"", "DNSTAP", without, error, size);
	if (!WITH_LOGFILES && (*c->log_file || c->syslog))
		return lacks("options \"log-file\" and \"syslog\"", "LOGFILES",
			"take them out: the log goes to stderr", error, size);
	if (!WITH_SNAPSHOT && *c->cache_snapshot)
		return lacks("option \"cache-snapshot\"", "SNAPSHOT", without, error, size);
	return WITH_DTLS ? 0 : check_upstreams(c, error, size);
}
