build-old/proxy/app.o: proxy/app.c proxy/app.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/base/log.h \
 common/cache/cache.h common/cache/key.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h proxy/announce.h proxy/capacity.h \
 proxy/client/passed.h proxy/listeners.h proxy/client/sockets.h \
 proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/list.h \
 common/base/timerq.h proxy/names.h proxy/ops/control.h \
 common/base/json.h common/base/bytes.h proxy/ops/figures.h \
 proxy/worker.h proxy/groups.h common/config/change.h \
 common/config/option.h common/dns/cookie_store.h \
 common/dns/cookie_client.h proxy/resolve/route.h proxy/mailbox.h \
 proxy/upstream/look.h proxy/upstream/race.h proxy/upstream/upstream.h \
 common/base/backoff.h proxy/upstream/health.h proxy/upstream/transport.h \
 proxy/upstream/limits.h proxy/upstream/session.h common/base/idmap.h \
 proxy/upstream/request.h proxy/upstream/silence.h proxy/ops/files.h \
 proxy/ops/notify.h proxy/ops/report.h proxy/ops/surroundings.h \
 proxy/policies.h proxy/secrets.h proxy/self.h proxy/snapshot.h \
 proxy/trusts.h
proxy/app.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/base/log.h:
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
proxy/announce.h:
proxy/capacity.h:
proxy/client/passed.h:
proxy/listeners.h:
proxy/client/sockets.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
proxy/names.h:
proxy/ops/control.h:
common/base/json.h:
common/base/bytes.h:
proxy/ops/figures.h:
proxy/worker.h:
proxy/groups.h:
common/config/change.h:
common/config/option.h:
common/dns/cookie_store.h:
common/dns/cookie_client.h:
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
proxy/upstream/request.h:
proxy/upstream/silence.h:
proxy/ops/files.h:
proxy/ops/notify.h:
proxy/ops/report.h:
proxy/ops/surroundings.h:
proxy/policies.h:
proxy/secrets.h:
proxy/self.h:
proxy/snapshot.h:
proxy/trusts.h:
