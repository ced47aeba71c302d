build-old/common/dns/relocate.o: common/dns/relocate.c common/dns/relocate.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rdata.h
common/dns/relocate.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rdata.h:
