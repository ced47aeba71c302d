build-old/proxy/client/udp_sender.o: proxy/client/udp_sender.c \
 proxy/client/udp_sender.h proxy/client/origin.h common/base/addr.h \
 common/base/list.h
proxy/client/udp_sender.h:
proxy/client/origin.h:
common/base/addr.h:
common/base/list.h:
