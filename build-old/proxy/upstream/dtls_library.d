build-old/proxy/upstream/dtls_library.o: proxy/upstream/dtls_library.c \
 proxy/upstream/dtls_library.h
proxy/upstream/dtls_library.h:
