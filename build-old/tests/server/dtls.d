build-old/tests/server/dtls.o: tests/server/dtls.c tests/server/dtls.h \
 tests/server/tls.h tests/server/mem.h
tests/server/dtls.h:
tests/server/tls.h:
tests/server/mem.h:
