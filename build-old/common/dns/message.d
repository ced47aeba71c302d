build-old/common/dns/message.o: common/dns/message.c common/dns/message.h \
 common/dns/name.h common/dns/wire.h common/dns/rdata.h
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rdata.h:
