build-old/proxy/upstream/limits.o: proxy/upstream/limits.c \
 proxy/upstream/limits.h
proxy/upstream/limits.h:
