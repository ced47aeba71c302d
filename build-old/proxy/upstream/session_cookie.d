build-old/proxy/upstream/session_cookie.o: \
 proxy/upstream/session_cookie.c proxy/upstream/session_cookie.h \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/base/log.h common/dns/cookie_store.h \
 common/base/addr.h common/base/list.h proxy/upstream/session.h \
 common/base/idmap.h common/base/stats.h common/base/histogram.h \
 common/base/turn.h common/base/timerq.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/dns/ede.h proxy/upstream/request.h \
 proxy/upstream/transport.h
proxy/upstream/session_cookie.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/base/log.h:
common/dns/cookie_store.h:
common/base/addr.h:
common/base/list.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/transport.h:
