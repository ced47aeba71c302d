build-old/common/cache/store.o: common/cache/store.c \
 common/cache/clear_names.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/cache/internal.h common/cache/cut.h \
 common/cache/cache.h common/cache/key.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/base/addr.h common/dns/cookie.h \
 common/dns/ede.h common/dns/edns.h common/cache/shard.h \
 common/cache/lifetime.h common/dns/relocate.h common/dns/reply.h
common/cache/clear_names.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/cache/internal.h:
common/cache/cut.h:
common/cache/cache.h:
common/cache/key.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/cache/shard.h:
common/cache/lifetime.h:
common/dns/relocate.h:
common/dns/reply.h:
