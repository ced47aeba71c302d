build-old/proxy/policies.o: proxy/policies.c proxy/policies.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/base/log.h proxy/trusts.h proxy/upstream/dtls_library.h \
 proxy/upstream/tls_policy.h
proxy/policies.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/base/log.h:
proxy/trusts.h:
proxy/upstream/dtls_library.h:
proxy/upstream/tls_policy.h:
