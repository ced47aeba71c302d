build-old/proxy/upstream/bootstrap.o: proxy/upstream/bootstrap.c \
 proxy/upstream/bootstrap.h common/base/addr.h common/base/clock.h \
 common/base/log.h proxy/loop.h common/base/random.h common/base/stats.h \
 common/base/histogram.h common/base/turn.h common/base/list.h \
 common/base/timerq.h proxy/upstream/bootstrap_channel.h \
 proxy/upstream/bootstrap_plan.h proxy/upstream/last_good_file.h \
 common/base/last_good.h
proxy/upstream/bootstrap.h:
common/base/addr.h:
common/base/clock.h:
common/base/log.h:
proxy/loop.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
proxy/upstream/bootstrap_channel.h:
proxy/upstream/bootstrap_plan.h:
proxy/upstream/last_good_file.h:
common/base/last_good.h:
