build-old/proxy/upstream/dtls_engine.o: proxy/upstream/dtls_engine.c \
 proxy/upstream/dtls_engine.h proxy/upstream/datagrams.h \
 common/base/bytes.h proxy/upstream/dtls_filter.h \
 proxy/upstream/tls_engine.h common/base/addr.h proxy/upstream/tickets.h \
 common/base/list.h proxy/upstream/transport.h common/dns/wire.h \
 proxy/upstream/tls_engine_parts.h proxy/upstream/tls_policy.h \
 common/config/config.h common/config/spelling.h
proxy/upstream/dtls_engine.h:
proxy/upstream/datagrams.h:
common/base/bytes.h:
proxy/upstream/dtls_filter.h:
proxy/upstream/tls_engine.h:
common/base/addr.h:
proxy/upstream/tickets.h:
common/base/list.h:
proxy/upstream/transport.h:
common/dns/wire.h:
proxy/upstream/tls_engine_parts.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
