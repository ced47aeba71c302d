build-old/proxy/upstream/bootstrap_channel.o: \
 proxy/upstream/bootstrap_channel.c proxy/upstream/bootstrap_channel.h \
 proxy/upstream/bootstrap_plan.h common/base/addr.h common/base/list.h
proxy/upstream/bootstrap_channel.h:
proxy/upstream/bootstrap_plan.h:
common/base/addr.h:
common/base/list.h:
