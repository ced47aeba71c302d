build-old/common/base/last_good.o: common/base/last_good.c \
 common/base/last_good.h common/base/addr.h common/base/hostmatch.h
common/base/last_good.h:
common/base/addr.h:
common/base/hostmatch.h:
