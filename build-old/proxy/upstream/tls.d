build-old/proxy/upstream/tls.o: proxy/upstream/tls.c proxy/upstream/tls.h \
 proxy/upstream/tls_endpoint.h common/base/addr.h common/base/list.h \
 proxy/upstream/tickets.h proxy/upstream/transport.h common/dns/message.h \
 common/dns/name.h common/dns/wire.h proxy/loop.h common/base/random.h \
 common/base/stats.h common/base/histogram.h common/base/turn.h \
 common/base/timerq.h proxy/upstream/tcp_stream.h common/base/bytes.h \
 common/dns/frame.h proxy/upstream/tcp_socket.h \
 proxy/upstream/tls_engine.h proxy/upstream/tls_policy.h \
 common/config/config.h common/config/spelling.h
proxy/upstream/tls.h:
proxy/upstream/tls_endpoint.h:
common/base/addr.h:
common/base/list.h:
proxy/upstream/tickets.h:
proxy/upstream/transport.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
proxy/upstream/tcp_stream.h:
common/base/bytes.h:
common/dns/frame.h:
proxy/upstream/tcp_socket.h:
proxy/upstream/tls_engine.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
