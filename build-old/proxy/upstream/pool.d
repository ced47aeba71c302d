build-old/proxy/upstream/pool.o: proxy/upstream/pool.c \
 proxy/upstream/pool.h common/base/turn.h common/base/list.h \
 common/base/timerq.h common/config/config.h common/base/addr.h \
 common/config/spelling.h proxy/upstream/probe.h common/dns/name.h \
 common/dns/wire.h proxy/upstream/request.h common/dns/cookie_client.h \
 common/base/random.h common/dns/cookie.h common/dns/edns.h \
 common/dns/message.h common/dns/ede.h common/dns/rewrite.h \
 common/dns/cookie_server.h proxy/upstream/upstream.h \
 common/base/backoff.h proxy/upstream/health.h proxy/upstream/transport.h \
 proxy/upstream/limits.h proxy/upstream/race.h proxy/upstream/session.h \
 common/base/idmap.h common/base/stats.h common/base/histogram.h \
 proxy/upstream/silence.h common/base/log.h proxy/upstream/flights.h \
 proxy/upstream/placing.h proxy/upstream/pool_internal.h \
 proxy/upstream/policy.h proxy/upstream/ways.h
proxy/upstream/pool.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/upstream/probe.h:
common/dns/name.h:
common/dns/wire.h:
proxy/upstream/request.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/ede.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/transport.h:
proxy/upstream/limits.h:
proxy/upstream/race.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/stats.h:
common/base/histogram.h:
proxy/upstream/silence.h:
common/base/log.h:
proxy/upstream/flights.h:
proxy/upstream/placing.h:
proxy/upstream/pool_internal.h:
proxy/upstream/policy.h:
proxy/upstream/ways.h:
