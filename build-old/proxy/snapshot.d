build-old/proxy/snapshot.o: proxy/snapshot.c proxy/snapshot.h \
 common/base/clock.h common/base/log.h common/cache/snapshot.h \
 common/base/bytes.h common/cache/cache.h common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h
proxy/snapshot.h:
common/base/clock.h:
common/base/log.h:
common/cache/snapshot.h:
common/base/bytes.h:
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
