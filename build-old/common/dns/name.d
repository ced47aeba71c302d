build-old/common/dns/name.o: common/dns/name.c common/dns/name.h \
 common/dns/wire.h
common/dns/name.h:
common/dns/wire.h:
