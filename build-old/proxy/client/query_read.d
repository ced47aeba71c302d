build-old/proxy/client/query_read.o: proxy/client/query_read.c \
 common/base/clock.h proxy/client/cookie.h common/base/stats.h \
 common/base/histogram.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/edns.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h common/dns/rewrite.h \
 common/dns/ede.h proxy/client/origin.h common/base/list.h \
 proxy/client/judge.h proxy/client/query_internal.h proxy/client/query.h \
 common/base/slab.h common/config/config.h common/config/spelling.h \
 proxy/client/quota.h common/base/random.h proxy/resolve/dns64.h \
 common/base/turn.h common/base/timerq.h common/local/dns64.h \
 common/local/answer.h common/local/records.h common/local/nameset.h \
 common/local/suffix.h proxy/resolve/lookup.h common/cache/cache.h \
 common/cache/key.h proxy/resolve/route.h proxy/upstream/request.h \
 common/dns/cookie_client.h proxy/resolve/local.h common/local/special.h \
 proxy/resolve/local_data.h proxy/client/reply.h proxy/loop.h
common/base/clock.h:
proxy/client/cookie.h:
common/base/stats.h:
common/base/histogram.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/ede.h:
proxy/client/origin.h:
common/base/list.h:
proxy/client/judge.h:
proxy/client/query_internal.h:
proxy/client/query.h:
common/base/slab.h:
common/config/config.h:
common/config/spelling.h:
proxy/client/quota.h:
common/base/random.h:
proxy/resolve/dns64.h:
common/base/turn.h:
common/base/timerq.h:
common/local/dns64.h:
common/local/answer.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
proxy/resolve/lookup.h:
common/cache/cache.h:
common/cache/key.h:
proxy/resolve/route.h:
proxy/upstream/request.h:
common/dns/cookie_client.h:
proxy/resolve/local.h:
common/local/special.h:
proxy/resolve/local_data.h:
proxy/client/reply.h:
proxy/loop.h:
