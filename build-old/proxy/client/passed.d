build-old/proxy/client/passed.o: proxy/client/passed.c \
 proxy/client/passed.h common/base/addr.h common/base/log.h \
 proxy/client/sockets.h
proxy/client/passed.h:
common/base/addr.h:
common/base/log.h:
proxy/client/sockets.h:
