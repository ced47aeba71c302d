build-old/tests/server/line.o: tests/server/line.c tests/server/line.h \
 tests/server/outlet.h common/base/list.h tests/server/random.h \
 tests/server/reply.h tests/server/aside.h tests/server/query.h \
 tests/server/dnsname.h
tests/server/line.h:
tests/server/outlet.h:
common/base/list.h:
tests/server/random.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
