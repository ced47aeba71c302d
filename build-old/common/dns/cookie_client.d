build-old/common/dns/cookie_client.o: common/dns/cookie_client.c \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/ede.h
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/ede.h:
