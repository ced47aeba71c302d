build-old/proxy/upstream/tickets.o: proxy/upstream/tickets.c \
 proxy/upstream/tickets.h common/base/addr.h common/base/list.h
proxy/upstream/tickets.h:
common/base/addr.h:
common/base/list.h:
