build-old/proxy/main.o: proxy/main.c common/base/log.h \
 common/config/presets.h common/config/config.h common/base/addr.h \
 common/config/spelling.h proxy/app.h proxy/upstream/bootstrap_channel.h \
 proxy/upstream/bootstrap_plan.h proxy/version.h
common/base/log.h:
common/config/presets.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/app.h:
proxy/upstream/bootstrap_channel.h:
proxy/upstream/bootstrap_plan.h:
proxy/version.h:
