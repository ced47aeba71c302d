build-old/proxy/upstream/tcp_stream.o: proxy/upstream/tcp_stream.c \
 proxy/upstream/tcp_stream.h common/base/bytes.h common/dns/frame.h \
 proxy/upstream/tcp_socket.h common/base/addr.h \
 proxy/upstream/transport.h common/dns/wire.h
proxy/upstream/tcp_stream.h:
common/base/bytes.h:
common/dns/frame.h:
proxy/upstream/tcp_socket.h:
common/base/addr.h:
proxy/upstream/transport.h:
common/dns/wire.h:
