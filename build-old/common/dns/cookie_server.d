build-old/common/dns/cookie_server.o: common/dns/cookie_server.c \
 common/dns/cookie_server.h common/base/addr.h common/dns/cookie.h \
 common/base/siphash.h common/dns/wire.h
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/base/siphash.h:
common/dns/wire.h:
