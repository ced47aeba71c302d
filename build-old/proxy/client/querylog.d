build-old/proxy/client/querylog.o: proxy/client/querylog.c \
 proxy/client/querylog.h common/cache/cache.h common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 proxy/client/origin.h common/base/list.h proxy/upstream/request.h \
 common/base/turn.h common/base/timerq.h common/dns/cookie_client.h \
 common/base/random.h common/base/log.h
proxy/client/querylog.h:
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
proxy/client/origin.h:
common/base/list.h:
proxy/upstream/request.h:
common/base/turn.h:
common/base/timerq.h:
common/dns/cookie_client.h:
common/base/random.h:
common/base/log.h:
