build-old/proxy/upstream/health.o: proxy/upstream/health.c \
 proxy/upstream/health.h common/base/addr.h proxy/upstream/transport.h \
 common/base/log.h
proxy/upstream/health.h:
common/base/addr.h:
proxy/upstream/transport.h:
common/base/log.h:
