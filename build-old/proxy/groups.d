build-old/proxy/groups.o: proxy/groups.c proxy/groups.h \
 common/base/list.h common/base/stats.h common/base/histogram.h \
 common/base/timerq.h common/config/change.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/config/option.h \
 common/dns/cookie_store.h common/dns/cookie_client.h \
 common/base/random.h common/dns/cookie.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 proxy/resolve/route.h common/config/policy_hash.h proxy/loop.h \
 common/base/turn.h proxy/member.h proxy/upstream/plain.h \
 proxy/upstream/transport.h proxy/upstream/tls_endpoint.h \
 proxy/upstream/tickets.h proxy/upstream/upstream.h common/base/backoff.h \
 proxy/upstream/health.h proxy/upstream/limits.h proxy/upstream/race.h \
 proxy/upstream/session.h common/base/idmap.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/dns/ede.h proxy/upstream/request.h \
 proxy/upstream/silence.h proxy/upstream/pool.h proxy/upstream/probe.h \
 proxy/upstream/ways.h
proxy/groups.h:
common/base/list.h:
common/base/stats.h:
common/base/histogram.h:
common/base/timerq.h:
common/config/change.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/dns/cookie_store.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
proxy/resolve/route.h:
common/config/policy_hash.h:
proxy/loop.h:
common/base/turn.h:
proxy/member.h:
proxy/upstream/plain.h:
proxy/upstream/transport.h:
proxy/upstream/tls_endpoint.h:
proxy/upstream/tickets.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/limits.h:
proxy/upstream/race.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
proxy/upstream/pool.h:
proxy/upstream/probe.h:
proxy/upstream/ways.h:
