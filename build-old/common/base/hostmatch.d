build-old/common/base/hostmatch.o: common/base/hostmatch.c \
 common/base/hostmatch.h
common/base/hostmatch.h:
