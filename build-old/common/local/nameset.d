build-old/common/local/nameset.o: common/local/nameset.c \
 common/local/nameset.h common/local/suffix.h common/dns/name.h \
 common/dns/wire.h
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
