build-old/proxy/resolve/local_data.o: proxy/resolve/local_data.c \
 proxy/resolve/local_data.h common/local/nameset.h common/local/suffix.h \
 common/dns/name.h common/dns/wire.h common/local/records.h
proxy/resolve/local_data.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/local/records.h:
