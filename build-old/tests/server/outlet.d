build-old/tests/server/outlet.o: tests/server/outlet.c tests/server/outlet.h \
 common/base/list.h tests/server/random.h tests/server/reply.h \
 tests/server/aside.h tests/server/query.h tests/server/dnsname.h \
 tests/server/mem.h
tests/server/outlet.h:
common/base/list.h:
tests/server/random.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/mem.h:
