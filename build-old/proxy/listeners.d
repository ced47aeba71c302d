build-old/proxy/listeners.o: proxy/listeners.c proxy/listeners.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 proxy/client/passed.h proxy/client/sockets.h common/base/log.h
proxy/listeners.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/client/passed.h:
proxy/client/sockets.h:
common/base/log.h:
