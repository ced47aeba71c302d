build-old/tests/server/record.o: tests/server/record.c tests/server/record.h \
 tests/server/stats.h tests/server/buf.h tests/server/mem.h \
 tests/server/query.h tests/server/dnsname.h
tests/server/record.h:
tests/server/stats.h:
tests/server/buf.h:
tests/server/mem.h:
tests/server/query.h:
tests/server/dnsname.h:
