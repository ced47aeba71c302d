build-old/proxy/upstream/udp_socket.o: proxy/upstream/udp_socket.c \
 proxy/upstream/udp_socket.h common/base/addr.h \
 proxy/upstream/datagrams.h common/base/bytes.h \
 proxy/upstream/transport.h proxy/upstream/tcp_socket.h
proxy/upstream/udp_socket.h:
common/base/addr.h:
proxy/upstream/datagrams.h:
common/base/bytes.h:
proxy/upstream/transport.h:
proxy/upstream/tcp_socket.h:
