build-old/proxy/loop.o: proxy/loop.c proxy/loop.h common/base/random.h \
 common/base/stats.h common/base/histogram.h common/base/turn.h \
 common/base/list.h common/base/timerq.h common/base/clock.h \
 common/base/clock_test.h
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
common/base/clock.h:
common/base/clock_test.h:
