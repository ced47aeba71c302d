build-old/proxy/upstream/datagrams.o: proxy/upstream/datagrams.c \
 proxy/upstream/datagrams.h common/base/bytes.h
proxy/upstream/datagrams.h:
common/base/bytes.h:
