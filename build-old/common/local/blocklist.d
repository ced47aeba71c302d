build-old/common/local/blocklist.o: common/local/blocklist.c \
 common/local/blocklist.h common/local/nameset.h common/local/suffix.h \
 common/dns/name.h common/dns/wire.h common/local/text.h
common/local/blocklist.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/local/text.h:
