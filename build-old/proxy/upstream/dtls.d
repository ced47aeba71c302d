build-old/proxy/upstream/dtls.o: proxy/upstream/dtls.c \
 proxy/upstream/dtls.h proxy/upstream/tls_endpoint.h common/base/addr.h \
 common/base/list.h proxy/upstream/tickets.h proxy/upstream/transport.h \
 common/dns/wire.h proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/timerq.h \
 proxy/upstream/dtls_engine.h proxy/upstream/datagrams.h \
 common/base/bytes.h proxy/upstream/dtls_filter.h \
 proxy/upstream/tls_engine.h proxy/upstream/tcp_socket.h \
 proxy/upstream/tls_policy.h common/config/config.h \
 common/config/spelling.h proxy/upstream/udp_socket.h
proxy/upstream/dtls.h:
proxy/upstream/tls_endpoint.h:
common/base/addr.h:
common/base/list.h:
proxy/upstream/tickets.h:
proxy/upstream/transport.h:
common/dns/wire.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
proxy/upstream/dtls_engine.h:
proxy/upstream/datagrams.h:
common/base/bytes.h:
proxy/upstream/dtls_filter.h:
proxy/upstream/tls_engine.h:
proxy/upstream/tcp_socket.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
proxy/upstream/udp_socket.h:
