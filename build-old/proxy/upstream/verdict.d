build-old/proxy/upstream/verdict.o: proxy/upstream/verdict.c \
 proxy/upstream/verdict.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/ede.h common/dns/edns.h
proxy/upstream/verdict.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/ede.h:
common/dns/edns.h:
