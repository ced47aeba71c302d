build-old/proxy/client/holder.o: proxy/client/holder.c \
 proxy/client/holder.h common/base/addr.h
proxy/client/holder.h:
common/base/addr.h:
