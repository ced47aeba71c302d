build-old/common/dns/rewrite_query.o: common/dns/rewrite_query.c \
 common/dns/padding.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h
common/dns/padding.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
