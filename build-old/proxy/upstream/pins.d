build-old/proxy/upstream/pins.o: proxy/upstream/pins.c \
 proxy/upstream/pins.h proxy/upstream/tls_policy.h common/base/addr.h \
 common/config/config.h common/config/spelling.h
proxy/upstream/pins.h:
proxy/upstream/tls_policy.h:
common/base/addr.h:
common/config/config.h:
common/config/spelling.h:
