build-old/proxy/upstream/trust.o: proxy/upstream/trust.c \
 proxy/upstream/trust.h common/base/clock.h common/base/log.h
proxy/upstream/trust.h:
common/base/clock.h:
common/base/log.h:
