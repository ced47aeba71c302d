build-old/common/local/hosts.o: common/local/hosts.c common/local/hosts.h \
 common/local/records.h common/local/nameset.h common/local/suffix.h \
 common/dns/name.h common/dns/wire.h common/local/text.h
common/local/hosts.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/local/text.h:
