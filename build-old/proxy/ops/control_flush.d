build-old/proxy/ops/control_flush.o: proxy/ops/control_flush.c \
 common/base/log.h common/cache/cache.h common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 proxy/ops/control_commands.h proxy/ops/control.h common/base/json.h \
 common/base/bytes.h
common/base/log.h:
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
proxy/ops/control_commands.h:
proxy/ops/control.h:
common/base/json.h:
common/base/bytes.h:
