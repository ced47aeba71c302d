build-old/common/cache/snapshot.o: common/cache/snapshot.c \
 common/cache/snapshot.h common/base/bytes.h common/cache/cache.h \
 common/cache/key.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h common/base/siphash.h
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
common/base/siphash.h:
