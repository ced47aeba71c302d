build-old/proxy/upstream/tcp_socket.o: proxy/upstream/tcp_socket.c \
 proxy/upstream/tcp_socket.h common/base/addr.h \
 proxy/upstream/transport.h
proxy/upstream/tcp_socket.h:
common/base/addr.h:
proxy/upstream/transport.h:
