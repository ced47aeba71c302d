build-old/proxy/client/quota.o: proxy/client/quota.c proxy/client/quota.h \
 common/base/addr.h common/base/random.h common/base/slab.h \
 common/base/stats.h common/base/histogram.h common/base/siphash.h
proxy/client/quota.h:
common/base/addr.h:
common/base/random.h:
common/base/slab.h:
common/base/stats.h:
common/base/histogram.h:
common/base/siphash.h:
