build-old/proxy/upstream/race.o: proxy/upstream/race.c \
 proxy/upstream/race.h common/base/addr.h
proxy/upstream/race.h:
common/base/addr.h:
