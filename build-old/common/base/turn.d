build-old/common/base/turn.o: common/base/turn.c common/base/turn.h \
 common/base/list.h common/base/timerq.h
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
