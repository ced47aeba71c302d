build-old/proxy/resolve/route.o: proxy/resolve/route.c proxy/resolve/route.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h
proxy/resolve/route.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
