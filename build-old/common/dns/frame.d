build-old/common/dns/frame.o: common/dns/frame.c common/dns/frame.h \
 common/dns/wire.h
common/dns/frame.h:
common/dns/wire.h:
