build-old/proxy/upstream/transport.o: proxy/upstream/transport.c \
 proxy/upstream/transport.h common/base/addr.h
proxy/upstream/transport.h:
common/base/addr.h:
