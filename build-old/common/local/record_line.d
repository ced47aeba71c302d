build-old/common/local/record_line.o: common/local/record_line.c \
 common/local/record_line.h common/local/records.h common/local/nameset.h \
 common/local/suffix.h common/dns/name.h common/dns/wire.h \
 common/dns/message.h common/local/text.h
common/local/record_line.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/message.h:
common/local/text.h:
