build-old/proxy/upstream/plain_udp.o: proxy/upstream/plain_udp.c \
 common/base/list.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/timerq.h \
 proxy/upstream/plain.h proxy/upstream/transport.h common/base/addr.h \
 proxy/upstream/tcp_socket.h
common/base/list.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
proxy/upstream/plain.h:
proxy/upstream/transport.h:
common/base/addr.h:
proxy/upstream/tcp_socket.h:
