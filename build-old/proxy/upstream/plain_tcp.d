build-old/proxy/upstream/plain_tcp.o: proxy/upstream/plain_tcp.c \
 common/base/bytes.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/list.h \
 common/base/timerq.h proxy/upstream/plain.h proxy/upstream/transport.h \
 common/base/addr.h proxy/upstream/tcp_stream.h common/dns/frame.h \
 proxy/upstream/tcp_socket.h
common/base/bytes.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
proxy/upstream/plain.h:
proxy/upstream/transport.h:
common/base/addr.h:
proxy/upstream/tcp_stream.h:
common/dns/frame.h:
proxy/upstream/tcp_socket.h:
