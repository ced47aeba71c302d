build-old/proxy/upstream/bootstrap_plan.o: \
 proxy/upstream/bootstrap_plan.c proxy/upstream/bootstrap_plan.h \
 common/base/addr.h
proxy/upstream/bootstrap_plan.h:
common/base/addr.h:
