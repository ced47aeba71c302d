build-old/proxy/upstream/priority.o: proxy/upstream/priority.c \
 proxy/upstream/priority.h
proxy/upstream/priority.h:
