build-old/common/base/timerq.o: common/base/timerq.c common/base/timerq.h
common/base/timerq.h:
