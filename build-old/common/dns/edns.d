build-old/common/dns/edns.o: common/dns/edns.c common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/cookie.h
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/cookie.h:
