build-old/tests/server/buf.o: tests/server/buf.c tests/server/buf.h \
 tests/server/mem.h
tests/server/buf.h:
tests/server/mem.h:
