build-old/proxy/client/sockets.o: proxy/client/sockets.c \
 proxy/client/sockets.h common/base/addr.h proxy/client/holder.h
proxy/client/sockets.h:
common/base/addr.h:
proxy/client/holder.h:
