build-old/common/config/spelling.o: common/config/spelling.c \
 common/config/spelling.h common/base/addr.h common/base/hostmatch.h
common/config/spelling.h:
common/base/addr.h:
common/base/hostmatch.h:
