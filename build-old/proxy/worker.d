build-old/proxy/worker.o: proxy/worker.c proxy/worker.h \
 common/base/stats.h common/base/histogram.h common/config/config.h \
 common/base/addr.h common/config/spelling.h proxy/client/sockets.h \
 proxy/groups.h common/base/list.h common/base/timerq.h \
 common/config/change.h common/config/option.h common/dns/cookie_store.h \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h proxy/resolve/route.h proxy/mailbox.h \
 proxy/upstream/look.h proxy/upstream/race.h proxy/upstream/upstream.h \
 common/base/backoff.h proxy/upstream/health.h proxy/upstream/transport.h \
 proxy/upstream/limits.h proxy/upstream/session.h common/base/idmap.h \
 common/base/turn.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/dns/ede.h proxy/upstream/request.h proxy/upstream/silence.h \
 proxy/client/tcp.h proxy/client/query.h common/base/slab.h \
 proxy/client/origin.h proxy/client/quota.h proxy/resolve/dns64.h \
 common/local/dns64.h common/local/answer.h common/local/records.h \
 common/local/nameset.h common/local/suffix.h proxy/resolve/lookup.h \
 common/cache/cache.h common/cache/key.h proxy/resolve/local.h \
 common/local/special.h proxy/resolve/local_data.h proxy/client/udp.h \
 proxy/listeners.h proxy/client/passed.h proxy/loop.h proxy/member.h \
 proxy/upstream/plain.h proxy/upstream/tls_endpoint.h \
 proxy/upstream/tickets.h
proxy/worker.h:
common/base/stats.h:
common/base/histogram.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/client/sockets.h:
proxy/groups.h:
common/base/list.h:
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
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
proxy/client/tcp.h:
proxy/client/query.h:
common/base/slab.h:
proxy/client/origin.h:
proxy/client/quota.h:
proxy/resolve/dns64.h:
common/local/dns64.h:
common/local/answer.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
proxy/resolve/lookup.h:
common/cache/cache.h:
common/cache/key.h:
proxy/resolve/local.h:
common/local/special.h:
proxy/resolve/local_data.h:
proxy/client/udp.h:
proxy/listeners.h:
proxy/client/passed.h:
proxy/loop.h:
proxy/member.h:
proxy/upstream/plain.h:
proxy/upstream/tls_endpoint.h:
proxy/upstream/tickets.h:
