build-old/proxy/upstream/last_good_file.o: \
 proxy/upstream/last_good_file.c proxy/upstream/last_good_file.h \
 common/base/last_good.h common/base/addr.h common/base/log.h
proxy/upstream/last_good_file.h:
common/base/last_good.h:
common/base/addr.h:
common/base/log.h:
