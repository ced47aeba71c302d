build-old/proxy/client/judge.o: proxy/client/judge.c proxy/client/judge.h \
 common/dns/cookie_server.h common/base/addr.h common/dns/cookie.h \
 common/dns/ede.h common/dns/edns.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h
proxy/client/judge.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
