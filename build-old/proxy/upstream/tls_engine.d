build-old/proxy/upstream/tls_engine.o: proxy/upstream/tls_engine.c \
 proxy/upstream/tls_engine.h common/base/addr.h common/base/bytes.h \
 proxy/upstream/tickets.h common/base/list.h proxy/upstream/transport.h \
 proxy/upstream/priority.h proxy/upstream/tls_engine_parts.h \
 proxy/upstream/tls_policy.h common/config/config.h \
 common/config/spelling.h proxy/upstream/verify.h
proxy/upstream/tls_engine.h:
common/base/addr.h:
common/base/bytes.h:
proxy/upstream/tickets.h:
common/base/list.h:
proxy/upstream/transport.h:
proxy/upstream/priority.h:
proxy/upstream/tls_engine_parts.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
proxy/upstream/verify.h:
