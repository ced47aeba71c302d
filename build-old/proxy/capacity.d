build-old/proxy/capacity.o: proxy/capacity.c proxy/capacity.h \
 common/config/config.h common/base/addr.h common/config/spelling.h
proxy/capacity.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
