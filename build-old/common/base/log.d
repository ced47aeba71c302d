build-old/common/base/log.o: common/base/log.c common/base/log.h \
 common/base/clock.h
common/base/log.h:
common/base/clock.h:
