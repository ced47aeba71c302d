build-old/proxy/upstream/tls_endpoint.o: proxy/upstream/tls_endpoint.c \
 proxy/upstream/tls_endpoint.h common/base/addr.h common/base/list.h \
 proxy/upstream/tickets.h proxy/upstream/transport.h common/base/clock.h \
 proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/timerq.h \
 proxy/upstream/tls_engine.h common/base/bytes.h \
 proxy/upstream/tls_policy.h common/config/config.h \
 common/config/spelling.h proxy/upstream/trust.h
proxy/upstream/tls_endpoint.h:
common/base/addr.h:
common/base/list.h:
proxy/upstream/tickets.h:
proxy/upstream/transport.h:
common/base/clock.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/timerq.h:
proxy/upstream/tls_engine.h:
common/base/bytes.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
proxy/upstream/trust.h:
