build-old/proxy/trusts.o: proxy/trusts.c proxy/trusts.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/base/log.h proxy/mailbox.h common/base/list.h \
 proxy/upstream/tls_policy.h proxy/upstream/trust.h proxy/worker.h \
 common/base/stats.h common/base/histogram.h proxy/client/sockets.h \
 proxy/groups.h common/base/timerq.h common/config/change.h \
 common/config/option.h common/dns/cookie_store.h \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h proxy/resolve/route.h proxy/upstream/look.h \
 proxy/upstream/race.h proxy/upstream/upstream.h common/base/backoff.h \
 proxy/upstream/health.h proxy/upstream/transport.h \
 proxy/upstream/limits.h proxy/upstream/session.h common/base/idmap.h \
 common/base/turn.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/dns/ede.h proxy/upstream/request.h proxy/upstream/silence.h
proxy/trusts.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/base/log.h:
proxy/mailbox.h:
common/base/list.h:
proxy/upstream/tls_policy.h:
proxy/upstream/trust.h:
proxy/worker.h:
common/base/stats.h:
common/base/histogram.h:
proxy/client/sockets.h:
proxy/groups.h:
common/base/timerq.h:
common/config/change.h:
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
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
