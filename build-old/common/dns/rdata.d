build-old/common/dns/rdata.o: common/dns/rdata.c common/dns/rdata.h \
 common/dns/wire.h common/dns/message.h common/dns/name.h
common/dns/rdata.h:
common/dns/wire.h:
common/dns/message.h:
common/dns/name.h:
