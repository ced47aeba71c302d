build-old/common/local/suffix.o: common/local/suffix.c common/local/suffix.h \
 common/dns/name.h common/dns/wire.h
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
