build-old/proxy/resolve/joining.o: proxy/resolve/joining.c \
 proxy/resolve/lookup_internal.h proxy/resolve/lookup.h \
 common/base/list.h common/base/random.h common/base/slab.h \
 common/base/stats.h common/base/histogram.h common/base/turn.h \
 common/base/timerq.h common/cache/cache.h common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 proxy/resolve/route.h proxy/upstream/request.h \
 common/dns/cookie_client.h
proxy/resolve/lookup_internal.h:
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
