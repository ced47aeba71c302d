build-old/common/cache/clear_names.o: common/cache/clear_names.c \
 common/cache/clear_names.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/rdata.h
common/cache/clear_names.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rdata.h:
