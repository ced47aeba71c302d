build-old/proxy/upstream/silence.o: proxy/upstream/silence.c \
 proxy/upstream/silence.h
proxy/upstream/silence.h:
