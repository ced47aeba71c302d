build-old/proxy/client/reply.o: proxy/client/reply.c proxy/client/reply.h \
 common/cache/cache.h common/cache/key.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/base/addr.h common/dns/cookie.h \
 common/dns/ede.h common/dns/edns.h common/local/answer.h \
 common/local/records.h common/local/nameset.h common/local/suffix.h \
 proxy/client/origin.h common/base/list.h proxy/upstream/request.h \
 common/base/turn.h common/base/timerq.h common/dns/cookie_client.h \
 common/base/random.h proxy/client/query.h common/base/slab.h \
 common/config/config.h common/config/spelling.h proxy/client/quota.h \
 common/base/stats.h common/base/histogram.h proxy/resolve/dns64.h \
 common/local/dns64.h proxy/resolve/lookup.h proxy/resolve/route.h \
 proxy/resolve/local.h common/local/special.h proxy/resolve/local_data.h \
 proxy/client/querylog.h proxy/loop.h
proxy/client/reply.h:
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
common/local/answer.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
proxy/client/origin.h:
common/base/list.h:
proxy/upstream/request.h:
common/base/turn.h:
common/base/timerq.h:
common/dns/cookie_client.h:
common/base/random.h:
proxy/client/query.h:
common/base/slab.h:
common/config/config.h:
common/config/spelling.h:
proxy/client/quota.h:
common/base/stats.h:
common/base/histogram.h:
proxy/resolve/dns64.h:
common/local/dns64.h:
proxy/resolve/lookup.h:
proxy/resolve/route.h:
proxy/resolve/local.h:
common/local/special.h:
proxy/resolve/local_data.h:
proxy/client/querylog.h:
proxy/loop.h:
