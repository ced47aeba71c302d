build-old/tests/server/value.o: tests/server/value.c tests/server/value.h \
 tests/server/action.h tests/server/reply.h tests/server/aside.h \
 tests/server/query.h tests/server/dnsname.h tests/server/random.h \
 tests/server/mem.h tests/server/rrtype.h
tests/server/value.h:
tests/server/action.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
tests/server/mem.h:
tests/server/rrtype.h:
