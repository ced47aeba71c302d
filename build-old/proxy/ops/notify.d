build-old/proxy/ops/notify.o: proxy/ops/notify.c proxy/ops/notify.h \
 common/base/log.h
proxy/ops/notify.h:
common/base/log.h:
