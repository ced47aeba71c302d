build-old/tests/server/sealed.o: tests/server/sealed.c tests/server/sealed.h \
 tests/server/buf.h common/dns/wire.h
tests/server/sealed.h:
tests/server/buf.h:
common/dns/wire.h:
