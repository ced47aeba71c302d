build-old/tests/server/action.o: tests/server/action.c tests/server/action.h \
 tests/server/reply.h tests/server/aside.h tests/server/query.h \
 tests/server/dnsname.h tests/server/random.h
tests/server/action.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
