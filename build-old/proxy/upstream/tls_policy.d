build-old/proxy/upstream/tls_policy.o: proxy/upstream/tls_policy.c \
 proxy/upstream/tls_policy.h common/base/addr.h common/config/config.h \
 common/config/spelling.h common/base/siphash.h proxy/upstream/priority.h \
 proxy/upstream/trust.h
proxy/upstream/tls_policy.h:
common/base/addr.h:
common/config/config.h:
common/config/spelling.h:
common/base/siphash.h:
proxy/upstream/priority.h:
proxy/upstream/trust.h:
