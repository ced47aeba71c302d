build-old/tests/server/wish.o: tests/server/wish.c tests/server/wish.h \
 tests/server/query.h tests/server/dnsname.h
tests/server/wish.h:
tests/server/query.h:
tests/server/dnsname.h:
