build-old/tests/server/tls.o: tests/server/tls.c tests/server/tls.h \
 common/base/list.h tests/server/buf.h tests/server/hex.h \
 tests/server/mem.h tests/server/sealed.h tests/server/tls_cert.h
tests/server/tls.h:
common/base/list.h:
tests/server/buf.h:
tests/server/hex.h:
tests/server/mem.h:
tests/server/sealed.h:
tests/server/tls_cert.h:
