build-old/proxy/ops/status.o: proxy/ops/status.c proxy/ops/status.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 proxy/ops/figures.h common/cache/cache.h common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/dns/cookie.h \
 common/dns/ede.h common/dns/edns.h proxy/worker.h common/base/stats.h \
 common/base/histogram.h proxy/client/sockets.h proxy/groups.h \
 common/base/list.h common/base/timerq.h common/config/change.h \
 common/config/option.h common/dns/cookie_store.h \
 common/dns/cookie_client.h common/base/random.h proxy/resolve/route.h \
 proxy/mailbox.h proxy/upstream/look.h proxy/upstream/race.h \
 proxy/upstream/upstream.h common/base/backoff.h proxy/upstream/health.h \
 proxy/upstream/transport.h proxy/upstream/limits.h \
 proxy/upstream/session.h common/base/idmap.h common/base/turn.h \
 proxy/upstream/request.h proxy/upstream/silence.h \
 proxy/ops/surroundings.h
proxy/ops/status.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/ops/figures.h:
common/cache/cache.h:
common/cache/key.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
proxy/worker.h:
common/base/stats.h:
common/base/histogram.h:
proxy/client/sockets.h:
proxy/groups.h:
common/base/list.h:
common/base/timerq.h:
common/config/change.h:
common/config/option.h:
common/dns/cookie_store.h:
common/dns/cookie_client.h:
common/base/random.h:
proxy/resolve/route.h:
proxy/mailbox.h:
proxy/upstream/look.h:
proxy/upstream/race.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/transport.h:
proxy/upstream/limits.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/turn.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
proxy/ops/surroundings.h:
