build-old/common/local/records.o: common/local/records.c \
 common/local/records.h common/local/nameset.h common/local/suffix.h \
 common/dns/name.h common/dns/wire.h common/dns/message.h
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/message.h:
