build-old/proxy/upstream/verify_chain.o: proxy/upstream/verify_chain.c \
 proxy/upstream/verify_chain.h common/base/clock.h
proxy/upstream/verify_chain.h:
common/base/clock.h:
