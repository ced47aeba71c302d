build-old/tests/server/selector.o: tests/server/selector.c \
 tests/server/selector.h tests/server/random.h tests/server/stats.h \
 tests/server/dnsname.h tests/server/mem.h tests/server/query.h \
 tests/server/rrtype.h
tests/server/selector.h:
tests/server/random.h:
tests/server/stats.h:
tests/server/dnsname.h:
tests/server/mem.h:
tests/server/query.h:
tests/server/rrtype.h:
