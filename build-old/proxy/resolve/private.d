build-old/proxy/resolve/private.o: proxy/resolve/private.c \
 proxy/resolve/private.h common/base/addr.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h
proxy/resolve/private.h:
common/base/addr.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
