build-old/tests/server/aside.o: tests/server/aside.c tests/server/aside.h \
 tests/server/tls.h
tests/server/aside.h:
tests/server/tls.h:
