build-old/proxy/announce.o: proxy/announce.c proxy/announce.h \
 common/base/log.h common/config/config.h common/base/addr.h \
 common/config/spelling.h proxy/listeners.h proxy/client/passed.h \
 proxy/client/sockets.h proxy/policies.h proxy/trusts.h \
 proxy/upstream/tls_policy.h proxy/upstream/trust.h
proxy/announce.h:
common/base/log.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/listeners.h:
proxy/client/passed.h:
proxy/client/sockets.h:
proxy/policies.h:
proxy/trusts.h:
proxy/upstream/tls_policy.h:
proxy/upstream/trust.h:
