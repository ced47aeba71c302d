build-old/proxy/upstream/verify_name.o: proxy/upstream/verify_name.c \
 proxy/upstream/verify_name.h common/base/addr.h common/base/hostmatch.h
proxy/upstream/verify_name.h:
common/base/addr.h:
common/base/hostmatch.h:
