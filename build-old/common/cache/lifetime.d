build-old/common/cache/lifetime.o: common/cache/lifetime.c \
 common/cache/lifetime.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/ede.h common/dns/edns.h
common/cache/lifetime.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/ede.h:
common/dns/edns.h:
