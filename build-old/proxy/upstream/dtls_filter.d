build-old/proxy/upstream/dtls_filter.o: proxy/upstream/dtls_filter.c \
 proxy/upstream/dtls_filter.h common/dns/wire.h
proxy/upstream/dtls_filter.h:
common/dns/wire.h:
