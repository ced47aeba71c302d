build-old/tests/server/actions.o: tests/server/actions.c \
 tests/server/actions.h tests/server/action.h tests/server/reply.h \
 tests/server/aside.h tests/server/query.h tests/server/dnsname.h \
 tests/server/random.h tests/server/limits.h tests/server/value.h
tests/server/actions.h:
tests/server/action.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
tests/server/limits.h:
tests/server/value.h:
