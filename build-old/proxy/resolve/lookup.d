build-old/proxy/resolve/lookup.o: proxy/resolve/lookup.c \
 proxy/resolve/lookup.h common/base/list.h common/base/random.h \
 common/base/slab.h common/base/stats.h common/base/histogram.h \
 common/base/turn.h common/base/timerq.h common/cache/cache.h \
 common/cache/key.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h proxy/resolve/route.h proxy/upstream/request.h \
 common/dns/cookie_client.h proxy/resolve/lookup_internal.h \
 proxy/upstream/pool.h common/config/config.h common/config/spelling.h \
 proxy/upstream/probe.h proxy/upstream/upstream.h common/base/backoff.h \
 proxy/upstream/health.h proxy/upstream/transport.h \
 proxy/upstream/limits.h proxy/upstream/race.h proxy/upstream/session.h \
 common/base/idmap.h proxy/upstream/silence.h
proxy/resolve/lookup.h:
common/base/list.h:
common/base/random.h:
common/base/slab.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
common/cache/cache.h:
common/cache/key.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
proxy/resolve/route.h:
proxy/upstream/request.h:
common/dns/cookie_client.h:
proxy/resolve/lookup_internal.h:
proxy/upstream/pool.h:
common/config/config.h:
common/config/spelling.h:
proxy/upstream/probe.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/transport.h:
proxy/upstream/limits.h:
proxy/upstream/race.h:
proxy/upstream/session.h:
common/base/idmap.h:
proxy/upstream/silence.h:
