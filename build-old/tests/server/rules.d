build-old/tests/server/rules.o: tests/server/rules.c tests/server/rules.h \
 common/base/list.h tests/server/action.h tests/server/reply.h \
 tests/server/aside.h tests/server/query.h tests/server/dnsname.h \
 tests/server/random.h tests/server/selector.h tests/server/stats.h \
 tests/server/buf.h tests/server/mem.h
tests/server/rules.h:
common/base/list.h:
tests/server/action.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
tests/server/selector.h:
tests/server/stats.h:
tests/server/buf.h:
tests/server/mem.h:
