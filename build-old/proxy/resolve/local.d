build-old/proxy/resolve/local.o: proxy/resolve/local.c \
 proxy/resolve/local.h common/base/stats.h common/base/histogram.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/local/answer.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/local/records.h common/local/nameset.h common/local/suffix.h \
 common/local/special.h proxy/resolve/local_data.h proxy/resolve/route.h \
 proxy/resolve/dns64.h common/base/turn.h common/base/list.h \
 common/base/timerq.h common/local/dns64.h proxy/resolve/lookup.h \
 common/base/random.h common/base/slab.h common/cache/cache.h \
 common/cache/key.h proxy/upstream/request.h common/dns/cookie_client.h \
 proxy/resolve/private.h
proxy/resolve/local.h:
common/base/stats.h:
common/base/histogram.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/local/answer.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/local/special.h:
proxy/resolve/local_data.h:
proxy/resolve/route.h:
proxy/resolve/dns64.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
common/local/dns64.h:
proxy/resolve/lookup.h:
common/base/random.h:
common/base/slab.h:
common/cache/cache.h:
common/cache/key.h:
proxy/upstream/request.h:
common/dns/cookie_client.h:
proxy/resolve/private.h:
