build-old/common/base/histogram.o: common/base/histogram.c \
 common/base/histogram.h
common/base/histogram.h:
