build-old/common/cache/key.o: common/cache/key.c common/cache/key.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/base/siphash.h
common/cache/key.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/base/siphash.h:
