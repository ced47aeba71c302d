build-old/proxy/client/udp.o: proxy/client/udp.c proxy/client/udp.h \
 proxy/client/query.h common/base/slab.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/dns/cookie_server.h \
 common/dns/cookie.h proxy/client/origin.h common/base/list.h \
 proxy/client/quota.h common/base/random.h common/base/stats.h \
 common/base/histogram.h proxy/resolve/dns64.h common/base/turn.h \
 common/base/timerq.h common/local/dns64.h common/local/answer.h \
 common/dns/rewrite.h common/dns/ede.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/local/records.h common/local/nameset.h common/local/suffix.h \
 proxy/resolve/lookup.h common/cache/cache.h common/cache/key.h \
 proxy/resolve/route.h proxy/upstream/request.h \
 common/dns/cookie_client.h proxy/resolve/local.h common/local/special.h \
 proxy/resolve/local_data.h proxy/client/udp_sender.h proxy/loop.h
proxy/client/udp.h:
proxy/client/query.h:
common/base/slab.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/dns/cookie_server.h:
common/dns/cookie.h:
proxy/client/origin.h:
common/base/list.h:
proxy/client/quota.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
proxy/resolve/dns64.h:
common/base/turn.h:
common/base/timerq.h:
common/local/dns64.h:
common/local/answer.h:
common/dns/rewrite.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
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
proxy/client/udp_sender.h:
proxy/loop.h:
