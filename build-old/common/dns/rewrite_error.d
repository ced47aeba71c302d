build-old/common/dns/rewrite_error.o: common/dns/rewrite_error.c \
 common/dns/reply.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h
common/dns/reply.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
