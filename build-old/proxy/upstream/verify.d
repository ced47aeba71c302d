build-old/proxy/upstream/verify.o: proxy/upstream/verify.c \
 proxy/upstream/verify.h common/base/addr.h proxy/upstream/transport.h \
 proxy/upstream/pins.h proxy/upstream/tls_policy.h common/config/config.h \
 common/config/spelling.h proxy/upstream/trust.h \
 proxy/upstream/verify_chain.h proxy/upstream/verify_name.h
proxy/upstream/verify.h:
common/base/addr.h:
proxy/upstream/transport.h:
proxy/upstream/pins.h:
proxy/upstream/tls_policy.h:
common/config/config.h:
common/config/spelling.h:
proxy/upstream/trust.h:
proxy/upstream/verify_chain.h:
proxy/upstream/verify_name.h:
