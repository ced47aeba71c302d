build-old/common/dns/cookie_store.o: common/dns/cookie_store.c \
 common/dns/cookie_store.h common/base/addr.h common/base/list.h \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h
common/dns/cookie_store.h:
common/base/addr.h:
common/base/list.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
