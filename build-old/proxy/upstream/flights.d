build-old/proxy/upstream/flights.o: proxy/upstream/flights.c \
 proxy/upstream/flights.h proxy/upstream/request.h common/base/list.h \
 common/base/turn.h common/base/timerq.h common/dns/cookie_client.h \
 common/base/random.h common/dns/cookie.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/ede.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h proxy/upstream/session.h common/base/idmap.h \
 common/base/stats.h common/base/histogram.h proxy/upstream/transport.h
proxy/upstream/flights.h:
proxy/upstream/request.h:
common/base/list.h:
common/base/turn.h:
common/base/timerq.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/ede.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/stats.h:
common/base/histogram.h:
proxy/upstream/transport.h:
