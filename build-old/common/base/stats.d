build-old/common/base/stats.o: common/base/stats.c common/base/stats.h \
 common/base/histogram.h
common/base/stats.h:
common/base/histogram.h:
