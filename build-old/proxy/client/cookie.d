build-old/proxy/client/cookie.o: proxy/client/cookie.c \
 proxy/client/cookie.h common/base/stats.h common/base/histogram.h \
 common/dns/cookie_server.h common/base/addr.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/rewrite.h common/dns/ede.h \
 proxy/client/origin.h common/base/list.h
proxy/client/cookie.h:
common/base/stats.h:
common/base/histogram.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/ede.h:
proxy/client/origin.h:
common/base/list.h:
