build-old/common/dns/reply.o: common/dns/reply.c common/dns/reply.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/ede_text.h
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
common/dns/ede_text.h:
