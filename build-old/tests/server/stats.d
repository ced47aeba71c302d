build-old/tests/server/stats.o: tests/server/stats.c tests/server/stats.h \
 tests/server/buf.h
tests/server/stats.h:
tests/server/buf.h:
