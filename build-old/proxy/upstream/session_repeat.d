build-old/proxy/upstream/session_repeat.o: \
 proxy/upstream/session_repeat.c proxy/upstream/session_repeat.h \
 proxy/upstream/session.h common/base/addr.h common/base/idmap.h \
 common/base/random.h common/base/stats.h common/base/histogram.h \
 common/base/turn.h common/base/list.h common/base/timerq.h \
 common/dns/cookie_client.h common/dns/cookie.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/dns/ede.h \
 proxy/upstream/request.h proxy/upstream/transport.h \
 proxy/upstream/session_watch.h
proxy/upstream/session_repeat.h:
proxy/upstream/session.h:
common/base/addr.h:
common/base/idmap.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
common/dns/cookie_client.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/transport.h:
proxy/upstream/session_watch.h:
